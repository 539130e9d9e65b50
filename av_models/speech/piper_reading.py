"""What the network of a Piper voice reads: its description, and the words of a run as its phoneme ids."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from av_models.domain.errors import ModelError
from av_models.domain.speech import SILENCE

from .espeak_library import transcribe
from .espeak_phones import to_ipa
from .ipa import Sound, prolonged, read_ipa
from .normalise import letter_names, with_capitals
from .phones import letter_name
from .piper_graph import REMEDY
from .reel import Run
from .times import NO_WORD, Stretch, divide_phones, merge_slivers, split_stretch

__all__ = ["Description", "Symbol", "pad_of", "read_description", "read_symbols", "signs_of", "stretches_of"]

_BEGIN, _PAD, _END = "^", "_", "$"
_SCALES = {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8}


@dataclass(frozen=True, slots=True)
class Description:
    rate_hz: int
    espeak_voice: str
    ids: Mapping[str, Sequence[int]]
    scales: Mapping[str, float]
    n_speakers: int
    speakers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One sound or sign. ids: with the padding after each. labels: ARPAbet, () for signs. word: in the run.

    ipa: one for each label where the language is not English.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    word: int
    pause: bool = False
    ipa: tuple[str, ...] = ()


def read_description(data: bytes) -> Description:
    try:
        raw = json.loads(data)
        if raw.get("phoneme_type", "espeak") != "espeak":
            raise ModelError(f"This Piper voice reads {raw['phoneme_type']} and not espeak phonemes.", REMEDY)
        return Description(
            rate_hz=int(raw["audio"]["sample_rate"]),
            espeak_voice=str(raw["espeak"]["voice"]),
            ids={str(symbol): list(map(int, ids)) for symbol, ids in raw["phoneme_id_map"].items()},
            scales={**_SCALES, **{key: float(raw.get("inference", {}).get(key, _SCALES[key])) for key in _SCALES}},
            n_speakers=int(raw.get("num_speakers", 1)),
            speakers={str(name): int(number) for name, number in raw.get("speaker_id_map", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"The Piper voice's description is damaged: {error!r}.", REMEDY) from error


def read_symbols(run: Run, voice: Description, language: str) -> list[Symbol]:
    """What the network reads for a run: begin, the sounds and signs of each word, punctuation, end."""
    pad = pad_of(voice)

    def signs(text: str) -> tuple[int, ...]:
        return signs_of(voice, text)

    symbols = [Symbol((*voice.ids.get(_BEGIN, ()), *pad), (), NO_WORD, pause=True)]
    for words, ipa, mark in _clauses(run, voice.espeak_voice, language):
        symbols += _clause_symbols(words, ipa, signs, language)
        symbols.append(Symbol(signs(f"{mark} " if mark else " "), (), NO_WORD, pause=True))
    symbols.append(Symbol(tuple(voice.ids.get(_END, ())), (), NO_WORD, pause=True))
    if not any(symbol.labels and symbol.ids for symbol in symbols):
        raise ModelError("The Piper voice knows none of these sounds.", REMEDY)
    return symbols


def pad_of(voice: Description) -> tuple[int, ...]:
    """What stands behind every id."""
    return tuple(voice.ids.get(_PAD, (0,)))


def signs_of(voice: Description, text: str) -> tuple[int, ...]:
    """The ids of the characters that the voice knows, each with its padding."""
    pad = pad_of(voice)
    return tuple(n for sign in text for number in voice.ids.get(sign, ()) for n in (number, *pad))


def _clauses(run: Run, espeak_voice: str, language: str) -> list[tuple[tuple[tuple[int, str], ...], str, str]]:
    """((index, word), ...), IPA and closing punctuation of every stretch that espeak may read in one go."""
    clauses: list[tuple[tuple[tuple[int, str], ...], str, str]] = []
    words: list[tuple[int, str]] = []
    index = 0

    def close(mark: str, ipa: str = "") -> None:
        if words:
            said = ipa or re.sub(r"\([a-z-]+\)", "", transcribe(" ".join(word for _, word in words), espeak_voice))
            clauses.append((tuple(words), unicodedata.normalize("NFD", said), mark))
            words.clear()

    for token in run.tokens:
        letters = letter_names(token.written, token.spoken)
        words_said = with_capitals(token.written, token.spoken, language)
        for word, is_letter in zip(words_said, letters, strict=True):
            article = is_letter and word == "a" and language.lower().startswith("en")
            given = token.phones or (letter_name("a") if article else ())
            if given:
                close("")
            words.append((index, word))
            index += 1
            if given:
                close("", to_ipa(given))
        if token.break_after:
            if words:
                close(token.break_after)
            else:
                clauses[-1] = (*clauses[-1][:2], token.break_after)
    close("." if run.last else ",")
    return clauses


def _clause_symbols(words: Sequence[tuple[int, str]], ipa: str, signs: Any, language: str) -> list[Symbol]:
    """Sounds with the word that owns each; stress goes with what follows it, length and accents with what precedes."""
    sounds: list[Sound] = []
    stress = ""
    for sound in read_ipa(unicodedata.normalize("NFC", ipa), language):
        if sound.phones or sound.text.isspace():
            sounds.append(replace(sound, text=stress + sound.text))
            stress = ""
        elif sound.text in "ˈˌ":
            stress = sound.text
        elif sounds:
            sounds[-1] = prolonged(sounds[-1], sound.text)
    phones = [phone for sound in sounds for phone in sound.phones]
    owners = iter(divide_phones(phones, [word for _, word in words], language))
    symbols = []
    for sound in sounds:
        owned = [words[next(owners)][0] for _ in sound.phones]
        ids = signs(unicodedata.normalize("NFD", sound.text))
        symbols.append(Symbol(ids, sound.phones, owned[0] if owned else NO_WORD, ipa=sound.ipa))
    return symbols


def stretches_of(symbols: Sequence[Symbol], ends: np.ndarray, shortest: int) -> list[Stretch]:
    """Ids to samples. A space belongs to the sound before it; what punctuation lasts is silence when it is long."""
    stretches: list[Stretch] = []
    n_ids = first = 0
    for symbol in symbols:
        n_ids += len(symbol.ids)
        end = int(ends[n_ids - 1]) if n_ids else 0
        if end > first and symbol.labels:
            stretches += split_stretch(symbol.labels, first, end, symbol.word, symbol.ipa)
        elif end > first and (symbol.pause or not stretches):
            stretches.append(Stretch(SILENCE, first, end))
        elif end > first:
            stretches[-1] = replace(stretches[-1], end=end)
        first = end
    return merge_slivers(stretches, shortest)
