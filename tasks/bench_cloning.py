"""What the suite `clone` measures: how like people whom no voice was trained on a voice becomes from a sample of them.

The speaker encoder hears both what the clone is made by and how near it comes, which flatters. So pitch, average
spectrum and the cepstra's statistics are compared too, none of which it knows of. No sound is kept or put out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from tasks.progress import Progress

if TYPE_CHECKING:
    from av_models.speech.neural.encoding import SpeakerTraits
    from av_models.speech.neural.voice import NeuralVoice

__all__ = ["CloneFigures", "Likenesses", "Speaker", "among_themselves", "encoded_by", "gain_of", "measure_clones",
           "read_speakers"]  # fmt: skip

Samples = NDArray[np.float32]
Cloner = Callable[["Speaker", float], "NeuralVoice"]
"""Gives the voice of a speaker from so many seconds of the sample."""

_RATE_HZ = 24_000
_SUFFIXES = {".wav", ".flac", ".opus", ".ogg", ".mp3", ".m4a"}
_REFERENCE_SHARE = 3
"""Every third recording is only compared with, never cloned from."""
_FEWEST = 3
_N_CEPSTRA = 20
_SENTENCE_S, _PIECES = 3.0, 6
_DRAWS = 2000
_OPINION_S = 18.1


@dataclass(frozen=True, eq=False)
class Speaker:
    """sounds: mono at 24 kHz, all that may be cloned from, in the order of the files; texts: what each says, '' where
    nobody knows.  reference: recordings apart."""

    name: str
    sounds: tuple[Samples, ...]
    texts: tuple[str, ...]
    reference: tuple[Samples, ...]

    @cached_property
    def sample(self) -> Samples:
        """All of the sounds in a row, (n,)."""
        return np.concatenate(self.sounds)

    def first(self, seconds: float) -> Samples:
        """The beginning of the sample."""
        return self.sample[: round(seconds * _RATE_HZ)]

    @cached_property
    def heard(self) -> Likenesses:
        return Likenesses.of(self.reference)


@dataclass(frozen=True, slots=True, eq=False)
class Likenesses:
    """What can be compared of some sounds of one voice. embeddings: (n, 256). cepstra: mean and covariance."""

    embeddings: Samples
    traits: SpeakerTraits
    cepstra: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def of(cls, sounds: Sequence[Samples]) -> Likenesses:
        from av_models.speech.neural.encoding import encode
        from av_models.speech.speaker import embed

        whole = np.concatenate(sounds)
        return cls(np.stack([embed(sound, _RATE_HZ) for sound in sounds]), encode(whole, _RATE_HZ), _cepstra(whole))


@dataclass(frozen=True, slots=True)
class CloneFigures:
    """Of one speaker and one length of sample.

    likeness: mean cosine of each sentence to the reference.  pitch_off: semitones between medians.  tone_off_db: mean
    distance of average spectra.  cepstra_off: Bhattacharyya distance.  recognised: whether the reference nearest by
    cepstra is that speaker's.  encode_s: seconds of processor, which other work on the machine does not lengthen.
    words_wrong: share, by the recogniser.  opinion: DNSMOS overall, None where it is not installed.
    """

    speaker: str
    sample_s: float
    likeness: float
    pitch_off: float
    tone_off_db: float
    cepstra_off: float
    recognised: bool
    encode_s: float
    words_wrong: float | None = None
    opinion: float | None = None


def read_speakers(folder: Path) -> list[Speaker]:
    """One folder per speaker, with recordings in it, a text beside each where there is one. InputError when there are
    fewer than two with three each."""
    from av_models.io.audio import read_audio
    from av_models.io.transcripts import text_beside

    if not folder.is_dir():
        raise InputError(
            f"There is no folder {folder}.", "Give --speakers DIR with a folder of recordings per speaker."
        )
    speakers = []
    for home in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(path for path in home.rglob("*") if path.suffix.lower() in _SUFFIXES)
        if len(paths) < _FEWEST:
            continue
        sounds = [np.asarray(read_audio(path, _RATE_HZ), np.float32) for path in paths]
        apart = sounds[_REFERENCE_SHARE - 1 :: _REFERENCE_SHARE]
        rest = [number for number in range(len(sounds)) if number % _REFERENCE_SHARE != _REFERENCE_SHARE - 1]
        texts = tuple(text_beside(paths[number]) or "" for number in rest)
        speakers.append(Speaker(home.name, tuple(sounds[number] for number in rest), texts, tuple(apart)))
    if len(speakers) < 2:
        raise InputError(
            f"{folder} has {len(speakers)} speakers with {_FEWEST} recordings.", "Give two at least, each in a folder."
        )
    return speakers


def encoded_by(base: NeuralVoice) -> Cloner:
    """Cloning by encoding, as `flow run clone-voice --method encode` does."""
    from av_models.speech.neural.encoding import as_speaker, encode

    return lambda speaker, sample_s: as_speaker(base, encode(speaker.first(sample_s), _RATE_HZ))


def measure_clones(
    speakers: Sequence[Speaker], texts: Sequence[str], sample_s: float, clone: Cloner, label: str
) -> list[CloneFigures]:
    """Clone every speaker from the first seconds and let the clone say the texts."""
    found = []
    with Progress("measure_clones", len(speakers), "speaker", label) as progress:
        for number, speaker in enumerate(speakers, start=1):
            began_s = time.process_time()
            voice = clone(speaker, sample_s)
            encode_s = time.process_time() - began_s
            spoken = _spoken(voice, texts)
            compared = _compared(speaker, speakers, Likenesses.of(spoken), sample_s, encode_s)
            words_wrong, opinion = _quality(spoken, texts)
            found.append(replace(compared, words_wrong=words_wrong, opinion=opinion))
            progress.reach(number)
    return found


def among_themselves(speakers: Sequence[Speaker]) -> list[float]:
    """How like its reference each speaker's other speech is, in pieces as long as a sentence: no copy is nearer."""
    from av_models.speech.speaker import embed

    size = round(_SENTENCE_S * _RATE_HZ)
    found = []
    for one in speakers:
        pieces = [one.sample[at : at + size] for at in range(0, max(1, one.sample.size - size), size)][:_PIECES]
        found.append(_cosine(np.stack([embed(piece, _RATE_HZ) for piece in pieces]), one.heard.embeddings))
    return found


