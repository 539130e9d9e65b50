"""Learning what throats there are from one speaker: a voice speaks as many people who do not exist, and is listened to.

Each stranger has another throat, height, melody and tone, given to the voice's own recordings between their mel frames
and its vocoder. The speaker encoder hears who that would be. Strangers and embeddings together teach how to read the
throat off the embedding of anybody: a linear map, found at once. No other person's voice is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError

from .clips import VoiceClip
from .mels import RATE_HZ, band_centres_hz
from .throat import KNOTS_HZ, THROAT_SIZE, in_throat
from .vectors import scaled_difference
from .voice import NeuralVoice

__all__ = ["Stranger", "Throats", "learn_throats", "meet_stranger", "own_embeddings"]

Floats = NDArray[np.float32]

_LOWEST_PITCH, _HIGHEST_PITCH = 0.45, 1.6
# A man's voice is 0.57 times as high as a woman's and his formants 0.86 times (Hillenbrand et al. 1995).
_TRACT_OF_PITCH = 0.27
_TRACT_SPREAD, _BEND_SPREAD, _TRACT_RANGE = 0.06, 0.035, (0.78, 1.26)
_TILT_SPREAD_DB, _TONE_SPREAD_DB, _TILT_FROM_HZ = 2.0, 2.5, 500.0
_RANGE_SPREAD = 0.25
_RIDGE = 0.3
_HELD_OUT = 5
_FEWEST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """throat: float32 (THROAT_SIZE,) factors of `in_throat`. embeddings: float32 (n, 256), one for each clip."""

    throat: Floats
    embeddings: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Throats:
    """origin, weights: `origin` and `throats` of `NeuralVoice`.

    correlation, error: of the mean factor of strangers that were held out; error in percent, one standard deviation.
    """

    origin: Floats
    weights: Floats
    correlation: float
    error: float


def meet_stranger(voice: NeuralVoice, clips: Sequence[VoiceClip], chance: np.random.Generator) -> Stranger:
    """Somebody between a deep bass and a child; throat and pitch go together as they do among people.

    clips: of the voice's own speaker. ModelError when the speaker encoder's weights are not installed.
    """
    pitch = float(np.exp(chance.uniform(np.log(_LOWEST_PITCH), np.log(_HIGHEST_PITCH))))
    tract = np.clip(pitch**_TRACT_OF_PITCH * np.exp(chance.normal(0, _TRACT_SPREAD)), *_TRACT_RANGE)
    throat = (tract * np.exp(chance.normal(0, _BEND_SPREAD, THROAT_SIZE))).astype(np.float32)
    swing = float(np.exp(chance.normal(0, _RANGE_SPREAD)))
    tone = _drawn_tone(chance)
    sounds = []
    for clip in clips:
        wanted = _sung(clip.pitch_hz, pitch, swing)
        mel = in_throat(clip.mel.astype(np.float32), clip.pitch_hz, wanted, throat) + tone[:, None]
        sounds.append(voice.sound(mel, wanted, chance))
    return Stranger(throat, _embedded(sounds))


def own_embeddings(voice: NeuralVoice, clips: Sequence[VoiceClip], chance: np.random.Generator) -> Floats:
    """float32 (n, 256): of the voice itself, by the same way."""
    return _embedded([voice.sound(clip.mel.astype(np.float32), clip.pitch_hz, chance) for clip in clips])


def learn_throats(strangers: Sequence[Stranger], own: Floats) -> Throats:
    """own: float32 (n, 256) embeddings of the speaker of the voice. ModelError for fewer than ten strangers."""
    if len(strangers) < _FEWEST:
        raise ModelError(f"{len(strangers)} strangers are too few to learn from.", f"Meet {_FEWEST} at least.")
    middle = own.mean(axis=0)
    origin = np.asarray(middle / np.linalg.norm(middle), np.float32)
    held_out, taught = strangers[::_HELD_OUT], [one for k, one in enumerate(strangers) if k % _HELD_OUT]
    trial = _fitted(taught, own, origin)
    truth = np.array([np.log(one.throat).mean() for one in held_out])
    read = np.array([(scaled_difference(_middle(one.embeddings), origin) @ trial).mean() for one in held_out])
    correlation, error = float(np.corrcoef(truth, read)[0, 1]), 100 * float(np.std(read - truth))
    return Throats(origin, _fitted(strangers, own, origin), correlation, error)


def _fitted(strangers: Sequence[Stranger], own: Floats, origin: Floats) -> Floats:
    """(256, THROAT_SIZE) from a scaled difference to log factors, by ridge regression."""
    heard = np.concatenate([*(one.embeddings for one in strangers), own])
    truth = [np.repeat(np.log(one.throat)[None], len(one.embeddings), axis=0) for one in strangers]
    wanted = np.concatenate([*truth, np.zeros((len(own), THROAT_SIZE))])
    vectors = scaled_difference(heard, origin).astype(np.float64)
    square = vectors.T @ vectors + _RIDGE * len(vectors) * np.eye(vectors.shape[1])
    return np.asarray(np.linalg.solve(square, vectors.T @ wanted), np.float32)


def _drawn_tone(chance: np.random.Generator) -> Floats:
    """(N_MELS,) nepers: a tilt and a smooth course, as of another mouth, room or microphone."""
    centres = band_centres_hz()
    octaves = np.log2(np.maximum(centres, _TILT_FROM_HZ) / _TILT_FROM_HZ)
    course = np.interp(centres, KNOTS_HZ, chance.normal(0, _TONE_SPREAD_DB, THROAT_SIZE))
    return np.asarray((course + octaves * chance.normal(0, _TILT_SPREAD_DB)) * (np.log(10) / 20), np.float32)


def _sung(pitch_hz: Floats, factor: float, swing: float) -> Floats:
    """Raised by a factor, with another swing round its middle; 0 stays 0."""
    voiced = pitch_hz > 0
    if not voiced.any():
        return pitch_hz
    logs = np.log(np.where(voiced, pitch_hz, 1.0))
    middle = np.median(logs[voiced])
    return np.where(voiced, np.exp(middle + (logs - middle) * swing) * factor, 0).astype(np.float32)


def _middle(embeddings: Floats) -> Floats:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _embedded(sounds: Sequence[Floats]) -> Floats:
    from av_models.speech.speaker import embed

    return np.stack([embed(sound, RATE_HZ) for sound in sounds])
