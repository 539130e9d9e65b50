"""Which tracklets are the same person, who matters, and which person is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tracklets import Tracklet

__all__ = ["Person", "group_people", "lasting", "nearest"]

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


def lasting(people: list[Person], n_frames: int) -> list[Person]:
    """Those seen for more than a moment, or in all of a footage that is no longer; whoever is seen most, if nobody
    was."""
    least = min(_LEAST_FRAMES, n_frames)
    return [person for person in people if len(person.frames) >= least] or people[:1]


def nearest(identities: Sequence[Floats], wanted: Floats, same_person: float) -> int | None:
    """Position of the identity nearest to the one that is wanted; None if none is the same person's."""
    distances = [float(np.linalg.norm(one - wanted)) for one in identities]
    best = int(np.argmin(distances)) if distances else 0
    return best if distances and distances[best] < same_person else None
