"""Clips of different origin made alike in everything but what shall be judged: ends, loudness, offset.

Gains only: a limiter or a gate would leave its own trace in one kind of clip and not in the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from av_models.speech.corpus.loudness import TARGET_LUFS, loudness_lufs
from av_models.speech.corpus.sound_check import without_offset

__all__ = ["common_lufs", "levelled", "softest_of_three", "trimmed"]

Samples = NDArray[np.float32]

_FRAME_S, _SMOOTH = 0.01, 3
_LEAD_S, _TAIL_S, _FADE_S, _SILENCE_S = 0.15, 0.25, 0.1, 0.1
"""A soft fricative before or after is inside of them. The fade takes most of the room's noise, which a recording has
there and an engine may not."""
_DEEPEST_DB = 36.0
_SHARE = 0.35
"""Of the way from the noise to the speech, in dB: there speech begins."""
_CEILING = 0.89  # -1 dBFS

_TONE_HZ, _TONE_S, _RAMP_S, _GAP_S = 200.0, 1.0, 0.1, 0.5
_SOFT_DB, _TONE_LEVEL = -6.0, 0.1


def trimmed(samples: Samples, rate_hz: int) -> Samples:
    """Mono samples (n,) from just before the first to just after the last speech, faded into silence at both ends.

    Where speech begins is judged by level, between the noise and the speech of the clip itself. What lacks before or
    after is silence, so that every clip begins and ends alike.
    """
    sound = without_offset(samples, rate_hz)
    first, end = _speech_span(sound, rate_hz)
    before, after = round(_LEAD_S * rate_hz), round(_TAIL_S * rate_hz)
    cut = sound[max(0, first - before) : end + after]
    fade = np.sin(np.linspace(0, np.pi / 2, max(1, min(round(_FADE_S * rate_hz), len(cut) // 2)))) ** 2
    cut[: len(fade)] *= fade
    cut[len(cut) - len(fade) :] *= fade[::-1]
    silence, lacking = round(_SILENCE_S * rate_hz), (max(0, before - first), max(0, end + after - len(sound)))
    return np.pad(cut, (silence + lacking[0], silence + lacking[1])).astype(np.float32)


def common_lufs(clips: Sequence[Samples], rate_hz: int) -> float:
    """The loudness that every clip can be brought to by gain alone: TARGET_LUFS, or less where peaks forbid it."""
    return min([TARGET_LUFS, *(loudness_lufs(clip, rate_hz) + _headroom_db(clip) for clip in clips if clip.any())])


def levelled(clip: Samples, rate_hz: int, lufs: float) -> Samples:
    """A clip (n,) at that loudness; silence, and what is shorter than 0.4 s, keeps its level."""
    own = loudness_lufs(clip, rate_hz)
    return clip if not np.isfinite(own) else np.asarray(clip * np.float32(10 ** ((lufs - own) / 20)), np.float32)


def softest_of_three(place: int, antiphase: int, rate_hz: int) -> Samples:
    """Three tones as (n, 2): the one at `place` (0..2) is 6 dB softer, the one at `antiphase` is turned in one channel.

    Through loudspeakers the turned one cancels itself and sounds softest; through headphones it does not. Woods,
    Siegel, Traer and McDermott 2017, "Headphone screening to facilitate web-based auditory experiments".
    """
    if place == antiphase:
        raise ValueError(f"the softer tone and the turned one are both at {place}")
    time_s = np.arange(round(_TONE_S * rate_hz)) / rate_hz
    ramp = np.clip(np.minimum(time_s, _TONE_S - time_s) / _RAMP_S, 0, 1)
    tone = _TONE_LEVEL * np.sin(2 * np.pi * _TONE_HZ * time_s) * np.sin(ramp * np.pi / 2) ** 2
    gap = np.zeros((round(_GAP_S * rate_hz), 2))
    parts = []
    for number in range(3):
        level = 10 ** (_SOFT_DB / 20) if number == place else 1.0
        parts += [gap, level * np.stack([tone, -tone if number == antiphase else tone], axis=1)]
    return np.concatenate([*parts[1:], gap / 2]).astype(np.float32)


def _speech_span(sound: Samples, rate_hz: int) -> tuple[int, int]:
    """First sample of speech and the one after its last; the whole where nothing stands out."""
    frame = round(_FRAME_S * rate_hz)
    n_frames = len(sound) // frame
    if n_frames < _SMOOTH:
        return 0, len(sound)
    power = np.square(sound[: n_frames * frame].astype(np.float64)).reshape(n_frames, frame).mean(axis=1)
    level_db = 10 * np.log10(np.convolve(power, np.ones(_SMOOTH) / _SMOOTH, "same") + 1e-12)
    noise_db, speech_db = np.percentile(level_db, (5, 95))
    begin_db = speech_db - (1 - _SHARE) * min(speech_db - noise_db, _DEEPEST_DB)
    loud = np.flatnonzero(level_db > begin_db)
    return (int(loud[0]) * frame, (int(loud[-1]) + 1) * frame) if len(loud) else (0, len(sound))


def _headroom_db(clip: Samples) -> float:
    return float(20 * np.log10(_CEILING / np.abs(clip).max()))
