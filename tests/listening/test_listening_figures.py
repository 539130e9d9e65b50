"""What the answers say: figures against published ones, and sentences that claim no more."""

from __future__ import annotations

import json
from itertools import cycle

import pytest
from listening_made import VOICE, made_test

from av_models.domain.listening import FIRST, RECORDING, SECOND, SYNTHESIS, ListeningTest, Part, Trial, plan_of
from av_models.forensics.listening import Heard, judge_answers, sensitivity, share

TEST = made_test(n_judged=8, n_checks=1, n_pairs=4, n_tones=6)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe_1998(k: int, n: int, low: float, high: float) -> None:
    found = share([(k, n)])
    assert (found["low"], found["high"]) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_exact_test_counts_coins() -> None:
    assert share([(3, 4), (5, 6)])["p"] == pytest.approx(2 * (45 + 10 + 1) / 2**10)
    assert share([]) == dict.fromkeys(share([])) | {"k": 0, "n": 0}


def test_listeners_who_differ_widen_the_interval_over_listeners() -> None:
    """The same 60 of 120 answers: from twelve who agree, and from six who are always right and six who never are."""
    alike, apart = share([(5, 10)] * 12), share([(10, 10)] * 6 + [(0, 10)] * 6)
    assert (alike["low"], alike["high"]) == (apart["low"], apart["high"])
    assert apart["listeners_high"] - apart["listeners_low"] > 2 * (apart["high"] - apart["low"])
    assert alike["listeners_high"] - alike["listeners_low"] < 0.01
    assert share([(5, 10)] * 4)["listeners_low"] is None


def test_sensitivity_is_that_of_the_tables() -> None:
    """84.1 % hits and 15.9 % false alarms are one standard deviation to either side: d' = 2, no bias."""
    found = sensitivity([(8413, 10_000)], [(1587, 10_000)])
    assert found["d_prime"] == pytest.approx(2.0, abs=2e-3) and found["criterion"] == pytest.approx(0, abs=1e-3)
    assert found["low"] < 2 < found["high"] and found["high"] - found["low"] < 0.1
    perfect = sensitivity([(10, 10)], [(0, 10)])
    assert 3 < perfect["d_prime"] < 4 and perfect["high"] < 6
    assert sensitivity([(3, 3)], [(0, 0)])["d_prime"] is None


def answers_of(test: ListeningTest, number: int, skill: str, attentive: bool = True, n_most: int = 99) -> Heard:
    """skill: 'right' always is, 'guess' is right about every second clip; both prefer the tested voice."""
    lots = cycle((RECORDING, SYNTHESIS) if number % 2 else (SYNTHESIS, RECORDING))
    plan = plan_of(test, number)

    def said(trial: Trial) -> str:
        if trial.part is Part.PREFER:
            return FIRST if trial.shown[0] == VOICE else SECOND
        if trial.part is Part.CHECK:
            return trial.truth if attentive else "recording" if trial.truth == "synthesis" else "synthesis"
        return trial.truth if skill == "right" or trial.part is Part.HEADPHONES else next(lots)

    given = tuple((trial, said(trial)) for trial in plan[:n_most])
    return Heard(number, given, len(given) == len(plan))


def test_sharp_ears_and_a_clear_preference_are_told() -> None:
    facts = judge_answers(TEST, [answers_of(TEST, number, "right") for number in range(24)])
    json.dumps(facts, allow_nan=False)
    judged = facts["judged"]
    assert judged["recordings"]["share"] == 1 and judged["syntheses"]["share"] == 0 and judged["right"]["n"] == 24 * 8
    assert {one["n"] for one in judged["clips"]} == {12}  # every clip equally often
    assert [one["share"] for one in judged["clips"][:2]] == [1, 0]
    assert facts["preferred"]["voice"]["k"] == 24 * 4 and facts["preferred"]["first"]["share"] == pytest.approx(0.5)
    assert facts["headphones"] == {"n": 24, "n_passed": 24} and facts["enough"]
    assert "can tell them apart" in facts["sentences"][1] and "was preferred" in facts["sentences"][2]
    assert len(facts["sentences"]) == 3


def test_guessing_is_not_called_a_success_of_the_voice() -> None:
    facts = judge_answers(TEST, [answers_of(TEST, number, "guess") for number in range(6)])
    told = " ".join(facts["sentences"])
    assert "cannot be said that listeners tell them apart" in told and "is not shown" in told
    assert "Only 6 listeners" in told and not facts["enough"]


def test_who_does_not_listen_is_left_out_and_who_stopped_is_not() -> None:
    people = [
        answers_of(TEST, 0, "right", attentive=False),
        answers_of(TEST, 1, "right"),
        answers_of(TEST, 2, "right", n_most=9),
    ]
    facts = judge_answers(TEST, [*people, Heard(3, (), False)])
    assert (facts["n_listeners"], facts["n_counted"], facts["n_complete"]) == (3, 2, 1)
    assert facts["judged"]["right"]["n"] == 8 + sum(trial.part is Part.JUDGE for trial in plan_of(TEST, 2)[:9])
    assert "1 of 3 listeners failed a check" in facts["sentences"][-1]


def test_no_answers_are_no_result() -> None:
    facts = judge_answers(TEST, [])
    assert facts["sentences"] == ["Nobody has answered yet."] and facts["judged"]["recordings"]["share"] is None
