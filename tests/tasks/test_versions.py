"""A stage that gives something else under the same version would mix new results with kept ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from av_models.domain.script import Line
from av_models.domain.speech import Alignment, Speech, Utterance
from av_models.io.voices import find_voice
from tasks.alignment import align
from tasks.caching import StageVersion
from tasks.script import read_script
from tasks.speech import synthesize
from tasks.workspace import configs_dir, media_dir, store

GOLDEN = Path(__file__).with_name("golden.json")
RECORD = "UNDERSTUDY_RECORD"
TOLERANCE_S = 0.004
TEXT = "ANNA: [breath] Dr. Brown paid $5 at 5:30 p.m. [pause 400ms] It is *not* much, {Nguyen|W IH1 N}!"


def line() -> Line:
    return read_script.fn(TEXT, "en-us").lines[0]


def speech() -> Speech:
    voice = find_voice("espeak-default", configs_dir(), media_dir(), store())
    return synthesize.fn(Utterance(line(), voice, 7))


def timed(spoken: Speech | Alignment) -> list[list[Any]]:
    return [[one.label, round(float(one.start), 4)] for one in spoken.phones]


STAGES: dict[str, tuple[Any, Callable[[], list[list[Any]]]]] = {
    "read_script": (read_script, lambda: [[token.kind, *token.spoken] for token in line().tokens]),
    "synthesize": (synthesize, lambda: timed(speech())),
    "align": (align, lambda: timed(align.fn(speech(), "pocketsphinx"))),
}


def version_of(task: Any) -> str:
    return next(policy.version for policy in task.cache_policy.policies if isinstance(policy, StageVersion))


def same(now: list[list[Any]], then: list[list[Any]]) -> bool:
    """Equal but for times, which may differ by a hair from one processor to another."""
    if [one[:1] for one in now] != [one[:1] for one in then]:
        return False
    pairs = [pair for a, b in zip(now, then, strict=True) for pair in zip(a[1:], b[1:], strict=True)]
    return all(abs(a - b) <= TOLERANCE_S if isinstance(a, float) else a == b for a, b in pairs)


@pytest.mark.parametrize("name", STAGES)
def test_another_result_needs_another_version(name: str) -> None:
    task, run = STAGES[name]
    found = {"version": version_of(task), "result": json.loads(json.dumps(run()))}
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.is_file() else {}
    if os.environ.get(RECORD):
        GOLDEN.write_text(json.dumps(golden | {name: found}, indent=0, ensure_ascii=False) + "\n")
        return
    known = golden[name]
    if found["version"] != known["version"]:
        pytest.fail(f"{name} has a new version: record its result with {RECORD}=1 pytest {Path(__file__).name}")
    assert same(found["result"], known["result"]), f"{name} gives something else: raise its version, then record"


def test_the_comparison_sees_a_moved_phone() -> None:
    phones = [["AH0", 0.1], ["B", 0.2]]
    assert same(phones, [["AH0", 0.102], ["B", 0.2]])
    assert not same(phones, [["AH0", 0.1], ["B", 0.21]])
    assert not same(phones, [["AH0", 0.1], ["P", 0.2]])


def test_a_model_of_another_format_is_another_version_of_its_training() -> None:
    """Kept models of the format before could be read by nothing, and would be found again and again."""
    from av_models.swap.weights import FORMAT
    from tasks.training import train_swapper

    assert (FORMAT, version_of(train_swapper)) == ("understudy-swap/13", "24"), "raise both, then this line"
