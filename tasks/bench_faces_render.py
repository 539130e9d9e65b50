"""Rendering for the suite `faces`: an actor's whole clip with the actor's own lips, as `flow run swap` makes it."""

from __future__ import annotations

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.face import SwapModel
from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.model_files import open_face
from tasks.performance import programme_rate
from tasks.plates import match_plate
from tasks.swap_footage import kept_mouth
from tasks.swapping import swap_shot
from tasks.workspace import store

__all__ = ["rendered", "whole_shot"]


_USUAL = SwapOptions()


def rendered(model: SwapModel, n_frames: int, options: SwapOptions = _USUAL) -> SwappedClip:
    """The first frames of the footage that the model was trained for, swapped; with the usual options if left out."""
    return swap_shot(whole_shot(model, n_frames, options))


def whole_shot(model: SwapModel, n_frames: int, options: SwapOptions = _USUAL) -> Shot:
    """The first frames of the actor's footage in one shot, frame by frame, lips as the actor moves them."""
    from av_models.io.video import frame_times

    track = model.actor.track
    times = frame_times(store().path(track.footage.media))[:n_frames]
    match = match_plate(model.weights, track, options)
    kept = store().arrays(kept_mouth(open_face(str(store().path(model.weights))), track))["mouth"][:n_frames]
    face = FaceSwap(model.weights, track, match, store().put_arrays(mouth=kept))
    return Shot(times, programme_rate(track.footage), (face,), options)
