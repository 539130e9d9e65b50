"""Shots as a stage: every placement in pieces that can be redone alone, with what the mouth does in each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.edit import Fit, Lips, Placement, Shot, Timeline
from av_models.domain.face import FaceSet, SwapModel
from av_models.domain.media import MediaRef
from av_models.domain.speech import Phone
from av_models.domain.swap import FaceSwap, PlateMatch, SwapOptions
from tasks.caching import stage
from tasks.own_speech import speech_of
from tasks.softness import REACH
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.lips.carry import Carry
    from av_models.lips.drive import MouthModel
    from av_models.lips.effort import Loudness
    from av_models.lips.visemes import MouthRange

__all__ = ["SHARD_FRAMES", "Piece", "cut_shots", "pieces"]

SHARD_FRAMES = 96


@stage("8")
def cut_shots(
    timeline: Timeline, model: SwapModel, match: PlateMatch, source_words: str, options: SwapOptions
) -> tuple[Shot, ...]:
    """Every placement as shots of at most SHARD_FRAMES frames, each with the mouth codes of its frames.

    match: of the model to the actor's footage.  source_words: what the source says in its own footage; '' when
    unknown. It teaches how this person's mouth speaks.
    """
    mouths = _Mouths(timeline, model, source_words)
    shots: list[Shot] = []
    for index, placement in enumerate(timeline.placements):
        times = _plate_times(placement)
        codes = mouths.of(index, times)
        for piece in pieces(placement.n_frames, options):
            face = FaceSwap(model.weights, model.actor.track, match, piece.mouth(codes))
            own, before, after = piece.of(times)
            shots.append(Shot(own, timeline.rate, (face,), options, before, after))
    return tuple(shots)


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames first to end (exclusive) of a placement, and from where to where their neighbours are looked at."""

    first: int
    end: int
    begins: int
    ends: int

    def of(self, times: Sequence[Fraction]) -> tuple[tuple[Fraction, ...], ...]:
        """The piece's own, those before, and those after."""
        parts = (self.first, self.end), (self.begins, self.first), (self.end, self.ends)
        return tuple(tuple(times[low:high]) for low, high in parts)

    def mouth(self, codes: np.ndarray) -> MediaRef:
        """Of a `FaceSwap`; codes (n_frames,8)."""
        own, before, after = codes[self.first : self.end], codes[self.begins : self.first], codes[self.end : self.ends]
        return store().put_arrays(mouth=own, before=before, after=after)


def pieces(n_frames: int, options: SwapOptions) -> Iterator[Piece]:
    """A placement in pieces of at most SHARD_FRAMES.

    What a frame shows hangs on those beside it, if it is steadied, as soft as they are, or its head is reshaped as
    theirs; whether it jumps, on the one before as it is steadied.
    """
    from av_models.swap.reshape import STEADY_FRAMES

    n_steady = 1 if options.steady else 0
    n_looked_at = max(REACH if options.detail else 0, STEADY_FRAMES if options.reshape else 0)
    n_before, n_after = max(1 + n_steady, n_looked_at), max(n_steady, n_looked_at)
    for first in range(0, n_frames, SHARD_FRAMES):
        end = min(first + SHARD_FRAMES, n_frames)
        yield Piece(first, end, max(first - n_before, 0), min(end + n_after, n_frames))


def _plate_times(placement: Placement) -> tuple[Fraction, ...]:
    from av_models.lips.conform import footage_times

    return footage_times(placement.anchors, placement.n_frames)


