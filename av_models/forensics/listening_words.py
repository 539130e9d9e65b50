"""What the figures of a listening test mean, in sentences that claim no more than the wider interval allows."""

from __future__ import annotations

from typing import Any

from av_models.domain.listening import ListeningTest

__all__ = ["ENOUGH_LISTENERS", "Facts", "listening_sentences"]

Facts = dict[str, Any]

ENOUGH_LISTENERS = 20
"""ITU-R BS.1116 takes 20 for enough for most conclusions."""

_Z = 1.96
_WANTED = 0.05


def listening_sentences(test: ListeningTest, facts: Facts) -> list[str]:
    """For people, the most careful reading of the figures."""
    if not facts["n_answers"]:
        return ["Nobody has answered yet."]
    said = []
    if facts["judged"]:
        said += _judged_sentences(test, facts["judged"])
    if facts["preferred"]:
        said += _preferred_sentences(test, facts["preferred"])
    if not facts["enough"]:
        few = f"{facts['n_counted']} listener{'s' if facts['n_counted'] != 1 else ''}"
        said.append(f"Only {few}: take this for a first impression ({ENOUGH_LISTENERS} are usual, ITU-R BS.1116).")
    if facts["n_inattentive"]:
        said.append(f"{facts['n_inattentive']} of {facts['n_listeners']} listeners failed a check and are left out.")
    return said


def _judged_sentences(test: ListeningTest, judged: Facts) -> list[str]:
    real, made, right = judged["recordings"], judged["syntheses"], judged["right"]
    if not (real["n"] and made["n"]):
        return ["Too few clips were judged to compare recordings with syntheses."]
    said = [
        f"{_percent(made)} of the clips of {test.voice} were taken for recordings, of the recordings {_percent(real)}."
    ]
    low, high = _widest(right)
    if low > 0.5:
        said.append(f"Listeners can tell them apart: {_percent(right)} of the answers were right, half is guessing.")
    elif high < 0.5:
        said.append(f"Listeners took the one for the other more often than not: {_percent(right)} were right.")
    else:
        said.append(
            f"It cannot be said that listeners tell them apart: {_percent(right)} of the answers were right, and that "
            "they cannot is not shown by it, either" + _more(right)
        )
    return said


def _preferred_sentences(test: ListeningTest, preferred: Facts) -> list[str]:
    voice = preferred["voice"]
    if not voice["n"]:
        return [f"Nobody has compared {test.voice} with {test.against} yet."]
    low, high = _widest(voice)
    told = f"{test.voice} was preferred to {test.against} in {_percent(voice)} of the pairs"
    if low > 0.5 or high < 0.5:
        return [f"{told} (exact binomial test over answers: p = {voice['p']:.2g})."]
    return [f"{told}: no preference is shown" + _more(voice)]


def _percent(facts: Facts) -> str:
    low, high = _widest(facts)
    return f"{100 * facts['share']:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def _widest(facts: Facts) -> tuple[float, float]:
    """Of both intervals, the ends that claim less."""
    lows = [facts[key] for key in ("low", "listeners_low") if facts[key] is not None]
    highs = [facts[key] for key in ("high", "listeners_high") if facts[key] is not None]
    return min(lows), max(highs)


def _more(facts: Facts) -> str:
    """How many answers an interval of ±5 points would take, where there are fewer."""
    needed = round(_Z**2 * 0.25 / _WANTED**2)
    return f"; ±5 points would take about {needed} answers, and there are {facts['n']}." if facts["n"] < needed else "."
