"""A voice from seconds of sound, without a transcript: what a sample tells of its speaker, and a network that takes it.

Three things are told apart. What throat: the embedding of the speaker encoder, of which the base voice has learnt to
which throat it belongs (see `strangers`). How high and how lively: measured. How bright: the average spectrum, measured
on the sample and on what the voice says in that throat; the difference is added. (Encoding instead of training: Arik et
al. 2018; Jia et al. 2018.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError

from .clips import VoiceClip
from .mels import HOP, N_FFT, N_MELS, RATE_HZ, band_centres_hz, log_mel
from .pitch import narrowed_range, pitch_hz
from .symbols import Symbols
from .throat import THROAT_SIZE, in_throat
from .vectors import scaled_difference
from .voice import Manner, NeuralVoice, Prosody

__all__ = ["SpeakerTraits", "as_speaker", "calibrated", "encode", "in_own_throat"]

Floats = NDArray[np.float32]

_LONGEST_S = 75
_LEAST_VOICED_S = 0.4
_LOUD_NEPER = 2.9  # 25 dB under the loudest frames
_SURE_S = 0.5
"""Seconds of voiced speech at which half of a measured difference is believed."""
_MOST_NEPER = 1.6  # 14 dB
_LEAST_RANGE, _MOST_RANGE = 0.5, 2.0
_THROATS = (0.75, 1.3)  # from a deep bass to a child, for a voice in the middle
_SMOOTHED_BANDS = 5
_ROUNDS = 2
_SPOKEN = (
    "The young people walked along the river and talked about music.",
    "Nobody knew how the old house had been kept so warm.",
    "Please call me early, we have a long way to go today.",
    "Her brother was a farmer.",
    "Did you leave the window open all night?",
    "It began to rain before we had reached the bridge.",
)


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerTraits:
    """embedding: float32 (256,) of unit length. pitch_hz: median. pitch_spread: semitones, a robust standard deviation.

    spectrum: float32 (N_MELS,) mean of natural-log mel over loud voiced frames, without its level.
    voiced_s: how much of the sample that was.  bandwidth_hz: what lies over it is not in the sample.
    """

    embedding: Floats
    pitch_hz: float
    pitch_spread: float
    spectrum: Floats
    voiced_s: float
    bandwidth_hz: float


def encode(samples: np.ndarray, rate_hz: int) -> SpeakerTraits:
    """What mono float samples (n,) tell; one second is enough, ten are better, over 75 are not heard:
    likeness had stopped to grow long before, and the time to listen had not.

    MediaError without voice in them; ModelError when the speaker encoder's weights are not installed.
    """
    from av_models.speech.speaker import embed

    samples = samples[: _LONGEST_S * rate_hz]
    sound = _at_rate(samples, rate_hz)
    mel, track = _frames(sound)
    loud = _loud_voiced(mel, track)
    voiced_s = float(loud.sum() * HOP / RATE_HZ)
    if voiced_s < _LEAST_VOICED_S:
        remedy = "Give a few seconds of one person speaking aloud, without music."
        raise MediaError("the sample", f"only {voiced_s:.1f} s of it are voice", remedy)
    middle_hz, spread = _melody(track[loud])
    bandwidth_hz = _bandwidth_hz(mel[:, loud], rate_hz)
    return SpeakerTraits(embed(samples, rate_hz), middle_hz, spread, _spectrum(mel, loud), voiced_s, bandwidth_hz)


def as_speaker(base: NeuralVoice, traits: SpeakerTraits) -> NeuralVoice:
    """The base voice speaking as the one of the sample. It shares its networks with `base`.

    A base that has not learnt what throats there are (`base.throats`) keeps its own.
    """
    throat = np.ones(THROAT_SIZE, np.float32)
    if base.throats is not None:
        moved = np.exp(scaled_difference(traits.embedding, base.origin) @ base.throats)
        throat = np.asarray(moved.clip(*_THROATS), np.float32)
    return calibrated(replace(base, manner=Manner(throat=throat)), traits)


def calibrated(voice: NeuralVoice, traits: SpeakerTraits) -> NeuralVoice:
    """The voice with pitch, liveliness and tone brought to the sample's, by what it says of its own accord.

    Its throat, where `voice.manner` has one, is kept; a network that has learnt the speaker's own sound has none.
    """
    said = replace(voice, manner=Manner(throat=voice.manner.throat))
    height, spread, _ = _heard(said)
    middle = height - _semitones(float(np.exp(voice.acoustic.prosody_mean[1])))
    swing = float(np.clip(_trusted(traits.pitch_spread / max(spread, 0.1), traits), _LEAST_RANGE, _MOST_RANGE))
    manner = Manner(_semitones(traits.pitch_hz) - height, swing, middle, voice.manner.throat)
    for _ in range(_ROUNDS):  # another pitch has another spectrum, and a wider swing another median
        height, _, spectrum = _heard(replace(voice, manner=manner))
        tone = _tone(traits, spectrum - (0 if manner.tone is None else manner.tone))
        higher = manner.pitch_semitones + _semitones(traits.pitch_hz) - height
        manner = replace(manner, pitch_semitones=higher, tone=tone)
    return replace(voice, manner=manner)


def in_own_throat(clip: VoiceClip, manner: Manner) -> VoiceClip:
    """A clip of a speaker as the base voice's network would have said it, before `manner` makes it the speaker's.

    A network that learns from such clips has only the speaker's ways to learn, and goes on being spoken in `manner`.
    The sound is left as it is.
    """
    mel, track = clip.mel.astype(np.float32), clip.pitch_hz
    if manner.tone is not None:
        mel = mel - manner.tone[:, None]
    if manner.throat is not None:
        track = np.asarray(track / manner.outer_factor, np.float32)
        mel = in_throat(mel, clip.pitch_hz, track, np.asarray(1 / manner.throat, np.float32))
    return replace(clip, mel=mel.astype(np.float16), pitch_hz=track)


def _at_rate(samples: np.ndarray, rate_hz: int) -> Floats:
    import soxr

    sound = np.asarray(samples, np.float32)
    return sound if rate_hz == RATE_HZ else np.asarray(soxr.resample(sound, rate_hz, RATE_HZ), np.float32)


def _frames(sound: Floats) -> tuple[Floats, Floats]:
    """Mel (N_MELS, T) and pitch (T,), which is looked for where this speaker's lies."""
    if sound.size < N_FFT:
        return np.zeros((N_MELS, 0), np.float32), np.zeros(0, np.float32)
    return log_mel(sound), pitch_hz(sound, *narrowed_range([pitch_hz(sound)]))


