"""Footage in which it is not clear whose face is meant: refused with how to choose, and done when it was chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from footage import people, record
from own_studio import SHORT, Studio

_N = 30


@pytest.fixture(scope="module")
def pair(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sample people side by side: she on the left, he on the right."""
    pictures = zip(people("source_a", _N), people("actor_b", _N), strict=True)
    video = record(tmp_path_factory.mktemp("pair") / "pair.mp4", [np.hstack(both) for both in pictures])
    studio.desk.issue("pair", ["face"], [video])
    return video


def test_a_source_of_two_people_without_a_choice(studio: Studio, out: Path, pair: Path) -> None:
    sheet = studio.media / "out" / "faces-pair" / "people.jpg"
    studio.refuses(out, 3, "pair.mp4", "2 people", str(sheet), "face.source=2", source=pair, until="faces")
    assert sheet.read_bytes().startswith(b"\xff\xd8")


def test_a_source_of_two_people_with_a_choice(studio: Studio, out: Path, pair: Path) -> None:
    made = studio.produce(out, source=pair, until="faces", settings=(*SHORT, "face.source=0.25,0.5@0.6s"))
    assert made.code == 0, made.stderr
    assert f"pair.mp4: usable in {_N} of {_N} frames" in made.stderr


def test_a_choice_that_fits_nobody(studio: Studio, out: Path, pair: Path) -> None:
    settings = (*SHORT, "face.source=3")
    studio.refuses(out, 2, "no person 3 in pair.mp4", "2 people were seen", source=pair, settings=settings)


def test_a_choice_that_cannot_be_read(studio: Studio, out: Path) -> None:
    studio.refuses(out, 2, "face.source", "the one on the left", settings=(*SHORT, "face.source=the one on the left"))


def test_the_same_person_as_source_and_actor(studio: Studio, out: Path, tmp_path: Path) -> None:
    video = record(tmp_path / "again.mp4", people("actor_b", _N, first=60))
    studio.desk.issue("again", ["face"], [video])
    studio.refuses(out, 2, "again.mp4 and actor.mp4 show the same person", source=video, until="faces")
