"""The neural engine: one file of weights, spoken with the script's marks obeyed and exact times of every phone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Direction, Line, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.breath import breath_of, breaths_in
from av_models.speech.directions import gains_db, word_directions
from av_models.speech.engine import Synthesis
from av_models.speech.level import levelled
from av_models.speech.reel import Run, Said, lay, trimmed
from av_models.speech.times import NO_WORD, Stretch, close_gaps, to_phones, to_words

from .hops import hops_of
from .mels import HOP, RATE_HZ
from .reading import read_run, read_timed
from .symbols import Symbol, to_symbols
from .voice import NeuralVoice, Prosody
from .voice_file import load_voice

__all__ = ["NeuralEngine"]

_RANGES = {
    "rate": (0.4, 2.5, 1.0), "pitch_semitones": (-12.0, 12.0, 0.0), "pitch_range": (0.0, 2.5, 1.0),
    "energy_db": (-20.0, 12.0, 0.0), "variation": (0.0, 1.0, 0.6), "texture": (0.0, 1.0, 0.0),
    "breath": (0.0, 8.0, 1.0),
}  # fmt: skip
# An emphasised word: slower, higher and louder, most of all its stressed vowel (Terken & Hermes 2000). By strength.
# Half of the loudness is asked of the network, which sounds of effort, and half is plain level, which is exact.
_EMPHASIS_SEMITONES, _EMPHASIS_DB, _EMPHASIS_LEVEL_DB = np.array([[0.0, 2.5, 4.0], [0.0, 2.0, 3.0], [0.0, 2.0, 3.0]])
_EMPHASIS_RATE, _EMPHASIS_VOWEL_RATE = np.array([1.0, 0.85, 0.75]), np.array([1.0, 0.72, 0.6])


class NeuralEngine:
    """Settings: rate (over 1 is faster), pitch_semitones, pitch_range (0 is monotone), energy_db, variation (how much
    each seed differs, 0..1), texture (see `Prosody`) and breath (level of [breath])."""

    name = "neural"

    def synthesize(
        self, line: Line, settings: Mapping[str, str], weights: Sequence[bytes], language: str, seed: int
    ) -> Synthesis:
        return self.synthesize_paced(line, settings, weights, language, seed, ())

    def synthesize_paced(
        self,
        line: Line,
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
        paces: Sequence[float],
    ) -> Synthesis:
        """As `PacedEngine`: the predicted length of every phone is divided by the pace of its word."""
        voice, wishes = _voice(weights, language), read_settings(settings)

        def say(run: Run) -> Said:
            sentence = read_run(run)
            said_at = paces[run.first_word : run.first_word + len(run.spoken)]
            prosody = _prosody(sentence, wishes, said_at)
            spoken = voice.speak(to_symbols(sentence), prosody, seed + run.first_word)
            return trimmed(spoken.samples, RATE_HZ, _stretches(sentence, spoken.frames))

        return lay(line, say, lambda samples, _: samples, seed, wishes["breath"], _levels(line))

    def respeak(
        self,
        line: Line,
        phones: Sequence[Phone],
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
    ) -> Synthesis:
        """Speak `line` with these phones at these times, which cover [0, end) without gaps: labels as `synthesize`
        gave them, starts and ends free. Its length is exact to the sample, each phone's start within half a hop.

        InputError when the phones are not the line's, or when more of them than hops are asked for.
        """
        voice, wishes = _voice(weights, language), read_settings(settings)
        sentence = read_timed(line, phones)
        n_samples = round(phones[-1].end * RATE_HZ)
        frames = hops_of([phone.end for phone in phones], -(-n_samples // HOP))
        prosody = replace(_prosody(sentence, wishes), frames=frames)
        samples = voice.speak(to_symbols(sentence), prosody, seed).samples[:n_samples].copy()
        stretches = [
            replace(stretch, label=phone.label, end=min(stretch.end, n_samples))
            for stretch, phone in zip(_stretches(sentence, frames), phones, strict=True)
        ]
        breaths = iter(breaths_in(line.tokens))
        for stretch in stretches:
            if stretch.label in (SILENCE, BREATH):
                kind = next(breaths, TokenKind.BREATH) if stretch.label == BREATH else TokenKind.PAUSE
                _hush(samples, stretch, kind, wishes["breath"], seed)
        closed = close_gaps(stretches, n_samples)
        samples = levelled(samples, RATE_HZ, closed, gains_db(samples, closed, _levels(line)))
        return Synthesis(samples, RATE_HZ, to_words(closed, line.spoken, RATE_HZ), to_phones(closed, RATE_HZ))


def read_settings(settings: Mapping[str, str]) -> dict[str, float]:
    """Every setting as a number. InputError for an unknown key or a bad value."""
    numbers = {key: usual for key, (_, _, usual) in _RANGES.items()}
    for key, value in settings.items():
        if key not in _RANGES:
            raise InputError(f"The neural engine has no setting '{key}'.", f"It knows {', '.join(_RANGES)}.")
        least, most, _ = _RANGES[key]
        if not re.fullmatch(r"[+-]?\d*\.?\d+", value.strip()) or not least <= float(value) <= most:
            raise InputError(f"{key} is '{value}'.", f"Choose a number from {least:g} to {most:g}.")
        numbers[key] = float(value)
    return numbers


def _voice(weights: Sequence[bytes], language: str) -> NeuralVoice:
    if not language.lower().startswith("en"):
        raise InputError(f"The neural voice speaks English, not '{language}'.", "Choose another voice, or English.")
    if len(weights) != 1:
        raise ModelError(f"A neural voice has one file, not {len(weights)}.", "Name one .safetensors file as weights.")
    return load_voice(weights[0])


def _prosody(sentence: Sequence[Symbol], wishes: Mapping[str, float], paces: Sequence[float] = ()) -> Prosody:
    """paces: of the sentence's words, or none."""
    emphasis = np.array([symbol.emphasis for symbol in sentence])
    stressed = np.array([symbol.label[-1:] in ("1", "2") for symbol in sentence])
    spoken = np.array([symbol.word >= 0 for symbol in sentence])
    pace = np.array([paces[symbol.word] if paces and symbol.word >= 0 else 1.0 for symbol in sentence])
    asked = np.array([(d.rate, d.pitch_st, d.pitch_range) for d in (symbol.direction for symbol in sentence)])
    rate = np.where(spoken, wishes["rate"], 1.0) * pace * asked[:, 0]
    rate *= np.where(stressed, _EMPHASIS_VOWEL_RATE[emphasis], _EMPHASIS_RATE[emphasis])
    return Prosody(
        rate=rate.astype(np.float32),
        pitch_semitones=(wishes["pitch_semitones"] + _EMPHASIS_SEMITONES[emphasis] + asked[:, 1]).astype(np.float32),
        pitch_range=(wishes["pitch_range"] * asked[:, 2]).astype(np.float32),
        energy_db=(wishes["energy_db"] + _EMPHASIS_DB[emphasis]).astype(np.float32),
        lengths=np.array([symbol.length_ms for symbol in sentence], np.float32) * (RATE_HZ / 1000 / HOP),
        variation=wishes["variation"],
        texture=wishes["texture"],
    )


