"""The edit as OpenTimelineIO, for editing programs: retimed actor footage, speech, and a marker on every word."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from av_models.domain.edit import Anchor, Placement, Timeline
from av_models.domain.time import frame_time, sample_at

if TYPE_CHECKING:
    import opentimelineio as otio

__all__ = ["otio_bytes"]


def otio_bytes(timeline: Timeline, master_name: str, actor_name: str = "actor") -> bytes:
    """The timeline as .otio JSON.

    Tracks: 'Actor' (one clip for each stretch of even speed, a time warp on each that is not at speed 1), 'Master' (the
    finished picture), 'Speech' (one WAV an utterance, `speech/NNN.wav` from 001, a marker on every word).
    """
    import opentimelineio as otio

    zero = otio.opentime.RationalTime(0, float(timeline.rate))
    result = otio.schema.Timeline(name=master_name, global_start_time=zero)
    result.tracks.append(_actor_track(timeline, actor_name))
    result.tracks.append(_master_track(timeline, master_name))
    result.tracks.append(_speech_track(timeline))
    return otio.adapters.write_to_string(result, "otio_json").encode()


def _actor_track(timeline: Timeline, actor_name: str) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Actor", kind=otio.schema.TrackKind.Video)
    for number, placement in enumerate(timeline.placements, 1):
        for part, (start, end, source_s, speed) in enumerate(_stretches(placement, timeline.rate), 1):
            clip = otio.schema.Clip(
                name=f"{number:03d}.{part} {placement.how}",
                media_reference=otio.schema.ExternalReference(target_url=actor_name),
                source_range=_span(source_s, frame_time(end - start, timeline.rate), timeline.rate),
                metadata={"understudy": {"source_s": str(source_s), "speed": str(speed)}},
            )
            if speed != 1:
                clip.effects.append(_warp(speed))
            track.append(clip)
    return track


def _stretches(placement: Placement, rate: Fraction) -> Iterator[tuple[int, int, Fraction, Fraction]]:
    """(first frame, end frame, source time of the first, speed) of each even stretch; together they cover the shot."""
    pairs = [(a, b) for a, b in pairwise(placement.anchors) if b.frame > a.frame and a.frame < placement.n_frames]
    for number, (a, b) in enumerate(pairs):
        speed = (b.source_s - a.source_s) * rate / (b.frame - a.frame)
        start = 0 if number == 0 else a.frame
        # The last anchor may stand on the last frame, which itself lasts until the shot ends.
        end = placement.n_frames if number == len(pairs) - 1 else min(b.frame, placement.n_frames)
        yield start, end, _at(a, start, speed, rate), speed


def _at(anchor: Anchor, frame: int, speed: Fraction, rate: Fraction) -> Fraction:
    return anchor.source_s + (frame - anchor.frame) * speed / rate


def _warp(speed: Fraction) -> otio.schema.Effect:
    import opentimelineio as otio

    return otio.schema.LinearTimeWarp(time_scalar=float(speed)) if speed else otio.schema.FreezeFrame()


def _master_track(timeline: Timeline, master_name: str) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Master", kind=otio.schema.TrackKind.Video)
    for number, placement in enumerate(timeline.placements, 1):
        start, length = (frame_time(n, timeline.rate) for n in (placement.first_frame, placement.n_frames))
        reference = otio.schema.ExternalReference(
            target_url=master_name, available_range=_span(Fraction(0), timeline.duration, timeline.rate)
        )
        name = placement.alignment.speech.utterance.line.written or f"{number:03d}"
        track.append(otio.schema.Clip(name, reference, _span(start, length, timeline.rate)))
    return track


def _speech_track(timeline: Timeline) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Speech", kind=otio.schema.TrackKind.Audio)
    reached = Fraction(0)
    for number, placement in enumerate(timeline.placements, 1):
        start = frame_time(placement.first_frame, timeline.rate) + placement.speech_start
        rate_hz = placement.alignment.speech.rate_hz
        if start > reached:
            track.append(otio.schema.Gap(source_range=_span(Fraction(0), start - reached, Fraction(rate_hz))))
        track.append(_speech_clip(placement, number))
        reached = start + placement.alignment.speech.duration
    return track


def _speech_clip(placement: Placement, number: int) -> otio.schema.Clip:
    import opentimelineio as otio

    speech = placement.alignment.speech
    whole = _span(Fraction(0), speech.duration, Fraction(speech.rate_hz))
    reference = otio.schema.ExternalReference(target_url=f"speech/{number:03d}.wav", available_range=whole)
    clip = otio.schema.Clip(speech.utterance.line.written, reference, whole)
    for word in placement.alignment.words:
        marked = _span(word.start, word.end - word.start, Fraction(speech.rate_hz))
        clip.markers.append(otio.schema.Marker(name=word.text, marked_range=marked, color=otio.schema.MarkerColor.CYAN))
    return clip


def _span(start: Fraction, duration: Fraction, rate: Fraction) -> otio.opentime.TimeRange:
    """In whole units of `rate` for sound, which is counted in samples; pictures may begin between two frames."""
    import opentimelineio as otio

    def moment(time: Fraction) -> otio.opentime.RationalTime:
        units = sample_at(time, rate.numerator) if rate >= 8000 else time * rate
        return otio.opentime.RationalTime(float(units), float(rate))

    return otio.opentime.TimeRange(moment(start), moment(duration))
