"""Any Piper voice: weights (.onnx) and description (.onnx.json) as bytes, run by onnxruntime, durations kept.

The frames of every phoneme id are an output of the graph (`piper_graph`), so the times of the phones are exact by
construction. Phonemes come from espeak-ng, as in training.
The licence of a voice is its author's: it stands in the voice's own folder and in `Voice.licence`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE

from .engine import Synthesis
from .espeak_library import transcribe
from .espeak_phones import to_ipa
from .ipa import Sound, prolonged, read_ipa
from .normalise import letter_names, with_capitals
from .phones import letter_name
from .piper_graph import REMEDY, infer, open_session, paced_graph
from .reel import Run, Said, lay, trimmed
from .times import NO_WORD, Stretch, divide_phones, merge_slivers, split_stretch

__all__ = ["PiperEngine"]

_BEGIN, _PAD, _END = "^", "_", "$"
_SCALES = {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8}
_SETTINGS = {"length_scale": (0.25, 4.0), "noise_scale": (0.0, 2.0), "noise_w": (0.0, 2.0), "breath": (0.0, 8.0)}
_SLIVER_MS = 50
_EMPHASIS_GAIN = 1.35
_EMPHASIS_RAMP_MS = 20


class PiperEngine:
    """Settings: length_scale (over 1 is slower), noise_scale, noise_w, speaker (number or name), breath. Emphasis is
    loudness only: the network has no handle for pitch."""

    name = "piper"

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
        """As `PacedEngine`: the network's own duration of every sound is divided by the pace of its word."""
        if len(weights) != 2:
            raise ModelError(f"A Piper voice has two files, not {len(weights)}.", REMEDY)
        network, description = weights
        voice = _read_description(description)
        scales, speaker, breath = _read_settings(settings, voice)
        # The state of the noise generator lives in the session: a session for each line makes the seed mean something.
        session = open_session(paced_graph(network, seed))

        def say(run: Run) -> Said:
            symbols = _symbols(run, voice, language)
            ids = [number for symbol in symbols for number in symbol.ids]
            said_at = paces[run.first_word : run.first_word + len(run.spoken)]
            samples, ends = infer(session, ids, _slowness(symbols, said_at), scales, speaker)
            stretches = _stretches(symbols, ends, round(_SLIVER_MS * voice.rate_hz / 1000))
            return trimmed(_emphasised(samples, run, stretches, voice.rate_hz), voice.rate_hz, stretches)

        return lay(line, say, lambda samples, _: samples, seed, breath)


@dataclass(frozen=True, slots=True)
class _Description:
    rate_hz: int
    espeak_voice: str
    ids: Mapping[str, Sequence[int]]
    scales: Mapping[str, float]
    n_speakers: int
    speakers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Symbol:
    """One sound or sign. ids: with the padding after each. labels: ARPAbet, () for signs. word: in the run.

    ipa: one for each label where the language is not English.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    word: int
    pause: bool = False
    ipa: tuple[str, ...] = ()


def _read_description(data: bytes) -> _Description:
    try:
        raw = json.loads(data)
        if raw.get("phoneme_type", "espeak") != "espeak":
            raise ModelError(f"This Piper voice reads {raw['phoneme_type']} and not espeak phonemes.", REMEDY)
        return _Description(
            rate_hz=int(raw["audio"]["sample_rate"]),
            espeak_voice=str(raw["espeak"]["voice"]),
            ids={str(symbol): list(map(int, ids)) for symbol, ids in raw["phoneme_id_map"].items()},
            scales={**_SCALES, **{key: float(raw.get("inference", {}).get(key, _SCALES[key])) for key in _SCALES}},
            n_speakers=int(raw.get("num_speakers", 1)),
            speakers={str(name): int(number) for name, number in raw.get("speaker_id_map", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"The Piper voice's description is damaged: {error!r}.", REMEDY) from error


def _read_settings(settings: Mapping[str, str], voice: _Description) -> tuple[np.ndarray, int | None, float]:
    """float32 (3,) of noise_scale, length_scale and noise_w; the speaker's number; the level of breaths."""
    numbers: dict[str, float] = dict(voice.scales)
    for key, value in settings.items():
        if key == "speaker":
            continue
        if key not in _SETTINGS:
            raise InputError(f"The piper engine has no setting '{key}'.", f"It knows {', '.join(_SETTINGS)}, speaker.")
        least, most = _SETTINGS[key]
        if not re.fullmatch(r"\d*\.?\d+", value.strip()) or not least <= float(value) <= most:
            raise InputError(f"{key} is '{value}'.", f"Choose a number from {least:g} to {most:g}.")
        numbers[key] = float(value)
    scales = np.array([numbers["noise_scale"], numbers["length_scale"], numbers["noise_w"]], dtype=np.float32)
    return scales, _speaker(settings.get("speaker", "0"), voice), numbers.get("breath", 1.0)


