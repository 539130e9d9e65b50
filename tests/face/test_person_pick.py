"""A person is named by number, place and time, or picture; everything else is refused with how to write it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from av_models.domain.errors import InputError
from av_models.domain.person_pick import PersonPick, PickedPlace, parse_pick


@pytest.mark.parametrize("text", ["2", " 2 ", "#2"])
def test_a_number_of_the_sheet(text: str) -> None:
    assert parse_pick(text) == PersonPick(number=2)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0.3,0.5@2.4s", PickedPlace(0.3, 0.5, Fraction(12, 5))),
        (".3, .5 @ 2.4", PickedPlace(0.3, 0.5, Fraction(12, 5))),
        ("1,0@1:02.5s", PickedPlace(1.0, 0.0, Fraction(125, 2))),
    ],
)
def test_a_place_and_a_time(text: str, place: PickedPlace) -> None:
    assert parse_pick(text) == PersonPick(place=place)


def test_a_picture_and_nothing() -> None:
    assert parse_pick("folder of/Anna.JPG").picture_name == "folder of/Anna.JPG"
    assert not parse_pick(" ") and parse_pick("1")


@pytest.mark.parametrize("text", ["0", "-1", "left", "0.3,0.5", "1.2,0.5@1s", "anna.mp4", "2.5"])
def test_what_names_nobody_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_pick(text)
    assert refused.value.remedy
