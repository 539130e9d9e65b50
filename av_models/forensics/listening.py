"""What the answers to a listening test say, with how sure one can be of it.

Two intervals stand beside each share. Wilson's takes every answer for itself and is too narrow where listeners differ.
The other one draws whole listeners anew (bootstrap): what would change with other people. It needs a few of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.listening import RECORDING, SYNTHESIS, ListeningTest, Part, Trial

from .listening_words import ENOUGH_LISTENERS, Facts, listening_sentences

__all__ = ["Heard", "judge_answers", "sensitivity", "share"]

Counts = NDArray[np.float64]

_LEAST_TO_DRAW = 5
_LEVEL = 0.95
_Z = 1.959964
_N_DRAWS = 2000
_SEED = 7
_TONES_RIGHT = 5
"""Of six, as Woods et al. 2017 ask for; of another number, the same share."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The answers of one listener. answers: with their trials, in order.  done: up to the last."""

    number: int
    answers: tuple[tuple[Trial, str], ...]
    done: bool

    def of(self, part: Part) -> list[tuple[Trial, str]]:
        return [(trial, answer) for trial, answer in self.answers if trial.part is part]

    @property
    def attentive(self) -> bool:
        """Every check so far was answered as it asks."""
        return all(answer == trial.truth for trial, answer in self.of(Part.CHECK))


def judge_answers(test: ListeningTest, listeners: Sequence[Heard]) -> Facts:
    """All figures as JSON values. Listeners who failed a check are counted and left out of everything else."""
    came = [one for one in listeners if one.answers]
    counted = [one for one in came if one.attentive]
    facts: Facts = {
        "n_listeners": len(came),
        "n_counted": len(counted),
        "n_inattentive": len(came) - len(counted),
        "n_complete": sum(one.done for one in counted),
        "n_answers": sum(len(one.of(Part.JUDGE)) + len(one.of(Part.PREFER)) for one in counted),
        "enough": len(counted) >= ENOUGH_LISTENERS,
        "headphones": _headphones(counted) if test.of(Part.HEADPHONES) else None,
        "judged": _judged(test, counted) if test.of(Part.JUDGE) else None,
        "preferred": _preferred(test, counted) if test.of(Part.PREFER) else None,
    }
    return facts | {"sentences": listening_sentences(test, facts)}


def share(by_listener: Sequence[tuple[int, int]]) -> Facts:
    """k of n with both intervals. by_listener: (k, n) of each.  Figures that cannot be had are None."""
    from scipy.stats import binomtest

    counts = np.array([pair for pair in by_listener if pair[1]], float).reshape(-1, 2)
    k, n = (int(total) for total in counts.sum(axis=0))
    facts: Facts = {"k": k, "n": n, "share": None, "low": None, "high": None, "listeners_low": None}
    facts |= {"listeners_high": None, "p": None}
    if n:
        test = binomtest(k, n, 0.5)
        wilson = test.proportion_ci(_LEVEL, method="wilson")
        facts |= {"share": k / n, "low": float(wilson.low), "high": float(wilson.high), "p": float(test.pvalue)}
        facts["listeners_low"], facts["listeners_high"] = _drawn(counts, _pooled)
    return facts


def sensitivity(recordings: Sequence[tuple[int, int]], syntheses: Sequence[tuple[int, int]]) -> Facts:
    """d' and criterion of telling recordings (signal) from syntheses (noise).

    Both: (judged a recording, n) by listener.
    Counts get 1/2 and 1, so that perfect ones stay finite (Hautus 1995); low and high are the approximation of
    Gourevitch and Galanter 1967 over answers. d' of 0 is guessing, 1 about 69 % right, 2 about 84 %.
    """
    from scipy.stats import norm

    counts = np.array([(*one, *other) for one, other in zip(recordings, syntheses, strict=True)], float).reshape(-1, 4)
    k_hit, n_hit, k_false, n_false = counts.sum(axis=0)
    facts: Facts = dict.fromkeys(("d_prime", "low", "high", "listeners_low", "listeners_high", "criterion"))
    if not (n_hit and n_false):
        return facts
    hits, alarms = (k_hit + 0.5) / (n_hit + 1), (k_false + 0.5) / (n_false + 1)
    z_hit, z_false = norm.ppf(hits), norm.ppf(alarms)
    variance = hits * (1 - hits) / (n_hit * norm.pdf(z_hit) ** 2)
    variance += alarms * (1 - alarms) / (n_false * norm.pdf(z_false) ** 2)
    d_prime, off = float(z_hit - z_false), _Z * float(np.sqrt(variance))
    facts |= {"d_prime": d_prime, "low": d_prime - off, "high": d_prime + off}
    facts["listeners_low"], facts["listeners_high"] = _drawn(counts, _d_prime)
    return facts | {"criterion": float(-(z_hit + z_false) / 2)}


