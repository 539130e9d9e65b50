"""A finished stage is used again, and only when it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from prefect import flow, task

from av_models.domain.media import MediaRef
from tasks.caching import by_content, media_in
from tasks.workspace import store


@dataclass(frozen=True, slots=True)
class Take:
    """What a stage returns: numbers, exact times, and the name of a blob."""

    text: str
    ends: tuple[Fraction, ...]
    sound: MediaRef


class Bodies:
    """Counts the bodies of stages that really ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []


@pytest.fixture
def bodies() -> Bodies:
    return Bodies()


def make_stages(bodies: Bodies, version: str = "1") -> Callable[[list[str]], list[Take]]:
    kept: dict[str, Any] = {"result_serializer": "json", "cache_result_in_memory": False}

    @task(name="speak", cache_policy=by_content(version), **kept)
    def speak(text: str) -> Take:
        bodies.ran.append(f"speak {text}")
        return Take(text, (Fraction(1, 3), Fraction(2, 3)), store().put_bytes(text.encode(), ".wav"))

    @task(name="level", cache_policy=by_content(version), **kept)
    def level(take: Take) -> Take:
        bodies.ran.append(f"level {take.text}")
        return Take(take.text.upper(), take.ends, store().put_bytes(store().read_bytes(take.sound) + b"!", ".wav"))

    @flow
    def lines(texts: list[str]) -> list[Take]:
        return level.map(speak.map(texts)).result()

    return lines


def test_second_run_runs_no_body(workshop: Path, bodies: Bodies) -> None:
    first = make_stages(bodies)(["one", "two"])
    assert sorted(bodies.ran) == ["level one", "level two", "speak one", "speak two"]
    bodies.ran.clear()
    assert make_stages(bodies)(["one", "two"]) == first
    assert bodies.ran == []


def test_a_changed_line_runs_alone(workshop: Path, bodies: Bodies) -> None:
    make_stages(bodies)(["one", "two", "three"])
    bodies.ran.clear()
    make_stages(bodies)(["one", "2", "three"])
    assert bodies.ran == ["speak 2", "level 2"]


def test_a_raised_version_runs_again(workshop: Path, bodies: Bodies) -> None:
    make_stages(bodies)(["one"])
    bodies.ran.clear()
    make_stages(bodies, version="2")(["one"])
    assert bodies.ran == ["speak one", "level one"]


def test_a_missing_blob_is_made_again_and_nothing_else(workshop: Path, bodies: Bodies) -> None:
    [first] = make_stages(bodies)(["one"])
    spoken = store().put_bytes(b"one", ".wav")
    store().path(spoken).unlink()
    bodies.ran.clear()
    assert make_stages(bodies)(["one"]) == [first]
    assert bodies.ran == ["speak one"]  # its equal result finds the next stage's record
    assert store().has(spoken)


def test_a_damaged_record_is_made_again(workshop: Path, bodies: Bodies) -> None:
    make_stages(bodies)(["one"])
    for record in (workshop / "results").iterdir():
        record.write_bytes(record.read_bytes()[:40])
    bodies.ran.clear()
    make_stages(bodies)(["one"])
    assert bodies.ran == ["speak one", "level one"]


def test_media_in_finds_every_blob_however_deep() -> None:
    refs = [MediaRef(str(number) * 64, ".bin") for number in range(4)]
    value = {"a": [Take("", (), refs[0]), (refs[1],)], "b": (Take("", (), refs[2]), [[refs[3]]]), "c": "text"}
    assert set(media_in(value)) == set(refs)