def gain_of(clones: Sequence[CloneFigures], bases: Sequence[CloneFigures], seed: int = 0) -> tuple[float, float, float]:
    """Mean gain in likeness over the same speakers, with the 95 % interval of a bootstrap over speakers."""
    gains = np.array([one.likeness - other.likeness for one, other in zip(clones, bases, strict=True)])
    draws = np.random.default_rng(seed).integers(0, gains.size, (_DRAWS, gains.size))
    low, high = np.percentile(gains[draws].mean(axis=1), [2.5, 97.5])
    return float(gains.mean()), float(low), float(high)


def _spoken(voice: NeuralVoice, texts: Sequence[str]) -> list[Samples]:
    from av_models.speech.neural.reading import read_text

    return [
        np.concatenate([voice.speak(symbols, seed=number).samples for symbols in read_text(text)])
        for number, text in enumerate(texts)
    ]


def _quality(spoken: Sequence[Samples], texts: Sequence[str]) -> tuple[float | None, float | None]:
    """Share of words that are misheard, and predicted opinion: likeness alone would be had by a hoarse copy, too."""
    from av_models.speech.opinion import opinion, opinion_there
    from av_models.speech.recognise import recognise, word_errors
    from av_models.speech.script import read_script

    words_wrong: float | None = None
    overall: float | None = None
    if texts:
        said = [[word for line in read_script(text).lines for word in line.spoken] for text in texts]
        wrong = sum(word_errors(recognise(sound, _RATE_HZ), words) for sound, words in zip(spoken, said, strict=True))
        words_wrong = wrong / sum(map(len, said))
    if opinion_there():
        overall = opinion(np.concatenate(spoken)[: round(_OPINION_S * _RATE_HZ)], _RATE_HZ).overall
    return words_wrong, overall


def _compared(
    speaker: Speaker, everybody: Sequence[Speaker], ours: Likenesses, sample_s: float, encode_s: float
) -> CloneFigures:
    theirs = speaker.heard
    gaps = [_cepstral_gap(ours.cepstra, other.heard.cepstra) for other in everybody]
    return CloneFigures(
        speaker.name,
        sample_s,
        _cosine(ours.embeddings, theirs.embeddings),
        abs(float(12 * np.log2(ours.traits.pitch_hz / theirs.traits.pitch_hz))),
        _tone_off_db(ours.traits, theirs.traits),
        _cepstral_gap(ours.cepstra, theirs.cepstra),
        everybody[int(np.argmin(gaps))] is speaker,
        encode_s,
    )


def _cosine(ours: Samples, theirs: Samples) -> float:
    """Mean cosine of each of ours (n, 256) to the middle of theirs (m, 256)."""
    middle = theirs.mean(axis=0)
    return float((ours @ middle / np.linalg.norm(middle)).mean())


def _tone_off_db(ours: SpeakerTraits, theirs: SpeakerTraits) -> float:
    """Where both sounds have anything."""
    from av_models.speech.neural.mels import band_centres_hz

    known = band_centres_hz() < 0.95 * min(ours.bandwidth_hz, theirs.bandwidth_hz)
    gap = (ours.spectrum - theirs.spectrum)[known]
    return float(np.abs(gap - gap.mean()).mean() * 20 / np.log(10))


def _cepstra(sound: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (20,) and covariance (20, 20) of cepstra of what is loud, up to 8 kHz, without their level."""
    from scipy.fft import dct

    from av_models.speech.neural.mels import band_centres_hz, log_mel

    mel = log_mel(sound)[band_centres_hz() < 7600].astype(np.float64)
    loudness = np.log(np.exp(mel).sum(axis=0))
    loud = mel[:, loudness > np.percentile(loudness, 95) - 3.5]
    found = dct(loud, type=2, norm="ortho", axis=0)[1 : _N_CEPSTRA + 1]
    return found.mean(axis=1), np.cov(found) + 1e-3 * np.eye(_N_CEPSTRA)


def _cepstral_gap(
    one: tuple[NDArray[np.float64], NDArray[np.float64]], other: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> float:
    """Bhattacharyya distance of two normal distributions, a classic of speaker recognition."""
    middle = (one[1] + other[1]) / 2
    apart = one[0] - other[0]
    spread = np.linalg.slogdet(middle)[1] - (np.linalg.slogdet(one[1])[1] + np.linalg.slogdet(other[1])[1]) / 2
    return float(apart @ np.linalg.solve(middle, apart) / 8 + spread / 2)
