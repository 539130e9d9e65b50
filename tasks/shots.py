"""Shots as a stage: every placement in pieces that can be redone alone, with what the mouth does in each frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.edit import Lips, Placement, Shot, Timeline
from av_models.domain.face import FaceSet, SwapModel
from av_models.domain.media import Footage
from av_models.domain.speech import Phone
from av_models.domain.time import sample_at
from tasks.caching import stage
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.lips.visemes import Correction, MouthRange

__all__ = ["cut_shots"]

SHARD_FRAMES = 96
SPEECH_HZ = 16000
MARGIN_S = Fraction(15, 100)


@stage("1")
def cut_shots(timeline: Timeline, model: SwapModel, source_words: str) -> tuple[Shot, ...]:
    """Every placement as shots of at most SHARD_FRAMES frames, each with the mouth codes of its frames.

    source_words: what the source says in its own footage; '' when unknown. It teaches how this person's mouth speaks.
    """
    codes = _MouthCodes(timeline.lips.mode, model, source_words)
    shots: list[Shot] = []
    for placement in timeline.placements:
        times = _plate_times(placement)
        mouths = codes.of(placement, times, timeline.rate)
        for first in range(0, placement.n_frames, SHARD_FRAMES):
            part = slice(first, first + SHARD_FRAMES)
            mouth = store().put_arrays(mouth=mouths[part])
            shots.append(Shot(times[part], timeline.rate, mouth, model))
    return tuple(shots)


def _plate_times(placement: Placement) -> tuple[Fraction, ...]:
    from av_models.lips.conform import footage_times

    return footage_times(placement.anchors, placement.n_frames)


class _MouthCodes:
    """Mouth codes of placements, measured on the actor (keep) or predicted from phones (drive)."""

    def __init__(self, mode: Lips, model: SwapModel, source_words: str) -> None:
        self.mode = mode
        if mode is Lips.KEEP:
            self.times_s, self.codes = _measured(model.actor)
        else:
            self.range, self.correction = _mouth_of(model.source, source_words)

    def of(self, placement: Placement, times: Sequence[Fraction], rate: Fraction) -> np.ndarray:
        """(n_frames, 8) normalised."""
        from av_models.lips.visemes import drive

        if self.mode is Lips.KEEP:
            at = np.array([float(t) for t in times])
            columns = [np.interp(at, self.times_s, column) for column in self.codes.T]
            return np.stack(columns, 1).astype(np.float32)
        middles = [float((k + Fraction(1, 2)) / rate - placement.speech_start) for k in range(placement.n_frames)]
        return drive(placement.alignment.phones, np.array(middles), self.range, self.correction)


def _measured(faces: FaceSet) -> tuple[np.ndarray, np.ndarray]:
    """Times (M,) in seconds and normalised codes (M,8) of the faces that training used."""
    from av_models.lips.mouth import mouth_scale

    shards: list[dict[str, Any]] = [store().arrays(shard) for shard in faces.shards]
    codes = np.concatenate([shard["mouth"] for shard in shards])
    frames = np.concatenate([shard["frame"] for shard in shards])
    times_s = store().arrays(faces.track.data)["time_s"][frames]
    return times_s, mouth_scale(codes).normalise(codes)


def _mouth_of(source: FaceSet, words: str) -> tuple[MouthRange, Correction | None]:
    """The source's range of movement, and what its own aligned speech teaches about it."""
    from av_models.lips.visemes import fit_correction, mouth_range

    times_s, codes = _measured(source)
    reach = mouth_range(codes)
    phones = _phones_of(source.track.footage, words)
    if not phones:
        return reach, None
    half_frame_s = float(1 / source.track.footage.rate) / 2
    return reach, fit_correction(phones, times_s + half_frame_s, codes, reach)


def _phones_of(footage: Footage, words: str) -> tuple[Phone, ...]:
    """Aligned phones of what the source says in its footage; empty without sound or words, or if they do not match."""
    from av_models.alignment.aligner import get_aligner
    from av_models.alignment.spoken import says
    from av_models.io.audio import read_audio
    from av_models.speech.script import read_script

    if footage.audio is None or not words.strip():
        return ()
    lines = read_script(words).lines
    samples = read_audio(store().path(footage.media), SPEECH_HZ)
    match = says(samples, SPEECH_HZ, [word for line in lines for word in line.spoken])
    phones: list[Phone] = []
    heard = list(match.words or ())
    for line in lines if match.said else ():
        own, heard = heard[: len(line.spoken)], heard[len(line.spoken) :]
        start = max(own[0].start - MARGIN_S, Fraction(0))
        piece = samples[sample_at(start, SPEECH_HZ) : sample_at(own[-1].end + MARGIN_S, SPEECH_HZ)]
        aligned = get_aligner("pocketsphinx").align(piece, SPEECH_HZ, line, "en-us", ((), ()))
        phones += [Phone(phone.label, phone.start + start, phone.end + start) for phone in aligned.phones]
    return tuple(phones)
