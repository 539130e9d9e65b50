"""Forced alignment with pocketsphinx: which 10 ms frames carry which word and phone, and how well they fit.

The dictionary is made for the one text at hand: every word gets a key of its own with its own pronunciations, so there
are no unknown words, given phones are obeyed, and a letter is never taken for an article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from av_models.domain.errors import InputError
from av_models.speech.arpabet import bare

__all__ = ["FRAME_S", "SPHINX_RATE_HZ", "ForcedPhone", "ForcedWord", "NoPath", "force"]

SPHINX_RATE_HZ = 16_000
FRAME_S = 0.01
_PADDING_FRAMES = 20
_SILENCE_NAMES = ("<sil>", "<s>", "</s>", "[NOISE]", "[SPEECH]")


class NoPath(InputError):
    """The words cannot be laid over the sound at all."""


@dataclass(frozen=True, slots=True)
class ForcedPhone:
    """label: ARPAbet without stress, or SIL. first, n_frames: may lie outside the sound by the padding. score: log."""

    label: str
    first: int
    n_frames: int
    score: float


@dataclass(frozen=True, slots=True)
class ForcedWord:
    """index: into the words given; None for silence."""

    index: int | None
    phones: tuple[ForcedPhone, ...]


def force(
    samples: np.ndarray, rate_hz: int, pronunciations: Sequence[Sequence[Sequence[str]]]
) -> tuple[ForcedWord, ...]:
    """Lay words over float samples (n,). pronunciations: for each word its possible ARPAbet phones. Raises NoPath.

    Scores are log likelihoods relative to the best acoustic state of each frame: 0 is perfect.
    """
    pcm = _sphinx_pcm(samples, rate_hz)
    decoder = _decoder()
    for index, ways in enumerate(pronunciations):
        plain = dict.fromkeys(" ".join(bare(phone) for phone in way) for way in ways)
        for number, phones in enumerate(plain, start=1):
            decoder.add_word(f"w{index}({number})" if number > 1 else f"w{index}", phones, False)
    try:
        decoder.set_align_text(" ".join(f"w{index}" for index in range(len(pronunciations))))
        _decode(decoder, pcm)
        if decoder.hyp() is None:
            raise RuntimeError("no hypothesis")
        decoder.set_alignment()
        _decode(decoder, pcm)
        alignment = decoder.get_alignment()
    except RuntimeError as error:
        raise NoPath(
            f"The words could not be laid over the sound ({error}).", "Check that the sound says exactly these words."
        ) from error
    words = tuple(_word(entry) for entry in alignment or ())
    if [word.index for word in words if word.index is not None] != list(range(len(pronunciations))):
        raise NoPath("Only part of the words was found in the sound.", "Check that the sound says exactly these words.")
    return words


def _decoder() -> Any:
    from pocketsphinx import Decoder

    # With its default second pass over the word lattice, every tenth alignment fails ("Failed to stop utterance
    # processing"); wider beams make that worse, leaving the pass out cures it.
    return Decoder(lm=None, dict=None, bestpath=False, loglevel="FATAL")


def _decode(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _sphinx_pcm(samples: np.ndarray, rate_hz: int) -> bytes:
    """16 kHz int16 at a steady level, with quiet noise before and after so that silence can be recognised as such."""
    import soxr

    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim != 1 or sound.size == 0:
        raise InputError(f"Sound of shape {sound.shape} cannot be aligned.", "Give mono samples, at least one.")
    resampled = soxr.resample(sound, rate_hz, SPHINX_RATE_HZ) if rate_hz != SPHINX_RATE_HZ else sound
    peak = float(np.abs(resampled).max())
    level = 0.5 / peak if peak > 1e-4 else 1.0
    n_padding = round(_PADDING_FRAMES * FRAME_S * SPHINX_RATE_HZ)
    padded = np.pad(resampled * (level * 32767), n_padding)
    noise = np.random.default_rng(0).normal(0, 3.0, padded.size)
    return np.asarray(np.clip(np.rint(padded + noise), -32768, 32767), dtype="<i2").tobytes()


def _word(entry: Any) -> ForcedWord:
    phones = tuple(
        ForcedPhone(str(phone.name), int(phone.start) - _PADDING_FRAMES, int(phone.duration), float(phone.score))
        for phone in entry
    )
    name = str(entry.name)
    if name in _SILENCE_NAMES or not name.startswith("w"):
        return ForcedWord(None, phones)
    return ForcedWord(int(name[1:].partition("(")[0]), phones)
