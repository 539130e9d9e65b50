"""Measuring what was said: pitch, length and level of words in a take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from av_models.domain.script import Line
from av_models.domain.speech import Performance
from av_models.speech.engine import Synthesis
from av_models.speech.melody import track_pitch
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

VOICES = yaml.safe_load((Path(__file__).parents[2] / "configs" / "voices.yaml").read_text())["voices"]


def line_of(text: str, language: str = "en-us") -> Line:
    (only,) = read_script(text, language).lines
    return only


def say(line: Line | str, voice: str = "espeak-default") -> Synthesis:
    entry = VOICES[voice]
    settings = {key: str(value) for key, value in entry["settings"].items()}
    line = line_of(line) if isinstance(line, str) else line
    return get_engine(entry["engine"]).synthesize(line, settings, (), entry["language"], 3)


@dataclass(frozen=True)
class Heard:
    """pitch_hz: median, NaN without voice. swing_st: between the 10th and 90th percentile."""

    pitch_hz: float
    swing_st: float
    seconds: float
    level_db: float


def heard(take: Synthesis, *words: int) -> Heard:
    """Of the words with these numbers, all if none is given."""
    spans = [take.words[index] for index in words or range(len(take.words))]
    track, step = track_pitch(take.samples, take.rate_hz)
    at = (np.arange(track.size) + 0.5) * step / take.rate_hz
    inside = np.any([(at >= float(one.start)) & (at < float(one.end)) for one in spans], axis=0)
    pitch = track[inside & (track > 0)]
    parts = [take.samples[round(one.start * take.rate_hz) : round(one.end * take.rate_hz)] for one in spans]
    low, high = np.percentile(pitch, [10, 90]) if pitch.size else (np.nan, np.nan)
    level = 10 * np.log10(np.mean(np.concatenate(parts) ** 2))
    seconds = float(sum(one.end - one.start for one in spans))
    return Heard(float(np.median(pitch)) if pitch.size else np.nan, 12 * np.log2(high / low), seconds, float(level))


def semitones(high: float, low: float) -> float:
    return float(12 * np.log2(high / low))


def words_of(take: Synthesis) -> dict[str, Any]:
    return {word.text: index for index, word in enumerate(take.words)}


def performance_from(take: Synthesis) -> Performance:
    from av_models.speech.style import performance_of

    return performance_of(take.samples, take.rate_hz, take.words, take.phones)


__all__ = [
    "Heard", "heard", "line_of", "performance_from", "say", "semitones", "words_of",
]  # fmt: skip
