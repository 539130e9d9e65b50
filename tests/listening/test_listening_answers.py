"""Answers are on the disk when they are confirmed, whoever else answers at the same moment."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from listening_made import made_test

from av_models.domain.listening import plan_of
from av_models.io.listening_answers import Answers

TEST = made_test(n_judged=4, n_pairs=2)


def test_listeners_who_come_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as crowd:
        admitted = list(crowd.map(lambda _: Answers(tmp_path).admit(TEST), range(24)))
    assert sorted(one.number for one in admitted) == list(range(24))
    assert len({one.id for one in admitted}) == 24
    assert [one.plan for one in Answers(tmp_path).everybody()] == [plan_of(TEST, number) for number in range(24)]


def test_the_plan_stays_as_it_was_told(tmp_path: Path) -> None:
    """Also when a later version of the product would draw other lots."""
    listener = Answers(tmp_path).admit(TEST)
    assert Answers(tmp_path).listener(listener.id) == listener
    assert Answers(tmp_path).listener("nobody") is None


def test_an_answer_stands_once_it_is_given(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    listener = answers.admit(TEST)
    answers.keep(listener, 0, "recording", [2], 1500)
    answers.keep(listener, 0, "synthesis", [1], 99)
    kept = Answers(tmp_path).listener(listener.id)
    assert kept is not None and len(kept.answers) == 1 and not kept.done
    assert (kept.answers[0].answer, kept.answers[0].plays, kept.answers[0].took_ms) == ("recording", (2,), 1500)
    assert kept.trial == listener.plan[1]


def test_a_confirmed_answer_survives_the_death_of_the_server(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from listening_made import made_test; from av_models.io.listening_answers import Answers\n"
        "answers = Answers(Path(sys.argv[1])); one = answers.admit(made_test(n_judged=4, n_pairs=2))\n"
        "answers.keep(one, 0, 'recording', [1], 10); os.kill(os.getpid(), 9)"
    )
    here = Path(__file__)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(here.parent)], cwd=here.parents[2], check=False
    )
    assert done.returncode == -9
    assert [len(one.answers) for one in Answers(tmp_path).everybody()] == [1]
