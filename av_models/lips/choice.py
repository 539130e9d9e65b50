"""Which way to fit each phrase, and why, in a sentence with the numbers that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from ..domain.edit import Fit, Lips
from ..domain.speech import Alignment
from ..speech.imposed import PACE_LIMITS
from .guide import Guide
from .phrases import Phrase
from .picture_path import SPEED_LIMITS
from .sound_map import RATE_LIMITS

__all__ = ["Choice", "choose_fit"]

_LITTLE_BEYOND, _MOST_BEYOND = 0.3, 0.5
"""The share of a phrase that may lie beyond the limits: words that are over in a moment. Up to the first nothing else
is considered, beyond the second the lips are driven."""


@dataclass(frozen=True, slots=True)
class Choice:
    """fit: never AUTO. reason: a sentence for the user."""

    fit: Fit
    reason: str


def choose_fit(alignment: Alignment, phrase: Phrase, guide: Guide | None, fit: Fit, lips: Lips, paced: bool) -> Choice:
    """guide: None where nothing of the picture can be followed.  paced: the voice can say words faster and slower."""
    if fit is Fit.DRIVE or (fit is Fit.AUTO and lips is Lips.DRIVE):
        return Choice(Fit.DRIVE, "The lips follow the speech, as asked.")
    if guide is None:
        return _unguided(fit, lips)
    if not guide.said:
        return _dubbed(phrase, guide, fit, lips)
    both = f"The actor says this in {guide.duration_s:.2f} s, the voice in {float(phrase.duration):.2f} s"
    if fit in (Fit.PICTURE, Fit.SOUND):
        what = "sound is conformed to the picture" if fit is Fit.PICTURE else "picture is retimed to the sound"
        return Choice(fit, f"{both}; the {what}, as asked.")
    return _weighed(alignment, phrase, guide, lips, paced, both)


def _unguided(fit: Fit, lips: Lips) -> Choice:
    if fit is Fit.AUTO and lips is Lips.AUTO:
        return Choice(Fit.DRIVE, "The actor does not say these words, so the speech drives the lips.")
    keep = Fit.SOUND if fit is Fit.SOUND else Fit.PICTURE
    return Choice(
        keep,
        "No movement of the actor's mouth is left for these words: the lips do not say them.",
    )


def _dubbed(phrase: Phrase, guide: Guide, fit: Fit, lips: Lips) -> Choice:
    if fit is Fit.AUTO and lips is Lips.AUTO:
        return Choice(Fit.DRIVE, "The actor says something else, so the speech drives the lips.")
    both = f"the actor's mouth moves for {guide.duration_s:.2f} s, the voice needs {float(phrase.duration):.2f} s"
    if fit is Fit.SOUND:
        return Choice(fit, f"The actor says something else: {both}; the picture is retimed to begin and end with it.")
    return Choice(
        Fit.PICTURE, f"The actor says something else: {both}; the sound is conformed to begin and end with it."
    )


def _weighed(alignment: Alignment, phrase: Phrase, guide: Guide, lips: Lips, paced: bool, both: str) -> Choice:
    """Whichever is distorted less; the speech drives the lips where both would be distorted too much."""
    least, most = PACE_LIMITS if paced else RATE_LIMITS
    stretch = _stretches(alignment, phrase, guide)
    sound = _share_beyond(stretch, least, most)
    picture = _share_beyond([(1 / rate, length) for rate, length in stretch], *SPEED_LIMITS)
    within = f"{100 * (1 - sound):.0f} % of the words within {least:.2f} to {most:.2f} of the voice's own speed"
    if sound <= _LITTLE_BEYOND or sound <= min(picture, _MOST_BEYOND):
        return Choice(Fit.PICTURE, f"{both}: the picture is left alone and the sound conformed, {within}.")
    shown = f"{100 * (1 - picture):.0f} % of the picture within {SPEED_LIMITS[0]:.1f} to {SPEED_LIMITS[1]:.1f}"
    if picture <= _MOST_BEYOND or lips is Lips.KEEP:
        return Choice(Fit.SOUND, f"{both}, only {within}: the picture is retimed instead, {shown} of its own speed.")
    return Choice(
        Fit.DRIVE, f"{both}, only {within} and {shown} of its own speed: too far apart, the speech drives the lips."
    )


def _stretches(alignment: Alignment, phrase: Phrase, guide: Guide) -> list[tuple[float, float]]:
    """(how many times as fast as of its own accord the voice must be, seconds) between neighbouring moments."""
    seen: Sequence[tuple[float, float]] = [(moment.spoken_s, moment.footage_s) for moment in guide.moments]
    joined = [seen[0]]
    for spoken_s, footage_s in seen[1:]:
        if spoken_s - joined[-1][0] >= _SHORTEST_S:
            joined.append((spoken_s, footage_s))
    if len(joined) > 1 and joined[-1] != seen[-1]:
        joined[-1] = seen[-1]
    return [((b[0] - a[0]) / (b[1] - a[1]) if b[1] > a[1] else inf, b[0] - a[0]) for a, b in pairwise(joined)]


_SHORTEST_S = 0.25


def _share_beyond(stretches: Sequence[tuple[float, float]], least: float, most: float) -> float:
    whole = sum(length for _, length in stretches)
    beyond = sum(length for rate, length in stretches if not least <= rate <= most)
    return beyond / whole if whole else 0.0