class _Mouths:
    """Mouth codes of placements: measured on the actor where the picture carries the speech, predicted from phones
    where the speech drives the lips. Both are only made where a phrase asks for them."""

    def __init__(self, timeline: Timeline, model: SwapModel, source_words: str) -> None:
        self.timeline, self.model, self.source_words = timeline, model, source_words

    def of(self, index: int, plate_s: Sequence[Fraction]) -> np.ndarray:
        """(n_frames, 8) normalised, of the placement at `index`."""
        from av_models.lips.blend import blended, driven_share

        placement, rate = self.timeline.placements[index], self.timeline.rate
        drives = _driven_frames(placement, self.timeline.lips.mode)
        phones = placement.alignment.phones
        times_s = np.array([float((k + Fraction(1, 2)) / rate - placement.speech_start) for k in range(len(drives))])
        if drives.all():
            return self._driven(placement, phones, times_s)
        kept = self._kept(phones, times_s, plate_s)
        if not drives.any():
            return kept
        driven = self._driven(placement, phones, times_s)
        return blended(driven, kept, driven_share(drives, rate), phones, times_s, self.reach)

    def _driven(self, placement: Placement, phones: Sequence[Phone], times_s: np.ndarray) -> np.ndarray:
        from av_models.lips.drive import drive

        return drive(phones, times_s, self.mouth, _loudness_of(placement))

    def _kept(self, phones: Sequence[Phone], times_s: np.ndarray, plate_s: Sequence[Fraction]) -> np.ndarray:
        from av_models.lips.closing import hold_closures, within

        seen_s, codes, carry = self.performed
        at = np.array([float(time) for time in plate_s])
        measured = np.stack([np.interp(at, seen_s, column) for column in codes.T], 1)
        return hold_closures(within(carry.over(measured), self.reach), phones, times_s, self.reach)

    @cached_property
    def source(self) -> tuple[np.ndarray, np.ndarray]:
        """The middles of the source's frames in seconds (M,), and its normalised codes (M,8)."""
        from av_models.lips.mouth import mouth_scale

        times_s, codes = _measured(self.model.source)
        half_s = float(1 / self.model.source.track.footage.rate) / 2
        return times_s + half_s, mouth_scale(codes).normalise(codes)

    @cached_property
    def reach(self) -> MouthRange:
        from av_models.lips.visemes import mouth_range

        times_s, codes = self.source
        return mouth_range(codes, times_s)

    @cached_property
    def mouth(self) -> MouthModel:
        """How the source's mouth speaks, learnt from its own aligned speech."""
        from av_models.lips.learning import learn_mouth

        phones, heard = speech_of(self.model.source.track.footage, self.source_words)
        return learn_mouth(phones, *self.source, heard)

    @cached_property
    def performed(self) -> tuple[np.ndarray, np.ndarray, Carry]:
        """Times (M,) in seconds and normalised codes (M,8) of the actor, and the way from there to the source."""
        from av_models.lips.carry import carry_between
        from av_models.lips.mouth import mouth_scale

        times_s, actor = _measured(self.model.actor)
        _, source = _measured(self.model.source)
        scale = mouth_scale(actor)
        return times_s, scale.normalise(actor), carry_between(actor, scale, source, mouth_scale(source))


def _driven_frames(placement: Placement, mode: Lips) -> np.ndarray:
    """(n_frames,) bool: the speech moves the lips. Where no phrases were fitted, the programme's choice counts."""
    drives = np.full(placement.n_frames, mode is Lips.DRIVE)
    for phrase in placement.phrases:
        drives[phrase.first_frame : phrase.first_frame + phrase.n_frames] = phrase.fit is Fit.DRIVE
    return drives


def _loudness_of(placement: Placement) -> Loudness:
    from av_models.io.audio import read_wav
    from av_models.lips.effort import loudness

    return loudness(*read_wav(store().path(placement.alignment.speech.audio)))


def _measured(faces: FaceSet) -> tuple[np.ndarray, np.ndarray]:
    """Times (M,) in seconds and raw codes (M,8) of the faces that training used."""
    shards: list[dict[str, Any]] = [store().arrays(shard) for shard in faces.shards]
    codes = np.concatenate([shard["mouth"] for shard in shards])
    frames = np.concatenate([shard["frame"] for shard in shards])
    return store().arrays(faces.track.data)["time_s"][frames], codes
