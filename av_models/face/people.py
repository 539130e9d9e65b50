"""Which tracklets are the same person, and which person is meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tracklets import Tracklet

__all__ = ["Person", "choose", "count_people", "group_people"]

Floats = NDArray[np.floating[Any]]

_LEAST_FRAMES = 5


@dataclass
class Person:
    tracklets: list[Tracklet] = field(default_factory=list)

    @property
    def frames(self) -> set[int]:
        return {frame for tracklet in self.tracklets for frame in tracklet.frames}

    @property
    def identity(self) -> Floats:
        """Mean descriptor over all tracklets."""
        return np.asarray(np.mean([d for tracklet in self.tracklets for d in tracklet.descriptors], axis=0))


def group_people(tracklets: list[Tracklet], same_person: float) -> list[Person]:
    """Most seen first. Nobody is in two places of one picture, and faces seen for a moment only make no new person."""
    people: list[Person] = []
    for tracklet in sorted(tracklets, key=lambda each: -len(each.frames)):
        near = [
            (float(np.linalg.norm(person.identity - tracklet.mean_descriptor)), person)
            for person in people
            if person.frames.isdisjoint(tracklet.frames)
        ]
        distance, nearest = min(near, key=lambda pair: pair[0], default=(np.inf, None))
        if nearest is not None and distance < same_person:
            nearest.tracklets.append(tracklet)
        else:
            people.append(Person([tracklet]))
    return sorted(people, key=lambda person: -len(person.frames))


def count_people(people: list[Person]) -> int:
    """How many different people were seen for more than a moment; at least 1 when there is a face at all."""
    lasting = sum(len(person.frames) >= _LEAST_FRAMES for person in people)
    return max(lasting, min(len(people), 1))


def choose(people: list[Person], identity: Floats | None, same_person: float) -> Person | None:
    """The person nearest to `identity` if near enough; without one, who is seen most."""
    if not people or identity is None:
        return people[0] if people else None
    nearest = min(people, key=lambda person: float(np.linalg.norm(person.identity - identity)))
    return nearest if np.linalg.norm(nearest.identity - identity) < same_person else None
