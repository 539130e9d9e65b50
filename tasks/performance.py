"""The actor's performance as a stage: what there is to see besides the face, and what there is to follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.face import FaceProblem, FaceTrack
from av_models.domain.media import Footage, MediaRef
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.domain.script import Line
    from av_models.io.video import Picture
    from av_models.lips.activity import MouthPhrase
    from av_models.lips.picture_path import Quiet
    from av_models.lips.said import Performed

__all__ = ["Performance", "programme_rate", "watch_footage"]

SPEECH_HZ = 16000
STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)
_AWAY = (FaceProblem.NO_FACE, FaceProblem.OTHER_PERSON, FaceProblem.TURNED_AWAY)


@stage("1")
def watch_footage(actor: FaceTrack) -> MediaRef:
    """.npz with `cut`, `blink`, `hidden`, each (N,) bool over the frames of the footage: see `lips.watched`."""
    from av_models.io.video import read_pictures
    from av_models.lips.watched import watch_performance

    footage = actor.footage
    landmarks = store().arrays(actor.data)["landmarks"]
    with Progress("watch the performance", footage.n_frames, "frame", footage.name) as progress:

        def pictures() -> Iterator[Picture]:
            for picture in read_pictures(store().path(footage.media)):
                yield picture
                progress.reach(picture.index + 1)

        seen = watch_performance(pictures(), landmarks, float(footage.rate))
    return store().put_arrays(cut=seen.cut, blink=seen.blink, hidden=seen.hidden)


def programme_rate(footage: Footage) -> Fraction:
    """The footage's own rate; for a varying rate the nearest standard one."""
    if not footage.variable_rate:
        return footage.rate
    return min(STANDARD_RATES, key=lambda rate: abs(rate - footage.rate))


@dataclass(frozen=True)
class Performance:
    """The actor's footage on the programme's grid: `times` are the moments that can be shown, everything else is
    counted in them."""

    actor: FaceTrack

    @cached_property
    def rate(self) -> Fraction:
        return programme_rate(self.actor.footage)

    @cached_property
    def times(self) -> tuple[Fraction, ...]:
        """The footage's own frames, or an even grid if its rate varies."""
        from av_models.io.video import frame_times

        footage = self.actor.footage
        if footage.variable_rate:
            return tuple(k / self.rate for k in range(max(2, int(footage.duration * self.rate))))
        return frame_times(store().path(footage.media))

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The track's own, over the frames of the footage."""
        return store().arrays(self.actor.data)

    @cached_property
    def seen(self) -> dict[str, np.ndarray]:
        """cut, blink, hidden and away (no usable face, or turned away), (N,) over `times`."""
        found = store().arrays(watch_footage(self.actor))
        away = np.zeros(self.actor.footage.n_frames, bool)
        for problem in self.actor.problems:
            if problem.reason in _AWAY:
                away[problem.first : problem.last + 1] = True
        frame_s, grid_s = self.arrays["time_s"], np.array([float(t) for t in self.times])
        last = np.clip(np.searchsorted(frame_s, grid_s + 1e-6, side="right") - 1, 0, len(frame_s) - 1)
        shown = {name: mask[last] for name, mask in {**found, "away": away}.items() if name != "cut"}
        cut = np.zeros(len(grid_s), bool)
        cut[np.clip(np.searchsorted(grid_s, frame_s[found["cut"]] - 1e-6), 0, len(grid_s) - 1)] = True
        return {**shown, "cut": cut}

    @cached_property
    def rest(self) -> int:
        """The moment of the grid round which the face moves least."""
        from av_models.lips.conform import rest_frame

        frame = rest_frame(self.arrays["landmarks"], self.arrays["usable"])
        return int(np.abs(np.array([float(t) for t in self.times]) - self.arrays["time_s"][frame]).argmin())

    @cached_property
    def mouth(self) -> tuple[MouthPhrase, ...]:
        """When the mouth speaks, whatever it says."""
        from av_models.lips.activity import mouth_phrases

        return mouth_phrases(self.arrays["landmarks"], self.arrays["time_s"])

    @cached_property
    def blinks(self) -> tuple[Quiet, ...]:
        """In seconds of the footage."""
        from av_models.lips.picture_path import Quiet

        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.seen["blink"], [False]]).astype(int)))
        return tuple(Quiet(self.second(first), self.second(end)) for first, end in edges.reshape(-1, 2).tolist())

    def said(self, phrases: Sequence[Line], language: str) -> tuple[Sequence[Performed | None], str]:
        """Where the actor says each phrase, and a sentence about it."""
        from av_models.io.audio import read_audio
        from av_models.lips.said import find_said

        footage = self.actor.footage
        if footage.audio is None:
            return [None] * len(phrases), "The actor's footage has no sound to compare with the script."
        return find_said(read_audio(store().path(footage.media), SPEECH_HZ), SPEECH_HZ, phrases, language)

    def frame(self, second: float) -> float:
        """The place on the grid of a moment of the footage; beyond the ends as far as at the programme's rate."""
        grid_s = np.array([float(t) for t in self.times])
        inside = float(np.interp(second, grid_s, np.arange(len(grid_s))))
        beyond = min(second - grid_s[0], 0.0) + max(second - grid_s[-1], 0.0)
        return inside + beyond * float(self.rate)

    def second(self, frame: float) -> float:
        """The reverse of `frame`."""
        top = len(self.times) - 1
        inside = float(np.interp(frame, np.arange(top + 1), [float(t) for t in self.times]))
        return inside + (min(frame, 0.0) + max(frame - top, 0.0)) / float(self.rate)

    def positions(self, seconds: Any) -> np.ndarray:
        """`frame` of many."""
        return np.array([self.frame(float(second)) for second in seconds])
