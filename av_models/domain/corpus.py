"""Recordings of one voice, and the corpus that preparation makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .media import MediaRef

CORPUS_RATE_HZ = 24_000
LONGEST_CLIP_S = 14


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of sound with what is said in it.

    name: below its folder, without the ending.  file: with it.  digest: SHA-256 of the file in hex.  text: as it was
    written, '' when nobody wrote it down.
    """

    name: str
    file: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Recordings:
    """A folder of recordings as it was found; nothing is decoded yet.

    listing: JSON rows of `Recording`, by name.  seal: SHA-256 over the digests of all files, whatever their names.
    unheard: names in the transcripts for which there is no recording.
    """

    listing: MediaRef
    n_recordings: int
    seal: str
    language: str
    unheard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Clips of at most LONGEST_CLIP_S, mono at CORPUS_RATE_HZ, with text and timed phones.

    clips: JSON rows, one a clip, good and bad.  shards: .npz, each with the good clips of one recording (see
    `av_models.speech.corpus.shard`).  report: JSON.  picture: PNG.  duration: of the good clips, in seconds.
    """

    language: str
    clips: MediaRef
    shards: tuple[MediaRef, ...]
    report: MediaRef
    picture: MediaRef
    n_clips: int
    n_held_out: int
    n_refused: int
    duration: Fraction
