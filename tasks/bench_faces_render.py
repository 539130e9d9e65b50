"""Rendering for the suite `faces`: an actor's whole clip with the actor's own lips, as it will be judged."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.face import FaceSet, SwapModel
from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.performance import programme_rate
from tasks.plates import match_plate
from tasks.swapping import swap_shot
from tasks.workspace import store

__all__ = ["rendered", "whole_shot"]


def rendered(model: SwapModel, n_frames: int) -> SwappedClip:
    """The first frames of the footage that the model was trained for, swapped with the usual options."""
    return swap_shot(whole_shot(model, n_frames))


def whole_shot(model: SwapModel, n_frames: int) -> Shot:
    """The first frames of the actor's footage in one shot, frame by frame, lips as the actor moves them."""
    from av_models.io.video import frame_times

    options = SwapOptions()
    track = model.actor.track
    times = frame_times(store().path(track.footage.media))[:n_frames]
    match = match_plate(model.weights, track, options)
    mouth = store().put_arrays(mouth=_kept_mouth(model, times))
    return Shot(times, programme_rate(track.footage), (FaceSwap(model.weights, track, match, mouth),), options)


def _kept_mouth(model: SwapModel, times: tuple[Fraction, ...]) -> np.ndarray:
    """(n, 8): the actor's measured mouth, normalised and carried over to the source's range."""
    from av_models.lips.carry import carry_between
    from av_models.lips.closing import within
    from av_models.lips.mouth import mouth_scale
    from av_models.lips.visemes import mouth_range

    actor_s, actor = _measured(model.actor)
    source_s, source = _measured(model.source)
    scale, source_scale = mouth_scale(actor), mouth_scale(source)
    reach = mouth_range(source_scale.normalise(source), source_s)
    codes = scale.normalise(actor)
    at_s = np.array([float(time) for time in times])
    shown = np.stack([np.interp(at_s, actor_s, column) for column in codes.T], 1)
    return within(carry_between(actor, scale, source, source_scale).over(shown), reach)


def _measured(faces: FaceSet) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (M,) and raw mouth codes (M, 8) of a person's usable frames."""
    shards = [store().arrays(shard) for shard in faces.shards]
    frames = np.concatenate([shard["frame"] for shard in shards])
    times_s = store().arrays(faces.track.data)["time_s"][frames]
    return times_s, np.concatenate([shard["mouth"] for shard in shards])
