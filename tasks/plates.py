"""Matching a model to footage as a stage: colour, light, size and grain, measured once on the whole clip, and the light
of each of its shots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.face import FaceTrack
from av_models.domain.media import MediaRef
from av_models.domain.swap import PlateMatch, SwapOptions
from tasks.caching import stage
from tasks.plate_samples import Frames, PlateSampler, compose, evenly, in_pixels
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.swap.plate import Grade, PlateLook
    from av_models.swap.plate_shots import ShotLight
    from av_models.swap.render import Painter
    from av_models.swap.weights import Finish

__all__ = ["compose", "in_pixels", "match_plate", "ready_painter"]

HELD_SAMPLES = 96
"""Frames whose pictures are held at a time, however long the clip is."""


@stage("25")
def match_plate(
    weights: MediaRef, track: FaceTrack, options: SwapOptions, beside: tuple[FaceTrack, ...] = ()
) -> PlateMatch:
    """How the model's face is laid into the footage of `track`. Any model and any footage; the training faces are not
    needed. beside: whoever else of the footage is changed in the same pass."""
    from av_models.face.warp import mean_template
    from av_models.swap.beside import reshape_beside
    from av_models.swap.placing import placement
    from av_models.swap.plate import measure_look

    painter, finish = fresh_painter(weights)
    arrays, others = (store().arrays(track.data), [store().arrays(other.data)["landmarks"] for other in beside])
    options = replace(options, reshape=reshape_beside(options, track.n_people, arrays["landmarks"], others))
    template = mean_template(arrays["landmarks"][arrays["usable"]])
    place = placement(finish.shape, template, options.size, options.scale)
    sampler = PlateSampler(track, arrays, template, place, painter)
    frames = evenly(sampler.frames(), HELD_SAMPLES)
    with Progress("match_plate", len(frames), "frames", track.footage.name) as progress:
        sample = sampler.sample(frames, progress, edges=True)
    whole = measure_look(painter, finish, sample, sampler.readings(sample.crops), template, place, options)
    del sample  # its pictures
    look = _in_its_shots(whole, sampler, options)
    scale = float(np.sqrt(np.linalg.det(place[:, :2])))
    grain = round(float(look.grain), 5)
    return PlateMatch(store().put_arrays(**look.arrays()), round(scale, 4), grain, options.reshape)


def _in_its_shots(whole: PlateLook, sampler: PlateSampler, options: SwapOptions) -> PlateLook:
    """What was measured on a clip of one short shot is that shot's; else every shot is looked at by itself."""
    from av_models.swap.plate_shots import ShotLight, in_shots

    shots = {number: sampler.frames(number) for number in np.unique(sampler.shot).tolist()}
    if len(shots) == 1 and len(sampler.frames()) <= HELD_SAMPLES:
        lights = [ShotLight(number, None, whole.knots, whole.log_gain) for number in shots]
    else:
        lights = list(_lights(whole, sampler, shots, options))
    return in_shots(whole, lights, sampler.n_shots)


def _lights(
    whole: PlateLook, sampler: PlateSampler, shots: dict[int, Frames], options: SwapOptions
) -> Iterator[ShotLight]:
    """shots: the frames of each that are looked at."""
    from av_models.swap.plate_shots import measure_shot

    n_frames, n_done = sum(map(len, shots.values())), 0
    with Progress("match_plate, light of the shots", n_frames, "frames", sampler.track.footage.name) as progress:
        for number, frames in shots.items():
            first = evenly(frames, HELD_SAMPLES)
            rest = np.setdiff1d(frames, first)
            parts = [first, *(rest[k : k + HELD_SAMPLES] for k in range(0, len(rest), HELD_SAMPLES))]
            before = n_done + np.cumsum([0, *map(len, parts)])
            samples = (sampler.sample(part, progress, int(n)) for part, n in zip(parts, before, strict=False))
            yield measure_shot(number, sampler.painter, whole, samples, options)
            n_done += len(frames)


def fresh_painter(weights: MediaRef) -> tuple[Painter, Finish]:
    """A painter of its own, whose shift may be set, and what the model knows about laying in."""
    from av_models.runtime.device import best_device
    from av_models.swap.render import Painter, channels_last
    from av_models.swap.weights import load_weights

    network, finish = load_weights(store().read_bytes(weights))
    return Painter(channels_last(network), best_device()), finish


@lru_cache(maxsize=4)
def ready_painter(weights: MediaRef, data: MediaRef) -> tuple[Painter, Finish, Grade]:
    """The painter of a model, set up for the footage that was matched; data: of the `PlateMatch`."""
    from av_models.swap.plate import Grade, PlateLook

    painter, finish = fresh_painter(weights)
    look = PlateLook.from_arrays(store().arrays(data))
    painter.shift(look.code_shift, look.code_gain)
    painter.draw(look.outline, np.array(finish.shape))
    painter.expect_lids(float(look.tremble))
    painter.expect(look.expression)
    return painter, finish, Grade(look, painter.device)