def _drawn(counts: Counts, figure: Any) -> tuple[float | None, float | None]:
    """Percentile interval of a figure over listeners, each a row; None with too few of them."""
    from scipy.stats import bootstrap

    if len(counts) < _LEAST_TO_DRAW:
        return None, None
    found = bootstrap(
        tuple(counts.T), figure, n_resamples=_N_DRAWS, vectorized=True, paired=True, confidence_level=_LEVEL,
        method="percentile", rng=np.random.default_rng(_SEED),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


def _pooled(k: Counts, n: Counts, axis: int = -1) -> Counts:
    return np.asarray(k.sum(axis=axis) / np.maximum(n.sum(axis=axis), 1))


def _d_prime(k_hit: Counts, n_hit: Counts, k_false: Counts, n_false: Counts, axis: int = -1) -> Counts:
    from scipy.stats import norm

    hits = (k_hit.sum(axis=axis) + 0.5) / (n_hit.sum(axis=axis) + 1)
    alarms = (k_false.sum(axis=axis) + 0.5) / (n_false.sum(axis=axis) + 1)
    return np.asarray(norm.ppf(hits) - norm.ppf(alarms))


def _judged(test: ListeningTest, listeners: Sequence[Heard]) -> Facts:
    called = {kind: [_count(one, kind, RECORDING) for one in listeners] for kind in (RECORDING, SYNTHESIS)}
    right = [
        (k_real + n_false - k_false, n_real + n_false)
        for (k_real, n_real), (k_false, n_false) in zip(called[RECORDING], called[SYNTHESIS], strict=True)
    ]
    tally: Mapping[tuple[str, str], list[bool]] = _tally(listeners, Part.JUDGE)
    clips = [
        {"text": item.text, "file": clip.file, "truth": clip.key, **_small(tally[item.id, clip.key])}
        for item in test.of(Part.JUDGE)
        for clip in item.clips
    ]
    return {
        "recordings": share(called[RECORDING]),
        "syntheses": share(called[SYNTHESIS]),
        "right": share(right),
        "sensitivity": sensitivity(called[RECORDING], called[SYNTHESIS]),
        "clips": clips,
    }


def _count(listener: Heard, kind: str, answer: str) -> tuple[int, int]:
    given = [said for trial, said in listener.of(Part.JUDGE) if trial.truth == kind]
    return given.count(answer), len(given)


def _tally(listeners: Sequence[Heard], part: Part) -> Mapping[tuple[str, str], list[bool]]:
    """By item and key of the clip: was it judged a recording, or, of a preference, was it chosen?"""
    tally: Mapping[tuple[str, str], list[bool]] = defaultdict(list)
    for listener in listeners:
        for trial, answer in listener.of(part):
            for key in trial.shown:
                wanted = key if part is Part.PREFER else RECORDING
                tally[trial.item, key].append(trial.chosen(answer) == wanted)
    return tally


def _small(said: Sequence[bool]) -> Facts:
    """Of one clip: counts and Wilson's interval."""
    facts = share([(sum(said), len(said))])
    return {key: facts[key] for key in ("k", "n", "share", "low", "high")}


def _preferred(test: ListeningTest, listeners: Sequence[Heard]) -> Facts:
    chosen = [[trial.chosen(answer) == test.voice for trial, answer in one.of(Part.PREFER)] for one in listeners]
    firsts = [[trial.chosen(answer) == trial.shown[0] for trial, answer in one.of(Part.PREFER)] for one in listeners]
    tally = _tally(listeners, Part.PREFER)
    pairs = [
        {"text": item.text, "file": item.file(test.voice), **_small(tally[item.id, test.voice])}
        for item in test.of(Part.PREFER)
    ]
    return {
        "voice": share([(sum(one), len(one)) for one in chosen]),
        # Listeners who cannot tell choose what came first, or last: then this strays from one half.
        "first": share([(sum(one), len(one)) for one in firsts]),
        "pairs": pairs,
    }


def _headphones(listeners: Sequence[Heard]) -> Facts:
    """Who told the softest of three tones as only headphones let one tell it."""
    done = [one.of(Part.HEADPHONES) for one in listeners]
    marks = [sum(answer == trial.truth for trial, answer in one) / len(one) for one in done if one]
    return {"n": len(marks), "n_passed": sum(mark >= _TONES_RIGHT / 6 - 1e-9 for mark in marks)}
