"""Is it one voice? Clips that sound like somebody else, and clips in which two people speak.

By speaker embeddings where their network is installed; else by pitch alone, which tells a man from a woman and little
more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["VoiceMark", "mark_by_embedding", "mark_by_pitch", "strangers", "two_voices"]

Array = NDArray[np.float32]
VoiceMark = tuple[Array, Array] | float
"""Of a clip: (its embedding, embeddings of its windows), or its middle pitch in Hz."""

# Set on 80 clips of one speaker against their common embedding (0.77 to 0.95) and 40 clips of 40 others (0.74 at most,
# 0.60 in the middle). A stretch of 2.4 s within a clip: 0.77 or more of its own speaker, 0.67 where another one talks.
_STRANGER, _STRANGER_BELOW_MEDIAN = 0.73, 0.12
_PART = 0.73
_HALVES = 0.68
_STRANGER_SEMITONES = 8.0
_LEAST_CLIPS = 4


def mark_by_embedding(samples: np.ndarray, rate_hz: int) -> tuple[Array, Array]:
    """Embedding of a clip, and of its windows. ModelError when the network is not installed."""
    from av_models.speech.speaker import embed_windows

    windows = embed_windows(samples, rate_hz)
    mean = windows.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32), windows


def mark_by_pitch(pitch_hz: Array) -> float:
    """The middle of a track of pitch, 0 Hz where nothing is voiced."""
    voiced = pitch_hz[pitch_hz > 0]
    return float(np.median(voiced)) if voiced.size else 0.0


def strangers(marks: Sequence[VoiceMark]) -> list[str]:
    """For every clip a reason why it is not of the voice that most clips are of, '' if it is. All marks are alike."""
    if len(marks) < _LEAST_CLIPS:
        return [""] * len(marks)
    if isinstance(marks[0], float):
        return _by_pitch([float(mark) for mark in marks if isinstance(mark, float)])
    return _by_embedding([mark for mark in marks if isinstance(mark, tuple)])


def two_voices(windows: Array) -> bool:
    """Whether one sample, of which nothing else is known, changes its speaker on the way. windows: (n, 256)."""
    likest = 1.0
    for cut in range(1, len(windows)):
        left, right = windows[:cut].mean(axis=0), windows[cut:].mean(axis=0)
        likest = min(likest, float(left @ right / (np.linalg.norm(left) * np.linalg.norm(right) + 1e-9)))
    return likest < _HALVES


def _by_embedding(marks: Sequence[tuple[Array, Array]]) -> list[str]:
    middle = np.median(np.stack([whole for whole, _ in marks]), axis=0)
    middle = middle / np.linalg.norm(middle)
    likeness = np.array([float(whole @ middle) for whole, _ in marks])
    limit = min(_STRANGER, float(np.median(likeness)) - _STRANGER_BELOW_MEDIAN)
    reasons = []
    for like, (_, windows) in zip(likeness, marks, strict=True):
        if like < limit:
            reasons.append(f"of another voice (likeness {like:.2f})")
        elif len(windows) > 1 and (part := _least_part(windows, middle)) < min(_PART, limit + 0.02):
            reasons.append(f"of two voices (a part has likeness {part:.2f})")
        else:
            reasons.append("")
    return reasons


def _least_part(windows: Array, middle: Array) -> float:
    pairs = windows[:-1] + windows[1:]
    return float((pairs @ middle / np.linalg.norm(pairs, axis=1)).min())


def _by_pitch(pitches_hz: Sequence[float]) -> list[str]:
    known = [pitch for pitch in pitches_hz if pitch > 0]
    if not known:
        return [""] * len(pitches_hz)
    middle = float(np.median(known))
    reasons = []
    for pitch in pitches_hz:
        off = 12 * np.log2(pitch / middle) if pitch > 0 else 0.0
        far = abs(off) > _STRANGER_SEMITONES
        reasons.append(f"of another voice ({pitch:.0f} Hz, most clips have {middle:.0f})" if far else "")
    return reasons
