"""The embedded engine: espeak-ng, whose phoneme events give exact times, with the marks of the script obeyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from av_models.domain.errors import InputError
from av_models.domain.script import Line

from .directions import directed_paces, word_directions
from .engine import Synthesis
from .espeak_library import PARAMETERS, speak
from .espeak_take import Take
from .reel import Run, Said, lay
from .tone import Tone, colour

__all__ = ["EspeakEngine", "read_settings"]

_TONE_KEYS = ("gain_db", "warmth_db", "treble_db", "room")
_SHAPE_KEYS = ("tract", "breath")
_RANGES = {
    "gain_db": (-40, 20), "warmth_db": (-20, 20), "treble_db": (-20, 20), "room": (0, 1), "tract": (0.8, 1.25),
    "breath": (0, 8),
}  # fmt: skip


class EspeakEngine:
    """Settings: variant (one of espeak's, '' for none), rate_wpm, pitch, pitch_range, word_gap, volume; then gain_db,
    warmth_db, treble_db, room (see `Tone`), tract and breath (see `_Shape`)."""

    name = "espeak"
    draws_lots = False

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
        parameters, tone, shape = read_settings(settings)
        variant = settings.get("variant", "")
        voice = f"{language.lower()}+{variant}" if variant else language.lower()

        asked = directed_paces(word_directions(line.tokens), paces)

        def say(run: Run) -> Said:
            said_at = asked[run.first_word : run.first_word + len(run.spoken)]
            take = Take(run, shape.tract, language, said_at)
            return take.listen(speak(take.ssml, voice, parameters, ipa=take.foreign))

        return lay(line, say, lambda samples, rate_hz: colour(samples, rate_hz, tone), seed, shape.breath)


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
