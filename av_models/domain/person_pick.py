"""Which person of a footage is meant: by number on the sheet of people, by place and time, or by a picture of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .errors import InputError
from .media import MediaRef

__all__ = ["PersonPick", "PickedPlace", "parse_pick"]

_NUMBER = re.compile(r"#?(\d{1,3})")
_PLACE = re.compile(r"(\d*\.?\d+)\s*,\s*(\d*\.?\d+)\s*@\s*(?:(\d+):)?(\d*\.?\d+)\s*s?")
_PICTURE = re.compile(r".+\.(jpe?g|png)", re.IGNORECASE)
_REMEDY = "Write the number of the sheet, as 2; a place and time, as 0.3,0.5@2.4s; or the name of a JPEG or PNG."


@dataclass(frozen=True, slots=True)
class PickedPlace:
    """x, y: shares of the picture's width and height, from the upper left.  time_s: from the first frame."""

    x: float
    y: float
    time_s: Fraction


@dataclass(frozen=True, slots=True)
class PersonPick:
    """At most one of the three; none of them: whoever is alone, or is seen most.

    number: on the sheet, from 1; 0 for none.  picture: JPEG or PNG in the store.  picture_name: as the user named it.
    """

    number: int = 0
    place: PickedPlace | None = None
    picture: MediaRef | None = None
    picture_name: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.place or self.picture_name)

    def __str__(self) -> str:
        if self.place:
            return f"whoever is at {self.place.x:g},{self.place.y:g} at {float(self.place.time_s):g} s"
        return f"person {self.number}" if self.number else f"the person of {self.picture_name}"


def parse_pick(text: str) -> PersonPick:
    """'2', '0.3,0.5@2.4s', '0.3,0.5@1:02.4', 'anna.jpg' or ''. The picture itself is not opened here.

    Raises InputError for anything else.
    """
    given = text.strip()
    if not given:
        return PersonPick()
    if number := _NUMBER.fullmatch(given):
        if int(number[1]) == 0:
            raise InputError("There is no person 0: the sheet counts from 1.", _REMEDY)
        return PersonPick(number=int(number[1]))
    if place := _PLACE.fullmatch(given):
        x, y = float(place[1]), float(place[2])
        if x > 1 or y > 1:
            problem = f"The place {place[1]},{place[2]} lies outside the picture: both are shares, 0 to 1."
            raise InputError(problem, "The upper left corner is 0,0 and the lower right one 1,1.")
        return PersonPick(place=PickedPlace(x, y, 60 * int(place[3] or 0) + Fraction(place[4])))
    if _PICTURE.fullmatch(given):
        return PersonPick(picture_name=given)
    raise InputError(f"{given!r} does not tell which person is meant.", _REMEDY)
