"""Faces followed from frame to frame: fast where the face is where it was, with a second look where there is doubt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import Box, FaceBackend
from .fit import Fit, fit_again, fit_detection, look_again, upright_box
from .lip_reader import lip_window, read_gaps
from .quality import sharpness
from .search import Search
from .thumbnails import FaceAlbum, FaceReel
from .warp import RIGID, similarity

__all__ = ["Follower", "Tracklet"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]

_MOST_SPREAD = 0.010
"""Looks at a real face disagree by about 0.004 of its box, looks at anything else by 0.013 and more."""

_LEAST_LIKENESS = 0.96
"""Correlation of a face with itself a frame before; a speaking face stays above 0.98."""

_COVERED = 0.3
"""Two faces that overlap by this much (intersection over union) may be taken for each other: both tracks end there."""

_TOUCHING = 0.1
"""From here on the detector is asked in every frame whether both are still to be seen."""

_SAME_PLACE = 0.2
_MOST_LOST, _MISSED_FOR = 6, 50
"""So many faces are looked for round their last places, for so many frames: until the whole picture is searched finely
again."""

_FIRST_DESCRIPTORS, _DESCRIBE_EVERY, _DESCRIBE_LATER_EVERY = 6, 10, 50
_FIRST_ALONE, _DESCRIBE_ALONE_EVERY = 3, 100
"""With nobody else in sight: a descriptor costs as much as following five frames, and there is nobody to slip to."""

_READ_AT_ONCE = 64
_CALM_FRAMES = 25
"""After so many frames with the same faces and no doubt, searches are half as frequent."""

_MOST_CALM_PX = 1920 * 1080
"""Larger pictures are searched at the same pace: those since the last search are held, to follow newcomers back."""


@dataclass(eq=False)
class Tracklet:
    """One face over frames without a break. Lists run in parallel, but for `descriptors`: at frames `described`.

    gaps: see `lip_reader.read_gaps`; of the latest frames the windows that are still to be read.
    """

    frames: list[int] = field(default_factory=list)
    landmarks: list[Floats] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    gaps: list[float | Rgb] = field(default_factory=list)
    n_unread: int = 0
    descriptors: list[Floats] = field(default_factory=list)
    described: list[int] = field(default_factory=list)
    album: FaceAlbum = field(default_factory=FaceAlbum)
    reel: FaceReel = field(default_factory=FaceReel)
    glance: Floats | None = None

    @property
    def box(self) -> Box:
        return upright_box(self.landmarks[-1])

    def box_at(self, frame: int) -> Box:
        """Its box in that frame; an empty one where it was not seen."""
        position = frame - self.frames[0]
        if not 0 <= position < len(self.frames):
            return (0.0, 0.0, 0.0, 0.0)
        return upright_box(self.landmarks[position])

    @property
    def mean_descriptor(self) -> Floats:
        return np.asarray(np.mean(self.descriptors, axis=0))

    def add(self, frame: int, fit: Fit, score: float, *, at_front: bool = False) -> None:
        where = 0 if at_front else len(self.frames)
        self.frames.insert(where, frame)
        self.landmarks.insert(where, fit.landmarks)
        self.scores.insert(where, score)
        self.sharpness.insert(where, sharpness(fit.crop))
        self.gaps.insert(where, lip_window(fit.crop))
        self.n_unread += 1
        if self.n_unread >= _READ_AT_ONCE:
            self.read_lips()
        if not at_front:
            self.glance = fit.glance
            self.album.offer(frame, fit.crop, fit.matrix)
            self.reel.offer(frame, fit.crop, fit.matrix)

    def read_lips(self) -> None:
        """Nothing is left unread in `gaps`."""
        unread = [k for k, gap in enumerate(self.gaps) if isinstance(gap, np.ndarray)]
        for k, gap in zip(unread, read_gaps(np.stack([self.gaps[k] for k in unread])) if unread else (), strict=True):
            self.gaps[k] = float(gap)
        self.n_unread = 0

    def predicted(self) -> Floats:
        """Landmarks for the next frame: the head moves on as it did, the face keeps its shape."""
        last = self.landmarks[-1]
        if len(self.landmarks) < 2:
            return last
        rigid = list(RIGID)
        return np.asarray(last + (last[rigid] - self.landmarks[-2][rigid]).mean(axis=0))

    def split_at(self, position: int) -> Tracklet:
        """Cut off everything from `position` on and hand it back."""
        rest = Tracklet()
        for name in ("frames", "landmarks", "scores", "sharpness", "gaps"):
            own = getattr(self, name)
            setattr(rest, name, own[position:])
            del own[position:]
        rest.album = self.album.split_at(rest.frames[0])
        rest.reel = self.reel.split_at(rest.frames[0])
        return rest


class Follower:
    """Feed it every picture in order with `step`; afterwards `tracklets` holds every face that was seen."""

    def __init__(self, backend: FaceBackend, detect_every: int) -> None:
        self._backend = backend
        self._detect_every = max(1, detect_every)
        self._search = Search(backend)
        self._live: list[Tracklet] = []
        self._done: list[Tracklet] = []
        self._recent: deque[tuple[int, Rgb]] = deque(maxlen=self._detect_every)
        self._lost_for = 0
        self._calm_for = 0
        self._lost: list[tuple[int, Box]] = []

    @property
    def tracklets(self) -> list[Tracklet]:
        return self._done + self._live

    @property
    def n_live(self) -> int:
        return len(self._live)

    def step(self, frame: int, rgb: Rgb, *, new_shot: bool) -> None:
        """rgb: (H, W, 3). new_shot: the picture has nothing to do with the one before."""
        if new_shot:
            self._end(list(self._live))
            self._recent.clear()
            self._calm_for = 0
            self._lost.clear()
            self._search.new_shot()
        before = list(self._live)
        if self._detect_every == 1:
            self._detect(frame, rgb)
        else:
            self._go_on(frame, rgb)
        self._calm_for = self._calm_for + 1 if before == self._live else 0
        self._lost_for = 0 if self._live else self._lost_for + 1
        self._recent.append((frame, rgb))

    def _go_on(self, frame: int, rgb: Rgb) -> None:
        """The fast way: faces are where they were, and searched for when it is time or something is in doubt."""
        due = frame % self._pace(rgb) == 0
        touching = self._overlapping(_TOUCHING)
        for tracklet in list(self._live):
            self._follow(tracklet, frame, rgb, look=due or tracklet in touching)
        covered = self._end_covered(frame)
        if due or covered or not self._live:
            self._look_for_more(frame, rgb)

    def _pace(self, rgb: Rgb) -> int:
        """Frames between two searches."""
        calm = self._calm_for >= _CALM_FRAMES and rgb.shape[0] * rgb.shape[1] <= _MOST_CALM_PX
        pace = self._detect_every * (2 if calm else 1)
        if self._recent.maxlen != pace:
            self._recent = deque(self._recent, maxlen=pace)
        return pace

    def _detect(self, frame: int, rgb: Rgb) -> None:
        """The slow way, as without a tracker: every picture searched, fitted and recognised as if it were the first."""
        known = [tracklet.box for tracklet in self._live]
        faces = self._search.faces(rgb, known, frame, self._lost_for, following=False)
        seen = [(each.score, fit_detection(rgb, each, self._backend)) for each in faces]
        for tracklet in list(self._live):
            near = max(seen, key=lambda one: _overlap(upright_box(one[1].landmarks), tracklet.box), default=None)
            if near is None or _overlap(upright_box(near[1].landmarks), tracklet.box) <= _COVERED:
                self._end([tracklet])
                continue
            seen = [one for one in seen if one is not near]
            tracklet.add(frame, near[1], near[0])
            self._describe(tracklet, rgb)
        for score, fit in seen:
            if fit.spread <= _MOST_SPREAD:
                self._begin(frame, rgb, fit, score)

    def _follow(self, tracklet: Tracklet, frame: int, rgb: Rgb, *, look: bool) -> None:
        fit = fit_again(rgb, tracklet.predicted(), self._backend)
        score = tracklet.scores[-1]
        if look or _doubtful(fit, tracklet, rgb):
            sure = self._confirmed(rgb, fit, tracklet.landmarks[-1])
            if sure is None:
                self._lose([tracklet], frame)
                return
            fit, score = sure
        self._add(tracklet, frame, rgb, fit, score)

    def _add(self, tracklet: Tracklet, frame: int, rgb: Rgb, fit: Fit, score: float) -> None:
        tracklet.add(frame, fit, score)
        n = len(tracklet.frames) - 1
        alone = self._live == [tracklet]
        n_first, later = (_FIRST_ALONE, _DESCRIBE_ALONE_EVERY) if alone else (_FIRST_DESCRIPTORS, _DESCRIBE_LATER_EVERY)
        if n % later == 0 or (n % _DESCRIBE_EVERY == 0 and len(tracklet.descriptors) < n_first):
            self._describe(tracklet, rgb)

    def _begin(self, frame: int, rgb: Rgb, fit: Fit, score: float) -> Tracklet:
        tracklet = Tracklet()
        tracklet.add(frame, fit, score)
        self._describe(tracklet, rgb)
        self._live.append(tracklet)
        return tracklet

    def _confirmed(self, rgb: Rgb, fit: Fit, before: Floats) -> tuple[Fit, float] | None:
        """The fit if the detector agrees, else a new one from where it sees the face, else None."""
        seen = look_again(rgb, fit.landmarks, self._backend)
        if seen and fit.spread <= _MOST_SPREAD and _overlap(seen.box, upright_box(fit.landmarks)) > 0.5:
            return fit, seen.score
        seen = seen or look_again(rgb, before, self._backend)
        if seen is None:
            return None
        fit = fit_detection(rgb, seen, self._backend)
        return (fit, seen.score) if fit.spread <= 2 * _MOST_SPREAD else None

    def _describe(self, tracklet: Tracklet, rgb: Rgb) -> None:
        """Take the identity; if it is another's, the track slipped: split it at its greatest jump since last time."""
        new = self._backend.descriptor(rgb, tracklet.landmarks[-1])
        slipped = tracklet.descriptors and np.linalg.norm(new - tracklet.mean_descriptor) > self._backend.same_person
        if slipped:
            since = tracklet.described[-1] - tracklet.frames[0]
            middles = np.array([points[list(RIGID)].mean(axis=0) for points in tracklet.landmarks[since:]])
            jump = since + 1 + int(np.argmax(np.hypot(*np.diff(middles, axis=0).T)))
            rest = tracklet.split_at(jump)
            self._end([tracklet])
            self._live.append(rest)
            tracklet = rest
        tracklet.descriptors.append(new)
        tracklet.described.append(tracklet.frames[-1])

    def _end_covered(self, frame: int) -> bool:
        """End tracks that may be taken for each other, before this frame; the search then finds who is in front."""
        covered = self._overlapping(_COVERED)
        self._lose(covered, frame)
        for tracklet in covered:
            if len(tracklet.frames) > 1:
                tracklet.split_at(len(tracklet.frames) - 1)
        return bool(covered)

    def _overlapping(self, least: float) -> list[Tracklet]:
        if len(self._live) < 2:
            return []
        boxes = [tracklet.box for tracklet in self._live]
        return [
            tracklet
            for i, tracklet in enumerate(self._live)
            if any(i != j and _overlap(boxes[i], box) > least for j, box in enumerate(boxes))
        ]

    def _lose(self, tracklets: list[Tracklet], frame: int) -> None:
        """End tracks whose faces may come back where they were."""
        self._end(tracklets)
        self._lost = [*self._lost, *((frame, tracklet.box) for tracklet in tracklets)][-_MOST_LOST:]

    def _last_places(self, frame: int) -> list[Box]:
        """Where faces were lost not long ago and none is now."""
        there = [tracklet.box for tracklet in self._live]
        self._lost = [
            (when, box)
            for when, box in self._lost
            if frame - when < _MISSED_FOR and not any(_overlap(box, other) > _SAME_PLACE for other in there)
        ]
        return [box for _, box in self._lost]

    def _end(self, tracklets: list[Tracklet]) -> None:
        for tracklet in tracklets:
            self._live.remove(tracklet)
            self._done.append(tracklet)

    def _look_for_more(self, frame: int, rgb: Rgb) -> None:
        known, lost = [tracklet.box for tracklet in self._live], self._last_places(frame)
        for detection in self._search.faces(rgb, known, frame, self._lost_for, lost=lost):
            if any(_overlap(detection.box, tracklet.box) > _SAME_PLACE for tracklet in self._live):
                continue
            fit = fit_detection(rgb, detection, self._backend)
            box = upright_box(fit.landmarks)
            if fit.spread > _MOST_SPREAD or any(_overlap(box, tracklet.box) > _COVERED for tracklet in self._live):
                continue
            self._backfill(self._begin(frame, rgb, fit, detection.score))

    def _backfill(self, tracklet: Tracklet) -> None:
        """A face that appeared between two searches: follow it back to where it came from."""
        others = [other for other in self._done[-8:] + self._live if other is not tracklet]
        for frame, rgb in reversed(self._recent):
            fit = fit_again(rgb, tracklet.landmarks[0], self._backend)
            seen = look_again(rgb, fit.landmarks, self._backend)
            box = upright_box(fit.landmarks)
            taken = any(_overlap(box, other.box_at(frame)) > _SAME_PLACE for other in others)
            if seen is None or taken or fit.spread > _MOST_SPREAD:
                return
            tracklet.add(frame, fit, seen.score, at_front=True)


def _doubtful(fit: Fit, tracklet: Tracklet, rgb: Rgb) -> bool:
    """Did the looks disagree, or did the face change its look, jump, change size or leave the picture?"""
    if fit.spread > _MOST_SPREAD or (tracklet.glance is not None and fit.glance @ tracklet.glance < _LEAST_LIKENESS):
        return True
    rigid, before = list(RIGID), tracklet.landmarks[-1]
    step = similarity(before[rigid], fit.landmarks[rigid])
    zoom = float(np.hypot(step[0, 0], step[1, 0]))
    middle = fit.landmarks[rigid].mean(axis=0)
    moved = float(np.hypot(*(middle - before[rigid].mean(axis=0)))) / float(np.ptp(before[:, 0]))
    height, width = rgb.shape[:2]
    outside = not (0 <= middle[0] < width and 0 <= middle[1] < height)
    return outside or moved > 0.25 or not 0.85 < zoom < 1.18


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
