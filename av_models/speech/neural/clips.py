"""One recorded sentence as training sees it: what is said, how long each phone is, and how it sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone, Word

from .hops import hops_of
from .mels import HOP, cut_to_hops, log_mel
from .pitch import HIGHEST_HZ, LOWEST_HZ, pitch_hz
from .symbols import Symbol, Symbols, to_symbols

__all__ = ["VoiceClip", "clips_from_arrays", "clips_to_arrays", "make_clip", "part_of"]

# An aligner puts silences this short where a stop is closed; they belong to the stop.
_SLIVER_FRAMES = 4


@dataclass(frozen=True, slots=True, eq=False)
class VoiceClip:
    """frames: int64 (P,) hops of each symbol, T in all. mel: float16 (N_MELS, T). pitch_hz: float32 (T,), 0 where there
    is no voice. samples: int16 (T * HOP,)."""

    name: str
    symbols: Symbols
    frames: np.ndarray
    mel: np.ndarray
    pitch_hz: np.ndarray
    samples: np.ndarray

    @property
    def n_frames(self) -> int:
        return int(self.pitch_hz.size)


def make_clip(
    name: str,
    line: Line,
    words: Sequence[Word],
    phones: Sequence[Phone],
    samples: np.ndarray,
    pitch_range_hz: tuple[float, float] = (LOWEST_HZ, HIGHEST_HZ),
) -> VoiceClip:
    """A clip of float32 samples (n,) at RATE_HZ. words, phones: as aligned; the phones cover the sound.

    InputError when there are more phones than hops.
    """
    samples = cut_to_hops(samples)
    n_frames = samples.size // HOP
    sentence, frames = _without_slivers(_sentence(line, words, phones), hops_of([p.end for p in phones], n_frames))
    track = pitch_hz(samples, *pitch_range_hz)
    pcm = np.round(samples * 32767).clip(-32768, 32767).astype(np.int16)
    return VoiceClip(name, to_symbols(sentence), frames, log_mel(samples).astype(np.float16), track, pcm)


def _sentence(line: Line, words: Sequence[Word], phones: Sequence[Phone]) -> list[Symbol]:
    breaks = [mark for token in line.tokens if token.spoken for mark in _marks(token.spoken, token.break_after)]
    if len(breaks) != len(words):
        raise InputError(f"{len(words)} of {len(breaks)} words were aligned.", "Check the transcript.")
    sentence = []
    for phone in phones:
        middle = (phone.start + phone.end) / 2
        at = next((i for i, word in enumerate(words) if word.start <= middle < word.end), -1)
        silent = phone.label == SILENCE or at < 0
        sentence.append(Symbol(phone.label) if silent else Symbol(phone.label, at, words[at].text, breaks[at]))
    return sentence


def _marks(spoken: Sequence[str], break_after: str) -> list[str]:
    return [""] * (len(spoken) - 1) + [break_after]


def _without_slivers(sentence: Sequence[Symbol], frames: np.ndarray) -> tuple[list[Symbol], np.ndarray]:
    """Give short silences between words to the sound that follows."""
    kept: list[Symbol] = []
    lengths: list[int] = []
    owed = 0
    for index, (symbol, length) in enumerate(zip(sentence, frames.tolist(), strict=True)):
        inside = 0 < index < len(sentence) - 1
        if symbol.label == SILENCE and inside and length < _SLIVER_FRAMES:
            owed += length
            continue
        kept.append(symbol)
        lengths.append(length + owed)
        owed = 0
    return kept, np.array(lengths, np.int64)


def part_of(clip: VoiceClip, first: int, end: int) -> VoiceClip:
    """The phones of the clip that lie wholly within frames [first, end); empty where none does."""
    ends = np.cumsum(clip.frames)
    inside = np.flatnonzero((ends - clip.frames >= first) & (ends <= end))
    kept = slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)
    frames = clip.frames[kept]
    at = int(ends[kept.start] - clip.frames[kept.start]) if inside.size else 0
    cut = slice(at, at + int(frames.sum()))
    symbols = Symbols(*(getattr(clip.symbols, name)[kept] for name in _SYMBOL_FIELDS))
    sound = clip.samples[cut.start * HOP : cut.stop * HOP]
    return VoiceClip(clip.name, symbols, frames, clip.mel[:, cut], clip.pitch_hz[cut], sound)


_SYMBOL_FIELDS = tuple(field.name for field in fields(Symbols))


def clips_to_arrays(clips: Sequence[VoiceClip]) -> dict[str, np.ndarray]:
    """Everything in plain arrays, to be kept as one .npz."""
    arrays: dict[str, np.ndarray] = {"names": np.array([clip.name for clip in clips])}
    for index, clip in enumerate(clips):
        arrays |= {f"{index}.{name}": getattr(clip.symbols, name) for name in _SYMBOL_FIELDS}
        arrays |= {f"{index}.{name}": getattr(clip, name) for name in ("frames", "mel", "pitch_hz", "samples")}
    return arrays


def clips_from_arrays(arrays: Mapping[str, np.ndarray]) -> list[VoiceClip]:
    """Undo `clips_to_arrays`. KeyError when something is missing."""
    return [
        VoiceClip(
            str(name),
            Symbols(*(arrays[f"{index}.{field}"] for field in _SYMBOL_FIELDS)),
            *(arrays[f"{index}.{field}"] for field in ("frames", "mel", "pitch_hz", "samples")),
        )
        for index, name in enumerate(arrays["names"])
    ]
