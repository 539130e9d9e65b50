"""Frames of a footage to measure a look on: one person's face, cut out as the network sees it and where it is laid."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.face import FaceTrack
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.io.video import Picture
    from av_models.swap.plate import PlateReadings, PlateSample
    from av_models.swap.render import Painter

__all__ = ["Frames", "PlateSampler", "compose", "evenly", "in_pixels"]

Frames = NDArray[np.integer[Any]]

SAMPLES_A_SECOND, LEAST_SAMPLES = 3, 24
BLINK_FRAMES_A_SECOND, BLINK_BATCH = 13, 32
"""People blink every few seconds, for a fifth of one."""


class PlateSampler:
    """One person in one footage.

    usable (M,): frames with a usable face.  shot (M,): the number of each one's shot.  n_shots: of the footage.
    """

    def __init__(
        self, track: FaceTrack, arrays: dict[str, Any], template: np.ndarray, place: np.ndarray, painter: Painter
    ) -> None:
        from av_models.face.shots import shot_of_frames
        from av_models.face.warp import invert
        from av_models.lips.mouth import mouth_codes, mouth_scale

        self.track, self.arrays, self.template, self.painter = track, arrays, template, painter
        self.usable = np.flatnonzero(arrays["usable"])
        shot = shot_of_frames(arrays)
        self.shot, self.n_shots = shot[self.usable], int(shot.max()) + 1
        self.away = invert(in_pixels(place, painter.output_px))
        codes = mouth_codes(arrays["landmarks"][self.usable])
        self.mouths = mouth_scale(codes).normalise(codes)

    def frames(self, shot: int | None = None) -> Frames:
        """Usable frames of a shot, or of the whole clip: as many as light is measured on, some a second."""
        there = self.usable if shot is None else self.usable[self.shot == shot]
        seconds = len(there) / float(self.track.footage.rate)
        return evenly(there, int(max(LEAST_SAMPLES, SAMPLES_A_SECOND * seconds)))

    def sample(self, frames: Frames, progress: Progress, n_before: int = 0, *, edges: bool = False) -> PlateSample:
        """n_before: frames that `progress` has counted already.  edges: are looked at, too."""
        from av_models.face.warp import align_matrix, transform, warp_crop
        from av_models.swap.grain import footage_grain
        from av_models.swap.plate import PlateSample

        crops, plates, landmarks, grains, powers = [], [], [], [], []
        side, all_points = self.painter.output_px, self.arrays["landmarks"]
        matrices = [compose(self.away, align_matrix(all_points[frame], side, self.template)) for frame in frames]
        scales = np.array([np.linalg.det(matrix[:, :2]) ** -0.5 for matrix in matrices])
        for k, (picture, matrix) in enumerate(zip(self._pictures(frames), matrices, strict=True)):
            points = all_points[picture.index]
            crops.append(self._crop(picture))
            plates.append(warp_crop(picture.rgb, matrix, side))
            landmarks.append(transform(points, matrix))
            grains.append(footage_grain(picture.rgb, points))
            powers.append(_edges(picture.rgb if edges else None, points, scales[k], float(np.median(scales))))
            progress.reach(n_before + k + 1)
        grain = float(np.median([one for one in grains if one is not None] or [0.0]))
        pictures = np.stack(crops), np.stack(plates), np.stack(landmarks)
        mouths = self.mouths[np.searchsorted(self.usable, frames)]
        return PlateSample(self.arrays["time_s"][frames], *pictures, mouths, scales, grain, np.stack(powers))

    def readings(self, usual: np.ndarray) -> PlateReadings:
        """Of the whole clip. usual: crops (N,S,S,3) from all over it, which say how this person's brows look."""
        from av_models.swap.brows import BrowPictures, BrowReader
        from av_models.swap.expression import irises_in
        from av_models.swap.irises import joined_irises
        from av_models.swap.plate import PlateReadings
        from av_models.swap.reader import READINGS, TURNS

        if not self.painter.reads_faces:
            return PlateReadings(np.zeros(0, np.float32))
        pictures = BrowPictures.of(usual, self.template)
        apart = max(1, round(float(self.track.footage.rate) / BLINK_FRAMES_A_SECOND))
        frames = self.usable[::apart]
        read, brows, irises, waiting = [], [], [], self._pictures(frames)
        with Progress("match_plate, expressions", len(frames), "frames", self.track.footage.name) as progress:
            while batch := list(islice(waiting, BLINK_BATCH)):
                crops, points = (np.stack(one) for one in zip(*map(self._crop_and_points, batch), strict=True))
                read.append(self.painter.readings(crops))
                brows.append(pictures.found(crops))
                irises.append(irises_in(crops, points, self.painter.device))
                progress.reach(sum(map(len, read)))
        faces = np.concatenate(read)
        offset, sure = (np.concatenate(one) for one in zip(*brows, strict=True))
        reader = BrowReader.of(pictures, (offset, sure), faces[:, TURNS])
        return PlateReadings(faces[:, READINGS.index("lids")], reader, joined_irises(irises))

    def _pictures(self, frames: Frames) -> Iterator[Picture]:
        from av_models.io.video import read_pictures

        return read_pictures(store().path(self.track.footage.media), frames.tolist())

    def _crop(self, picture: Picture) -> np.ndarray:
        """As the network sees it."""
        return self._crop_and_points(picture)[0]

    def _crop_and_points(self, picture: Picture) -> tuple[np.ndarray, np.ndarray]:
        """With the landmarks (68,2) in it, px."""
        from av_models.face.warp import align_matrix, transform, warp_crop

        size, points = self.painter.input_px, self.arrays["landmarks"][picture.index]
        place = align_matrix(points, size, self.template)
        return warp_crop(picture.rgb, place, size), transform(points, place)


def _edges(rgb: np.ndarray | None, points: np.ndarray, scale: float, usual: float) -> np.ndarray:
    """A row of `PlateSample.edges`. scale: plate pixels beside one of the painted face, usual: on the whole."""
    from av_models.swap.softness import ALL, edge_power, shrink_for

    power = None if rgb is None else edge_power(rgb, points, shrink_for(usual), scale / usual)
    return np.full((2, len(ALL)), np.nan) if power is None else power


def evenly(frames: Frames, most: int) -> Frames:
    """Frames (N,) thinned out to so many."""
    return np.unique(frames[np.linspace(0, len(frames) - 1, min(len(frames), most)).round().astype(int)])


def in_pixels(place: np.ndarray, size_px: int) -> np.ndarray:
    """A similarity between crops from units of the side to pixels, whose centres lie half a pixel in."""
    matrix = place.copy()
    matrix[:, 2] = place[:, :2] @ np.array([0.5, 0.5]) + place[:, 2] * size_px - 0.5
    return matrix


def compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """First `first`, then `second`; both (2,3)."""
    return np.concatenate([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2:] + second[:, 2:]], axis=1)