def _levels(line: Line) -> list[Direction]:
    """Of every spoken word, with that of its emphasis."""
    emphasis = [token.emphasis for token in line.tokens for _ in token.spoken]
    return [
        replace(one, volume_db=one.volume_db + float(_EMPHASIS_LEVEL_DB[strength]))
        for one, strength in zip(word_directions(line.tokens), emphasis, strict=True)
    ]


def _stretches(sentence: Sequence[Symbol], frames: np.ndarray) -> list[Stretch]:
    ends = np.cumsum(frames) * HOP
    return [
        Stretch(symbol.label, int(end - length * HOP), int(end), symbol.word if symbol.word >= 0 else NO_WORD)
        for symbol, end, length in zip(sentence, ends, frames, strict=True)
    ]


def _hush(samples: np.ndarray, stretch: Stretch, kind: TokenKind, level: float, seed: int) -> None:
    """Make a silence of `samples` silent, with short ramps; lay a breath into the middle of a stretch that asks for
    one."""
    n = stretch.end - stretch.first
    ramp = np.minimum(np.arange(n), np.arange(n)[::-1]) / HOP
    samples[stretch.first : stretch.end] *= np.clip(1 - ramp, 0, 1).astype(np.float32)
    if stretch.label == BREATH:
        breath = breath_of(kind, RATE_HZ, seed + stretch.first, level)[:n]
        first = stretch.first + (n - breath.size) // 2
        samples[first : first + breath.size] += breath
