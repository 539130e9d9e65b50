"""Words laid over one stretch of sound: which phone is heard from when to when, and how well it fits.

The acoustic model is the one that comes with pocketsphinx. Its own decoder gives whole 10 ms frames, cannot say that
a word is missing and fails on every tenth text; here its scores are used on a trellis of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.speech.arpabet import bare

from .acoustics import NOISES, SILENT, acoustic_model
from .cepstra import FRAME_S, RATE_HZ, WINDOW, cepstra, mel_powers, with_deltas, without_noise
from .path import Step, best_path
from .trellis import ANYTHING, Prices, Trellis, build_trellis

__all__ = ["NO_WORD", "Heard", "NoPath", "as_16khz", "force", "plain_ways"]

Array = NDArray[np.float32]
Ways = Sequence[Sequence[Sequence[str]]]

NO_WORD = -1
_PADDING_S = 0.2
_DITHER = 3.0
_LEVEL = 0.5 * 32767
# A frame's window reaches past its nominal 10 ms; measured on synthetic speech with exact times.
_LAG_S = 0.006
# Synthetic voices and poor rooms fit worse than people do (medians of right texts: people 0, synthetic -1 to -4.5, of
# wrong texts -3.5 to -11), so anything else than the text has to fit better there by as much.
_HOPELESS_FIT, _MOST_ALLOWANCE = -4.3, 2.5


class NoPath(InputError):
    """The words cannot be laid over the sound at all."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One phone of a path.

    label: ARPAbet without stress, SIL, +NSN+ and +SPN+ (noise, spoken noise) or '*' (anything).  word: index, NO_WORD
    for what stands before word `junction`.  way: which pronunciation.  fit: mean log likelihood per frame against the
    best phone that there is; about 0 where it is right.  speech: how much better than silence and noises the best phone
    fits here, whichever it is; 3 to 8 in speech, below 0 in noise and tones.
    """

    label: str
    word: int
    way: int
    junction: int
    start_s: float
    end_s: float
    fit: float
    speech: float


def plain_ways(ways: Ways) -> list[tuple[tuple[str, ...], ...]]:
    """Pronunciations without stress digits, each once."""
    return [tuple(dict.fromkeys(tuple(bare(phone) for phone in way) for way in several)) for several in ways]


def as_16khz(samples: np.ndarray, rate_hz: int) -> Array:
    """Mono float samples at 16 kHz. InputError when they are no sound."""
    import soxr

    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim != 1 or sound.size == 0:
        raise InputError(f"Sound of shape {sound.shape} cannot be aligned.", "Give mono samples, at least one.")
    if not np.isfinite(sound).all():
        raise InputError("The sound holds samples that are no numbers.", "Export it again as 16-bit WAV.")
    return np.asarray(soxr.resample(sound, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else sound, dtype=np.float32)


def force(sound: Array, ways: Ways, prices: Prices, free_end: bool = False) -> tuple[Heard, ...]:
    """Phones in order, covering the sound (n,) at 16 kHz; () when no path exists.

    ways: for each word its pronunciations in bare ARPAbet.  free_end: the sound may end before the text does. Memory
    grows with length times words: for minutes of sound use `recordings.lay_text`.
    """
    listening = _Listening(sound)
    heard = listening.path(ways, prices, free_end)
    if prices.forced or all(phone.label != ANYTHING for phone in heard):
        return heard
    usual = _usual_fit(listening.path(ways, replace(prices, forced=True), free_end))
    if not _HOPELESS_FIT < usual < 0:
        return heard
    allowance = min(-usual, _MOST_ALLOWANCE)
    return listening.path(ways, replace(prices, anything_frame=prices.anything_frame - allowance), free_end)


def _usual_fit(heard: Sequence[Heard]) -> float:
    fits = [phone.fit for phone in heard if phone.word != NO_WORD]
    return float(np.median(fits)) if fits else -np.inf


class _Listening:
    """Scores of the sound for the states that are asked for, each calculated once."""

    def __init__(self, sound: Array) -> None:
        self.model = acoustic_model()
        self.duration_s = len(sound) / RATE_HZ
        self.features = _features(sound)
        speech = [number for name, number in self.model.phones.items() if name not in (SILENT, *NOISES)]
        every = np.unique(self.model.sequences[self.model.alone[speech, 0]])
        self.known = {int(senone): column for column, senone in enumerate(every)}
        self.scores = self.model.scores(self.features, every)
        self.best = self.scores.max(axis=1, keepdims=True)
        self.scores -= self.best
        others = [self.model.alone[self.model.phones[name], 0] for name in (SILENT, *NOISES)]
        quiet = self.model.scores(self.features, np.unique(self.model.sequences[others]))
        self.speech = (self.best - quiet.max(axis=1, keepdims=True))[:, 0]

    def path(self, ways: Ways, prices: Prices, free_end: bool) -> tuple[Heard, ...]:
        trellis = build_trellis(ways, self.model, prices, free_end)
        self._learn(trellis)
        anything = np.full((len(self.scores), 1), prices.anything_frame, dtype=np.float32)
        scores = np.concatenate([self.scores, anything], axis=1)
        columns = np.array([self.known.get(int(senone), len(self.known)) for senone in trellis.senones])
        steps = best_path(trellis, scores, columns)
        return tuple(self._heard(step, trellis, scores, columns) for step in steps)

    def _learn(self, trellis: Trellis) -> None:
        new = [int(s) for s in np.unique(trellis.senones) if s >= 0 and int(s) not in self.known]
        if new:
            n_known = len(self.known)
            self.known.update((senone, n_known + number) for number, senone in enumerate(new))
            more = self.model.scores(self.features, new) - self.best
            self.scores = np.concatenate([self.scores, more], axis=1)

    def _heard(self, step: Step, trellis: Trellis, scores: Array, columns: NDArray[np.int64]) -> Heard:
        unit = trellis.units[step.unit]
        frames = slice(step.first, step.first + step.n_frames)
        states = columns[unit.first_state : unit.first_state + unit.n_states]
        fit = float(scores[frames][:, states].max(axis=1).mean())
        start_s, end_s = (
            min(max(frame * FRAME_S - _PADDING_S + _LAG_S, 0.0), self.duration_s)
            for frame in (frames.start, frames.stop)
        )
        speech = float(self.speech[frames].mean())
        return Heard(unit.phone, unit.word, unit.way, unit.junction, start_s, end_s, fit, speech)


def _features(sound: Array) -> Array:
    """(frames, 39) at a steady level, with quiet noise before and after, so that silence is recognised as such."""
    peak = float(np.abs(sound).max())
    level = _LEVEL / peak if peak > 1e-4 else _LEVEL
    padded = np.pad(sound * level, round(_PADDING_S * RATE_HZ))
    if len(padded) < WINDOW:
        padded = np.pad(padded, (0, WINDOW - len(padded)))
    padded += np.random.default_rng(0).standard_normal(len(padded), dtype=np.float32) * np.float32(_DITHER)
    plain = cepstra(without_noise(mel_powers(padded)))
    return with_deltas(plain - plain.mean(axis=0))
