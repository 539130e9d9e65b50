"""Who hears what in which order: repeatable, balanced, and never the same text twice."""

from __future__ import annotations

from collections import Counter

import pytest
from listening_made import OTHER, VOICE, made_test

from av_models.domain.listening import RECORDING, SYNTHESIS, Part, Trial, plan_of

TEST = made_test(n_judged=9, n_checks=2, n_pairs=6, n_tones=3)


def of(part: Part, plan: tuple[Trial, ...]) -> list[Trial]:
    return [trial for trial in plan if trial.part is part]


def test_a_plan_is_the_same_for_the_same_listener_and_another_for_others() -> None:
    assert plan_of(TEST, 4) == plan_of(made_test(9, 2, 6, 3), 4)
    assert len({plan_of(TEST, number) for number in range(20)}) == 20
    assert plan_of(TEST, 4) != plan_of(made_test(9, 2, 6, 3, seed=8), 4)


@pytest.mark.parametrize("number", range(6))
def test_nobody_meets_a_text_twice_and_everything_is_asked_once(number: int) -> None:
    plan = plan_of(TEST, number)
    assert Counter(trial.item for trial in plan) == Counter(item.id for item in TEST.items)


@pytest.mark.parametrize("number", (0, 2, 8))
def test_the_next_listener_hears_the_other_half(number: int) -> None:
    one, other = plan_of(TEST, number), plan_of(TEST, number + 1)
    heard = Counter((trial.item, trial.shown) for plan in (one, other) for trial in of(Part.JUDGE, plan))
    assert set(heard.values()) == {1} and len(heard) == 18
    sides = Counter((trial.item, trial.shown) for plan in (one, other) for trial in of(Part.PREFER, plan))
    assert set(sides.values()) == {1} and {shown for _, shown in sides} == {(VOICE, OTHER), (OTHER, VOICE)}
    kinds = Counter(trial.shown[0] for trial in of(Part.JUDGE, one))
    assert abs(kinds[RECORDING] - kinds[SYNTHESIS]) <= 1


@pytest.mark.parametrize("number", range(12))
def test_tones_come_first_preferences_last_and_checks_between(number: int) -> None:
    parts = [trial.part for trial in plan_of(TEST, number)]
    assert parts[:3] == [Part.HEADPHONES] * 3 and parts[-6:] == [Part.PREFER] * 6
    assert parts[3] is Part.JUDGE and parts[3:-6].count(Part.CHECK) == 2


def test_halves_are_drawn_anew_for_every_two_listeners() -> None:
    def recorded(number: int) -> frozenset[str]:
        return frozenset(one.item for one in of(Part.JUDGE, plan_of(TEST, number)) if one.truth == RECORDING)

    assert len({recorded(number) for number in range(0, 20, 2)}) > 5


def test_an_answer_to_a_pair_names_the_voice() -> None:
    trial = Trial("p00", Part.PREFER, (OTHER, VOICE))
    assert (trial.chosen("first"), trial.chosen("second"), trial.truth) == (OTHER, VOICE, "")
