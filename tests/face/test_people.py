"""Who is meant of several people, and the refusals where that is not clear or makes no swap. Tracks made in code."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from av_models.domain.errors import InputError, MediaError
from av_models.domain.face import FaceProblem, FaceTrack, PeopleSeen, ProblemRange
from av_models.domain.media import Footage, MediaRef
from av_models.domain.person_pick import PersonPick, PickedPlace
from tasks.people import require_alone, require_different, require_enough, require_pair, who_is_meant
from tasks.workspace import store

_N = 50
Made = Callable[..., FaceTrack]


@pytest.fixture(autouse=True)
def _own_media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path))


def _footage(name: str = "two.mp4") -> Footage:
    ref = MediaRef("0" * 64, ".mp4")
    return Footage(ref, name, 640, 320, _N, Fraction(25), Fraction(_N, 25), False, 8, 0, None)


def _track(number: int, left: float, seen: int = _N, direction: int = 0, name: str = "two.mp4") -> FaceTrack:
    """A face of 100 px at `left` in the first `seen` frames; identities of other directions are 0.85 apart."""
    box = np.full((_N, 4), np.nan, np.float32)
    box[:seen] = (left, 100, left + 100, 200)
    sharpness = np.where(np.arange(_N) < seen, 0.1, np.nan).astype(np.float32)
    data = store().put_arrays(time_s=np.arange(_N) / 25, box=box, sharpness=sharpness)
    identity = np.zeros(128)
    identity[direction] = 0.6
    gone = (ProblemRange(seen, _N - 1, FaceProblem.BLURRED),) if seen < _N else ()
    return FaceTrack(_footage(name), data, data, tuple(identity), seen, 2, gone, "dlib", number)


def _two(second_seen: int = _N) -> PeopleSeen:
    tracks = _track(1, 100), _track(2, 400, second_seen, direction=1)
    return PeopleSeen(_footage(), tracks, store().put_bytes(b"a sheet", ".jpg"))


def test_by_number_or_who_is_seen_most() -> None:
    seen = _two()
    assert who_is_meant(seen, PersonPick(number=2)).person == 2
    assert who_is_meant(seen, PersonPick()).person == 1


@pytest.mark.parametrize(("x", "person"), [(0.25, 1), (0.7, 2)])
def test_by_place_and_time(x: float, person: int) -> None:
    assert who_is_meant(_two(), PersonPick(place=PickedPlace(x, 0.5, Fraction(1)))).person == person


def test_by_place_a_little_after_the_face_has_gone() -> None:
    seen = _two(second_seen=20)
    assert who_is_meant(seen, PersonPick(place=PickedPlace(0.7, 0.5, Fraction(1)))).person == 2
    with pytest.raises(InputError, match=r"Nobody's face is at 0\.7,0\.5 at 1\.9 s"):
        who_is_meant(seen, PersonPick(place=PickedPlace(0.7, 0.5, Fraction(19, 10))))


def test_a_number_that_nobody_has_names_the_sheet_and_lays_it_down(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no person 3 in two\.mp4: 2 people were seen") as refused:
        who_is_meant(_two(), PersonPick(number=3))
    sheet = tmp_path / "out" / "faces-two" / "people.jpg"
    assert str(sheet) in refused.value.remedy and sheet.read_bytes() == b"a sheet"


def test_two_people_without_a_choice_are_refused_with_how_to_choose(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"2 people are to be seen.*1: 50 frames, 2: 30 frames") as refused:
        require_alone(_two(second_seen=30))
    assert refused.value.exit_code == 3
    assert "face.source=2" in refused.value.remedy and str(tmp_path / "out" / "faces-two") in refused.value.remedy


def test_a_passer_by_is_nobody_to_be_mistaken_for() -> None:
    require_alone(_two(second_seen=8))


def test_two_picks_of_one_person_are_refused() -> None:
    seen = _two()
    picks = PersonPick(number=1), PersonPick(place=PickedPlace(0.25, 0.5, Fraction(1)))
    with pytest.raises(InputError, match=r"person 1 and whoever is at 0\.25,0\.5 at 1 s are the same person"):
        require_different([who_is_meant(seen, pick) for pick in picks], picks)


def test_the_same_person_as_source_and_actor_is_refused() -> None:
    source, actor = _track(1, 100, name="a.mp4"), _track(1, 300, name="b.mp4")
    with pytest.raises(InputError, match=r"a\.mp4 and b\.mp4 show the same person"):
        require_pair(source, actor)
    require_pair(source, _track(1, 300, direction=1, name="b.mp4"))


def test_too_few_faces_says_how_many_are_needed_and_what_is_there() -> None:
    with pytest.raises(MediaError, match=r"only 10 of 50 frames.*24 are needed \(face too blurred: 40\)"):
        require_enough(_track(1, 100, seen=10), 24)
    assert require_enough(_track(1, 100), 24).n_usable == 50