def _speaker(name: str, voice: _Description) -> int | None:
    if voice.n_speakers < 2:
        return None
    number = voice.speakers.get(name, int(name) if name.isdecimal() else -1)
    if not 0 <= number < voice.n_speakers:
        known = ", ".join(sorted(voice.speakers)) or f"0 to {voice.n_speakers - 1}"
        raise InputError(f"The Piper voice has no speaker '{name}'.", f"Known speakers: {known}.")
    return number


def _slowness(symbols: Sequence[_Symbol], paces: Sequence[float]) -> np.ndarray:
    """float32 (t,): how many times as long every id lasts as of its own accord. paces: of the run's words, or none."""
    slow = [1 / paces[s.word] if paces and s.word != NO_WORD else 1.0 for s in symbols for _ in s.ids]
    return np.array(slow, dtype=np.float32)


def _symbols(run: Run, voice: _Description, language: str) -> list[_Symbol]:
    """What the network reads for a run: begin, the sounds and signs of each word, punctuation, end."""
    pad = tuple(voice.ids.get(_PAD, (0,)))

    def signs(text: str) -> tuple[int, ...]:
        return tuple(n for sign in text for number in voice.ids.get(sign, ()) for n in (number, *pad))

    symbols = [_Symbol((*voice.ids.get(_BEGIN, ()), *pad), (), NO_WORD, pause=True)]
    for words, ipa, mark in _clauses(run, voice.espeak_voice, language):
        symbols += _clause_symbols(words, ipa, signs, language)
        symbols.append(_Symbol(signs(f"{mark} " if mark else " "), (), NO_WORD, pause=True))
    symbols.append(_Symbol(tuple(voice.ids.get(_END, ())), (), NO_WORD, pause=True))
    if not any(symbol.labels and symbol.ids for symbol in symbols):
        raise ModelError("The Piper voice knows none of these sounds.", REMEDY)
    return symbols


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


def _clause_symbols(words: Sequence[tuple[int, str]], ipa: str, signs: Any, language: str) -> list[_Symbol]:
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
        symbols.append(_Symbol(ids, sound.phones, owned[0] if owned else NO_WORD, ipa=sound.ipa))
    return symbols


def _stretches(symbols: Sequence[_Symbol], ends: np.ndarray, shortest: int) -> list[Stretch]:
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


def _emphasised(samples: np.ndarray, run: Run, stretches: Sequence[Stretch], rate_hz: int) -> np.ndarray:
    """Raise the words between asterisks, with soft edges."""
    emphasis = [token.emphasis for token in run.tokens for _ in token.spoken]
    if not any(emphasis):
        return samples
    gain = np.ones(samples.size, dtype=np.float32)
    for stretch in stretches:
        if stretch.word != NO_WORD and emphasis[stretch.word]:
            gain[stretch.first : stretch.end] = _EMPHASIS_GAIN
    n = max(1, round(_EMPHASIS_RAMP_MS * rate_hz / 1000))
    smooth = np.convolve(np.pad(gain, n, mode="edge"), np.ones(n, dtype=np.float32) / n, mode="same")[n : n + gain.size]
    return np.asarray(np.clip(samples * smooth, -1, 1), dtype=np.float32)
