"""Matching a model to footage as a stage: colour, light, size and grain, measured once on the whole clip."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.face import FaceTrack
from av_models.domain.media import MediaRef
from av_models.domain.swap import PlateMatch, SwapOptions
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.swap.plate import Grade, PlateSample
    from av_models.swap.render import Painter
    from av_models.swap.weights import Finish

__all__ = ["compose", "in_pixels", "match_plate", "ready_painter"]

MAX_SAMPLES = 96
SAMPLES_A_SECOND = 3
BLINK_S, BLINK_FRAMES_A_SECOND, BLINK_BATCH = 40, 13, 32
"""People blink every few seconds, for a fifth of one."""


@stage("11")
def match_plate(weights: MediaRef, track: FaceTrack, options: SwapOptions) -> PlateMatch:
    """How the model's face is laid into the footage of `track`. Any model and any footage; the training faces are not
    needed."""
    from av_models.face.warp import mean_template
    from av_models.swap.placing import placement
    from av_models.swap.plate import measure_look

    painter, finish = fresh_painter(weights)
    arrays = store().arrays(track.data)
    template = mean_template(arrays["landmarks"][arrays["usable"]])
    place = placement(finish.shape, template, options.size, options.scale)
    sample = _sample(track, arrays, template, place, painter)
    look = measure_look(painter, finish, sample, template, place, options)
    scale = float(np.sqrt(np.linalg.det(place[:, :2])))
    return PlateMatch(store().put_arrays(**look.arrays()), round(scale, 4), round(float(look.grain), 5))


def _sample(
    track: FaceTrack, arrays: dict[str, Any], template: np.ndarray, place: np.ndarray, painter: Painter
) -> PlateSample:
    from av_models.face.warp import align_matrix, invert, transform, warp_crop
    from av_models.io.video import read_pictures
    from av_models.lips.mouth import mouth_codes, mouth_scale
    from av_models.swap.grain import footage_grain
    from av_models.swap.plate import PlateSample
    from av_models.swap.softness import ALL, edge_power, shrink_for

    usable = np.flatnonzero(arrays["usable"])
    codes = mouth_codes(arrays["landmarks"][usable])
    mouths = mouth_scale(codes).normalise(codes)
    seconds = len(usable) / float(track.footage.rate)
    n = int(min(len(usable), MAX_SAMPLES, max(24, SAMPLES_A_SECOND * seconds)))
    rows = np.unique(np.linspace(0, len(usable) - 1, n).round().astype(int))
    crops, plates, landmarks, grains, edges = [], [], [], [], []
    away = invert(in_pixels(place, painter.output_px))
    aligned = align_matrix(arrays["landmarks"][usable[rows]], painter.output_px, template)
    scales = (np.linalg.det(away[:, :2]) * np.linalg.det(aligned[:, :, :2])) ** -0.5
    scale = float(np.median(scales))
    with Progress("match_plate", len(rows), "frames", track.footage.name) as progress:
        for picture in read_pictures(store().path(track.footage.media), usable[rows].tolist()):
            points = arrays["landmarks"][picture.index]
            crops.append(warp_crop(picture.rgb, align_matrix(points, painter.input_px, template), painter.input_px))
            matrix = compose(away, align_matrix(points, painter.output_px, template))
            plates.append(warp_crop(picture.rgb, matrix, painter.output_px))
            landmarks.append(transform(points, matrix))
            grains.append(footage_grain(picture.rgb, points))
            power = edge_power(picture.rgb, points, shrink_for(scale), scales[len(edges)] / scale)
            edges.append(power if power is not None else np.full((2, len(ALL)), np.nan))
            progress.reach(len(crops))
    times = arrays["time_s"][usable[rows]]
    pictures = np.stack(crops), np.stack(plates)
    lids = _lids(track, arrays, template, painter)
    grain = float(np.median([one for one in grains if one is not None] or [0.0]))
    return PlateSample(times, *pictures, np.stack(landmarks), mouths[rows], scales, grain, lids, np.stack(edges))


def _lids(track: FaceTrack, arrays: dict[str, Any], template: np.ndarray, painter: Painter) -> np.ndarray:
    """(M,) readings of the beginning, where frames lie so dense that every blink is met."""
    from av_models.face.warp import align_matrix, warp_crop
    from av_models.io.video import read_pictures

    apart = max(1, round(float(track.footage.rate) / BLINK_FRAMES_A_SECOND))
    frames = np.flatnonzero(arrays["usable"])[::apart][: BLINK_S * BLINK_FRAMES_A_SECOND].tolist()
    size, found = painter.input_px, [np.zeros(0, np.float32)]
    pictures = read_pictures(store().path(track.footage.media), frames)
    with Progress("match_plate, blinks", len(frames), "frames", track.footage.name) as progress:
        while batch := list(islice(pictures, BLINK_BATCH)):
            places = [align_matrix(arrays["landmarks"][one.index], size, template) for one in batch]
            crops = [warp_crop(one.rgb, place, size) for one, place in zip(batch, places, strict=True)]
            found.append(painter.lids(np.stack(crops)))
            progress.reach(sum(map(len, found)))
    return np.concatenate(found)


def fresh_painter(weights: MediaRef) -> tuple[Painter, Finish]:
    """A painter of its own, whose shift may be set, and what the model knows about laying in."""
    from av_models.runtime.device import best_device
    from av_models.swap.render import Painter
    from av_models.swap.weights import load_weights

    network, finish = load_weights(store().read_bytes(weights))
    return Painter(network, best_device()), finish


@lru_cache(maxsize=4)
def ready_painter(weights: MediaRef, data: MediaRef) -> tuple[Painter, Finish, Grade]:
    """The painter of a model, set up for the footage that was matched; data: of the `PlateMatch`."""
    from av_models.swap.plate import Grade, PlateLook

    painter, finish = fresh_painter(weights)
    look = PlateLook.from_arrays(store().arrays(data))
    painter.shift(look.code_shift, look.code_gain)
    painter.draw(look.outline)
    return painter, finish, Grade(look, painter.device)


def in_pixels(place: np.ndarray, size_px: int) -> np.ndarray:
    """A similarity between crops from units of the side to pixels, whose centres lie half a pixel in."""
    matrix = place.copy()
    matrix[:, 2] = place[:, :2] @ np.array([0.5, 0.5]) + place[:, 2] * size_px - 0.5
    return matrix


def compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """First `first`, then `second`; both (2,3)."""
    return np.concatenate([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2:] + second[:, 2:]], axis=1)
