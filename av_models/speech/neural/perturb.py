"""Recordings played faster or slower: other heights and throats out of one speaker, for a network to know many."""

from __future__ import annotations

import numpy as np
import torch
from scipy.signal import resample

from .clips import VoiceClip
from .mels import HOP, log_mel

__all__ = ["FASTEST", "SLOWEST", "at_speed", "draw_speed", "fits"]

# A man's throat is about a sixth longer than a woman's and his voice near an octave lower; both move together here.
SLOWEST, FASTEST = 0.6, 1.4
_MARGIN = 2


def at_speed(clip: VoiceClip, n_frames: int, speed: float, chance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mel float32 (N_MELS, n_frames), pitch float32 (n_frames,) and sound float32 (n_frames * HOP,) of a place.

    speed: over 1 raises pitch and formants alike. chance: 0..1, which place. The clip must be long enough: see `fits`.
    """
    wanted = n_frames + 2 * _MARGIN
    length = round(wanted * HOP * speed)
    first = int(chance * (clip.samples.size - length))
    sound = resample(clip.samples[first : first + length].astype(np.float32) / 32768, wanted * HOP)
    mel = log_mel(np.asarray(sound, np.float32))
    at = (first + (np.arange(wanted) + 0.5) * HOP * speed) / HOP
    pitch = clip.pitch_hz[np.minimum(at.astype(np.int64), clip.n_frames - 1)] * np.float32(speed)
    kept = slice(_MARGIN, _MARGIN + n_frames)
    return mel[:, kept], pitch[kept], np.asarray(sound[_MARGIN * HOP : (_MARGIN + n_frames) * HOP], np.float32)


def fits(clip: VoiceClip, n_frames: int, speed: float) -> bool:
    """Whether the clip is long enough for `at_speed`."""
    return clip.samples.size >= round((n_frames + 2 * _MARGIN) * HOP * speed)


def draw_speed(generator: torch.Generator) -> float:
    """Between SLOWEST and FASTEST, evenly on a logarithmic scale."""
    share = float(torch.rand((), generator=generator))
    return float(SLOWEST * (FASTEST / SLOWEST) ** share)