def _loud_voiced(mel: np.ndarray, track: np.ndarray) -> NDArray[np.bool_]:
    if not mel.size:
        return np.zeros(0, np.bool_)
    loudness = np.log(np.exp(mel).sum(axis=0))
    found: NDArray[np.bool_] = (track > 0) & (loudness > np.percentile(loudness, 95) - _LOUD_NEPER)
    return found


def _melody(voiced_hz: np.ndarray) -> tuple[float, float]:
    """Median in Hz and spread in semitones, from quartiles, as octave errors lie outside of them."""
    low, middle, high = np.percentile(voiced_hz, [25, 50, 75])
    return float(middle), float(12 * np.log2(high / low) / 1.349)


def _semitones(hz: float) -> float:
    return float(12 * np.log2(hz))


def _spectrum(mel: np.ndarray, frames: NDArray[np.bool_]) -> Floats:
    mean = mel[:, frames].mean(axis=1)
    return np.asarray(mean - mean.mean(), np.float32)


def _bandwidth_hz(mel: np.ndarray, rate_hz: int) -> float:
    """Half the rate, or less where the sound was filtered: where its mean falls 10 nepers below its loudest band."""
    centres = band_centres_hz()
    mean = mel.mean(axis=1)
    heard = centres[mean > max(mean.max() - 10.0, np.log(2e-5))]
    return float(min(rate_hz / 2, RATE_HZ / 2, heard[-1]))


def _heard(voice: NeuralVoice) -> tuple[float, float, Floats]:
    """Median pitch in semitones, spread in semitones and spectrum (N_MELS,) of a few sentences of this voice."""
    mels, tracks = [], []
    for number, symbols in enumerate(_sentences()):
        composed = voice.compose(symbols, Prosody(), np.random.default_rng(number))
        mels.append(composed.mel)
        tracks.append(composed.pitch_hz)
    mel, track = np.concatenate(mels, axis=1), np.concatenate(tracks)
    loud = _loud_voiced(mel, track)
    if not loud.any():
        loud = np.ones_like(loud)
    voiced = track[loud & (track > 0)]
    middle_hz, spread = _melody(voiced if voiced.size else np.exp(voice.acoustic.prosody_mean[1:2]))
    return _semitones(middle_hz), spread, _spectrum(mel, loud)


def _trusted(ratio: float, traits: SpeakerTraits) -> float:
    """A ratio, drawn to one for a short sample."""
    return float(ratio ** (traits.voiced_s / (traits.voiced_s + _SURE_S)))


def _tone(traits: SpeakerTraits, spectrum: Floats) -> Floats:
    """(N_MELS,) nepers from the voice's spectrum to the sample's: smooth, bounded, and flat over its bandwidth."""
    known = band_centres_hz() < 0.95 * traits.bandwidth_hz
    gap = traits.spectrum - spectrum
    gap = np.where(known, gap, gap[known][-_SMOOTHED_BANDS:].mean())
    gap = gap - gap[known].mean()
    margin = _SMOOTHED_BANDS // 2
    window = np.hanning(_SMOOTHED_BANDS + 2)[1:-1]
    smooth = np.convolve(np.pad(gap, margin, mode="edge"), window / window.sum(), mode="valid")
    believed = traits.voiced_s / (traits.voiced_s + _SURE_S)
    assert smooth.shape == (N_MELS,)
    return np.asarray(np.clip(smooth * believed, -_MOST_NEPER, _MOST_NEPER), np.float32)


@lru_cache(maxsize=1)
def _sentences() -> tuple[Symbols, ...]:
    from .reading import read_text

    return tuple(symbols for text in _SPOKEN for symbols in read_text(text))
