"""The embedded engine: espeak-ng, whose phoneme events give exact times, with the marks of the script obeyed.

A line is cut at its pauses and breaths; every stretch of words between them is spoken by itself, trimmed to its phones
and laid on the time line, so that a pause has exactly the length that was asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE

from .breath import breath_in
from .engine import Synthesis
from .espeak_library import PARAMETERS, EventKind, RawSpeech, speak
from .espeak_phones import espeak_mnemonics, from_mnemonic, is_lengthening, is_silence
from .normalise import letter_names
from .phones import letter_name
from .times import (
    NO_WORD,
    Stretch,
    close_gaps,
    divide_phones,
    merge_slivers,
    split_stretch,
    to_phones,
    to_words,
)  # fmt: skip
from .tone import Tone, colour

__all__ = ["EspeakEngine", "read_settings"]

_LEAD_MS, _TAIL_MS = 40, 100
_BREATH_GAP_MS = 40
_FADE_MS = 4
_SLIVER_MS = 25
_LONGEST_CLOSURE_MS = 110
_CLOSURE_STEP_MS = 5
_CLOSED_LEVEL = 0.045  # of the stretch's peak: what counts as no sound before a stop is released
_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_TONE_KEYS = ("gain_db", "warmth_db", "treble_db", "room")
_SHAPE_KEYS = ("tract", "breath")
_RANGES = {
    "gain_db": (-40, 20), "warmth_db": (-20, 20), "treble_db": (-20, 20), "room": (0, 1), "tract": (0.8, 1.25),
    "breath": (0, 8),
}  # fmt: skip
_EMPHASIS = '<prosody pitch="+22%" range="+40%" rate="82%" volume="+30%">'


class EspeakEngine:
    """Settings: variant (one of espeak's, '' for none), rate_wpm, pitch, pitch_range, word_gap, volume; then gain_db,
    warmth_db, treble_db, room (see `Tone`), tract and breath (see `_Shape`)."""

    name = "espeak"

    def synthesize(
        self, line: Line, settings: Mapping[str, str], weights: Sequence[bytes], language: str, seed: int
    ) -> Synthesis:
        if not line.spoken:
            raise InputError("The line has no words to speak.", "Write at least one word on every line.")
        parameters, tone, shape = read_settings(settings)
        variant = settings.get("variant", "")
        voice = f"{language.lower()}+{variant}" if variant else language.lower()
        takes = [_Take(line, index, words, shape.tract) for index, words in _stretches_of_words(line)]
        said = [take.listen(speak(take.ssml, voice, parameters), language) for take in takes]
        reel = _Reel(said[0].rate_hz)
        for part in _order(line, said):
            if isinstance(part, _Said):
                reel.add(part.samples, part.stretches)
            elif part.kind is TokenKind.PAUSE:
                reel.silence(part.pause_ms)
            else:
                _add_breath(reel, seed + reel.n_samples, shape.breath)
        samples = colour(np.concatenate(reel.pieces), reel.rate_hz, tone)
        stretches = close_gaps(reel.stretches, samples.size)
        return Synthesis(
            samples, reel.rate_hz, to_words(stretches, line.spoken, reel.rate_hz), to_phones(stretches, reel.rate_hz)
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """tract: pitch and formants are raised by this factor at the same tempo, as by a shorter vocal tract; espeak's
    cleanest sources are men's voices, and 1.16 makes a woman's of them.  breath: level of [breath], 1 is soft."""

    tract: float = 1.0
    breath: float = 1.0


def read_settings(settings: Mapping[str, str]) -> tuple[dict[str, int], Tone, _Shape]:
    """Parameters of espeak, the tone and the shape of a voice. InputError for an unknown key or a bad value."""
    known = (*PARAMETERS, *_TONE_KEYS, *_SHAPE_KEYS, "variant")
    numbers: dict[str, float] = {}
    for key, value in settings.items():
        if key not in known:
            raise InputError(f"The espeak engine has no setting '{key}'.", f"It knows {', '.join(known)}.")
        if key != "variant":
            numbers[key] = _number(key, value)
    for key, number in numbers.items():
        least, most = _RANGES[key] if key in _RANGES else PARAMETERS[key][1:3]
        if not least <= number <= most:
            raise InputError(f"{key} is {number:g}.", f"Choose a number from {least} to {most}.")
    shape = _Shape(**{key: numbers[key] for key in _SHAPE_KEYS if key in numbers})
    parameters = {key: round(numbers[key]) for key in PARAMETERS if key in numbers}
    # What is played faster by `tract` must be spoken slower to end up at the same tempo.
    parameters["rate_wpm"] = round(parameters.get("rate_wpm", PARAMETERS["rate_wpm"][3]) / shape.tract)
    return parameters, Tone(**{key: numbers[key] for key in _TONE_KEYS if key in numbers}), shape


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InputError(f"{key} is '{value}', which is no number.", "Write it as a number, such as 160.") from error


@dataclass(slots=True)
class _Reel:
    """The utterance as laid so far."""

    rate_hz: int
    pieces: list[np.ndarray] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    n_samples: int = 0

    def add(self, samples: np.ndarray, stretches: Sequence[Stretch]) -> None:
        at = self.n_samples
        self.stretches += [Stretch(s.label, s.first + at, s.end + at, s.word) for s in stretches]
        self.pieces.append(samples)
        self.n_samples += samples.size

    def silence(self, length_ms: int) -> None:
        self.add(np.zeros(round(length_ms * self.rate_hz / 1000), dtype=np.float32), ())


def _add_breath(reel: _Reel, seed: int, level: float) -> None:
    breath = breath_in(reel.rate_hz, seed, level)
    reel.silence(_BREATH_GAP_MS)
    reel.add(breath, [Stretch(BREATH, 0, breath.size)])
    reel.silence(_BREATH_GAP_MS)


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """One stretch of words as spoken, from its first phone to its last. samples: float32."""

    samples: np.ndarray
    rate_hz: int
    stretches: tuple[Stretch, ...]


def _stretches_of_words(line: Line) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """Every run of words between marks, with the index of its first spoken word in the line."""
    first = 0
    for is_word, group in groupby(line.tokens, key=lambda token: token.kind is TokenKind.WORD):
        tokens = tuple(group)
        if is_word:
            yield first, tokens
            first += sum(len(token.spoken) for token in tokens)


def _order(line: Line, said: Sequence[_Said]) -> Iterator[_Said | Token]:
    """Speech and marks as they follow; short silences at both ends where no mark asks for another."""
    if line.tokens[0].kind is TokenKind.WORD:
        yield Token(TokenKind.PAUSE, pause_ms=_LEAD_MS)
    takes = iter(said)
    for is_word, group in groupby(line.tokens, key=lambda token: token.kind is TokenKind.WORD):
        if is_word:
            yield next(takes)
        else:
            yield from group
    if line.tokens[-1].kind is not TokenKind.PAUSE:
        yield Token(TokenKind.PAUSE, pause_ms=_TAIL_MS)


class _Take:
    """A run of words written as SSML, and the way back from espeak's events to those words."""

    def __init__(self, line: Line, first_word: int, tokens: Sequence[Token], tract: float) -> None:
        self.tract = tract
        self.ssml = ""
        self.starts: list[int] = []
        self.first_word = first_word
        self.spoken = [word for token in tokens for word in token.spoken]
        for emphasis, group in groupby(tokens, key=lambda token: token.emphasis):
            self.ssml += _EMPHASIS if emphasis else ""
            for token in group:
                self._write(token)
            self.ssml += "</prosody> " if emphasis else ""
        if not tokens[-1].break_after:
            # Before a pause the voice should stay up; at the end of a line it falls as in any statement.
            self.ssml = self.ssml.rstrip() + (" ." if tokens[-1] is line.tokens[-1] else " ,")

    def _write(self, token: Token) -> None:
        letters = letter_names(token.written, token.spoken)
        for word, is_letter in zip(token.spoken, letters, strict=True):
            phones = token.phones or (letter_name("a") if is_letter and word == "a" else ())
            self.starts.append(len(self.ssml))
            self.ssml += f"[[{espeak_mnemonics(phones)}]] " if phones else f"{word} "
        if token.break_after:
            self.ssml = self.ssml.rstrip() + f"{token.break_after} "

    def listen(self, raw: RawSpeech, language: str) -> _Said:
        """Trim the recording to its phones, as float32, and name every stretch of it."""
        sounds = self._sounds(raw)
        stretches = _divide_groups(_close_stops(sounds, raw), self.spoken, language)
        stretches = merge_slivers(stretches, round(_SLIVER_MS * raw.rate_hz / 1000))
        while stretches[0].label == SILENCE:
            stretches = stretches[1:]
        while stretches[-1].label == SILENCE:
            stretches = stretches[:-1]
        first, end = stretches[0].first, stretches[-1].end
        samples = _shortened(raw.samples[first:end].astype(np.float32) / 32768, self.tract)
        own = tuple(
            Stretch(s.label, self._played(s.first - first), self._played(s.end - first), self._in_line(s.word))
            for s in stretches
        )
        return _Said(_faded(samples, round(_FADE_MS * raw.rate_hz / 1000)), raw.rate_hz, own)

    def _played(self, sample: int) -> int:
        return round(sample / self.tract)

    def _in_line(self, word: int) -> int:
        return word + self.first_word if word != NO_WORD else NO_WORD

    def _sounds(self, raw: RawSpeech) -> list[Stretch]:
        """Phoneme events as stretches, each with the word that the last word event named."""
        phonemes = [event for event in raw.events if event.kind == EventKind.PHONEME]
        ends = {id(event): after.sample for event, after in pairwise(phonemes)}
        sounds: list[Stretch] = []
        word = 0
        for event in raw.events:
            if event.kind == EventKind.WORD:
                word = max(word, bisect_right(self.starts, event.character) - 1)
                continue
            end = ends.get(id(event), raw.samples.size)
            labels = from_mnemonic(event.mnemonic)
            if sounds and is_lengthening(event.mnemonic):
                sounds[-1] = replace(sounds[-1], end=end)
            elif is_silence(event.mnemonic) or not labels:
                sounds.append(Stretch(SILENCE, event.sample, end))
            else:
                sounds += split_stretch(labels, event.sample, end, word)
        return sounds


def _divide_groups(sounds: Sequence[Stretch], spoken: Sequence[str], language: str) -> list[Stretch]:
    """espeak says "of the" as one word: share the phones of such a group among its words."""
    named = sorted({sound.word for sound in sounds if sound.word != NO_WORD})
    upto = dict(zip(named, [*named[1:], len(spoken)], strict=True))
    divided = list(sounds)
    for word in named:
        indices = [index for index, sound in enumerate(sounds) if sound.word == word]
        group = spoken[word : upto[word]]
        owners = divide_phones([sounds[index].label for index in indices], group, language)
        for index, owner in zip(indices, owners, strict=True):
            divided[index] = replace(sounds[index], word=word + owner)
    return divided


def _close_stops(sounds: Sequence[Stretch], raw: RawSpeech) -> list[Stretch]:
    """espeak's event of a stop marks its release; the silent closure before it belongs to the stop as well."""
    step = round(_CLOSURE_STEP_MS * raw.rate_hz / 1000)
    closed_below = _CLOSED_LEVEL * float(np.abs(raw.samples.astype(np.int32)).max())
    closed = list(sounds)
    for index in range(1, len(closed)):
        stop, before = closed[index], closed[index - 1]
        if stop.label not in _STOPS or before.label == SILENCE:
            continue
        earliest = max(before.first + (before.end - before.first) // 3, stop.first - _LONGEST_CLOSURE_MS * step // 5)
        start = stop.first
        while start - step >= earliest and np.abs(raw.samples[start - step : start]).max() < closed_below:
            start -= step
        closed[index - 1 : index + 1] = [replace(before, end=start), replace(stop, first=start)]
    return closed


def _shortened(samples: np.ndarray, tract: float) -> np.ndarray:
    """Play n samples `tract` times as fast: round(n / tract) samples at the old rate."""
    if tract == 1:
        return samples
    import soxr

    n = round(samples.size / tract)
    played = np.asarray(soxr.resample(samples, tract, 1.0), dtype=np.float32)
    return np.pad(played, (0, max(0, n - played.size)))[:n]


def _faded(samples: np.ndarray, n_fade: int) -> np.ndarray:
    ramp = np.linspace(0, 1, n_fade, dtype=np.float32)
    samples[:n_fade] *= ramp
    samples[-n_fade:] *= ramp[::-1]
    return samples
