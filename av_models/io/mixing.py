"""The mix: dialogue in the middle, beds that step back while somebody speaks, and room tone under everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from av_models.domain.production import BedMix

from .loudness import PROGRAMME_RATE_HZ
from .sound_track import BLOCK_SAMPLES, Sound

__all__ = ["Mix", "duck_curve"]

Samples = NDArray[np.float32]

_STEP = PROGRAMME_RATE_HZ // 100
_SPEECH_UNDER_LUFS = 25.0
"""Quieter than this below the dialogue's loudness counts as a pause."""

_HOLD_S, _ATTACK_S, _RELEASE_S = 0.7, 0.3, 0.8
"""Pauses shorter than HOLD do not bring the bed back up: it would pump. It has stepped back when the first sound of a
line is heard, having begun ATTACK earlier."""

_SILENT_DIALOGUE_LUFS = -23.0


def duck_curve(dialogue: Sound, lufs: float) -> Samples:
    """How far beds have stepped back, 0..1, every 10 ms of `dialogue` (48 kHz). lufs: its loudness.

    Side-chained from the dialogue's own level, which is known beforehand: the curve looks ahead.
    """
    speaking = _levels_db(dialogue) > lufs - _SPEECH_UNDER_LUFS
    n = len(speaking)
    at = np.arange(n)
    starts, ends = np.flatnonzero(speaking), np.flatnonzero(speaking)
    if not len(starts):
        return np.zeros(n, np.float32)
    following = np.searchsorted(starts, at)
    to_next_s = np.where(following < len(starts), starts[np.minimum(following, len(starts) - 1)] - at, n) / 100
    before = np.searchsorted(ends, at, side="right") - 1
    since_last_s = np.where(before >= 0, at - ends[np.maximum(before, 0)], n) / 100
    held = to_next_s + since_last_s < _HOLD_S
    ramp = np.maximum(1 - to_next_s / _ATTACK_S, 1 - since_last_s / _RELEASE_S)
    share = np.where(held, 1.0, np.clip(ramp, 0, 1))
    return np.asarray(np.sin(np.pi / 2 * share) ** 2, np.float32)


def _levels_db(dialogue: Sound) -> Samples:
    """RMS of every 10 ms."""
    levels = []
    length = BLOCK_SAMPLES // _STEP * _STEP
    for start in range(0, dialogue.n_samples, length):
        block = dialogue.read(start, min(start + length, dialogue.n_samples))[:, 0]
        whole = np.pad(block, (0, -len(block) % _STEP)).reshape(-1, _STEP)
        levels.append(20 * np.log10(np.sqrt((whole**2).mean(axis=1)) + 1e-9))
    return np.concatenate(levels) if levels else np.zeros(0, np.float32)


class Mix:
    """What is heard: mono without beds or with mono ones, else stereo.

    lufs: loudness of the dialogue, -inf if nobody speaks.  beds: each with its own loudness.
    """

    def __init__(
        self,
        dialogue: Sound,
        lufs: float,
        beds: Sequence[tuple[Sound, float]],
        tone: Sound | None,
        mix: BedMix,
    ) -> None:
        self.n_samples = dialogue.n_samples
        self.n_channels = max([1, *(bed.n_channels for bed, _ in beds)])
        self._dialogue, self._tone = dialogue, tone
        reference = lufs if math.isfinite(lufs) else _SILENT_DIALOGUE_LUFS
        self._beds = [(bed, np.float32(10 ** ((reference + mix.bed_db - own) / 20))) for bed, own in beds]
        self._duck_db = mix.duck_db
        self._curve = duck_curve(dialogue, reference) if beds else np.zeros(0, np.float32)

    def read(self, start: int, end: int) -> Samples:
        block = np.repeat(self._dialogue.read(start, end), self.n_channels, axis=1)
        if self._tone is not None:
            block += self._tone.read(start, end)
        if self._beds:
            ducked = self._ducked(start, end)
            for bed, gain in self._beds:
                block += bed.read(start, end) * (gain * ducked)
        return block

    def _ducked(self, start: int, end: int) -> Samples:
        """(n, 1) gain of the beds."""
        at = np.arange(start, end) / _STEP - 0.5
        share = np.interp(at, np.arange(len(self._curve)), self._curve)
        return np.asarray(10 ** (self._duck_db * share / 20), np.float32)[:, None]
