"""Any Piper voice: weights (.onnx) and description (.onnx.json) as bytes, run by onnxruntime, durations kept.

The frames of every phoneme id are an output of the graph (`piper_graph`), so the times of the phones are exact by
construction. Phonemes come from espeak-ng, as in training.
The licence of a voice is its author's: it stands in the voice's own folder and in `Voice.licence`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Line
from av_models.domain.speech import Phone

from .directions import bent, directed_paces, word_directions
from .engine import Synthesis
from .piper_graph import REMEDY, infer, open_session, paced_graph
from .piper_reading import Description, Symbol, read_description, read_symbols, stretches_of
from .piper_timed import TimedVoice, respeak
from .reel import Run, Said, lay, trimmed
from .times import NO_WORD, Stretch

__all__ = ["PiperEngine"]

_SETTINGS = {"length_scale": (0.25, 4.0), "noise_scale": (0.0, 2.0), "noise_w": (0.0, 2.0), "breath": (0.0, 8.0)}
_SLIVER_MS = 50


class PiperEngine:
    """Settings: length_scale (over 1 is slower), noise_scale, noise_w, speaker (number or name), breath. The
    network has no handle for pitch: the melody is changed in its sound."""

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
        network, voice = _voice(weights)
        scales, speaker, breath = _read_settings(settings, voice)
        # The state of the noise generator lives in the session: a session for each line makes the seed mean something.
        session = open_session(paced_graph(network, seed))
        directions = word_directions(line.tokens, emphasised=True)
        asked = directed_paces(directions, paces)

        def say(run: Run) -> Said:
            symbols = read_symbols(run, voice, language)
            ids = [number for symbol in symbols for number in symbol.ids]
            said_at = asked[run.first_word : run.first_word + len(run.spoken)]
            samples, ends = infer(session, ids, _slowness(symbols, said_at), scales, speaker)
            stretches = stretches_of(symbols, ends, round(_SLIVER_MS * voice.rate_hz / 1000))
            return trimmed(_directed(samples, run, stretches, voice.rate_hz), voice.rate_hz, stretches)

        return lay(line, say, lambda samples, _: samples, seed, breath, directions)

    def respeak(
        self,
        line: Line,
        phones: Sequence[Phone],
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
    ) -> Synthesis:
        """As `TimedEngine`: every phone starts within half a frame of the network, 256 samples, of where it should."""
        network, voice = _voice(weights)
        scales, speaker, breath = _read_settings(settings, voice)
        session = open_session(paced_graph(network, seed))
        timed = TimedVoice(session, voice, language, scales, speaker, breath, _directed)
        return respeak(timed, line, phones, seed)


def _voice(weights: Sequence[bytes]) -> tuple[bytes, Description]:
    """The network, and what it reads and says."""
    if len(weights) != 2:
        raise ModelError(f"A Piper voice has two files, not {len(weights)}.", REMEDY)
    network, description = weights
    return network, read_description(description)


def _read_settings(settings: Mapping[str, str], voice: Description) -> tuple[np.ndarray, int | None, float]:
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


def _speaker(name: str, voice: Description) -> int | None:
    if voice.n_speakers < 2:
        return None
    number = voice.speakers.get(name, int(name) if name.isdecimal() else -1)
    if not 0 <= number < voice.n_speakers:
        known = ", ".join(sorted(voice.speakers)) or f"0 to {voice.n_speakers - 1}"
        raise InputError(f"The Piper voice has no speaker '{name}'.", f"Known speakers: {known}.")
    return number


def _slowness(symbols: Sequence[Symbol], paces: Sequence[float]) -> np.ndarray:
    """float32 (t,): how many times as long every id lasts as of its own accord. paces: of the run's words, or none."""
    slow = [1 / paces[s.word] if paces and s.word != NO_WORD else 1.0 for s in symbols for _ in s.ids]
    return np.array(slow, dtype=np.float32)


def _directed(samples: np.ndarray, run: Run, stretches: Sequence[Stretch], rate_hz: int) -> np.ndarray:
    return bent(samples, run.tokens, stretches, rate_hz, emphasised=True)
