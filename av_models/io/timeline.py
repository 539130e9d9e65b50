"""The edit as OpenTimelineIO, for editing programs: retimed footage, speech, beds, captions, a marker on every word.

OTIO holds rates as floats and sums of units as they come; the exact values stand as fractions in the metadata under
'understudy', so that what is read back equals what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from av_models.domain.edit import Anchor, Placement, Timeline
from av_models.domain.production import Bed, BedMix
from av_models.domain.time import frame_time, sample_at

from .subtitles import Cue

if TYPE_CHECKING:
    import opentimelineio as otio

__all__ = ["Stretch", "otio_bytes", "speech_name", "stretches"]

_BED_RATE_HZ = Fraction(48_000)
_CAPTION_UNITS = 240_000
"""A second: captions begin and end on pictures, which are whole numbers of these from 23.976 to 60 a second."""


def otio_bytes(
    timeline: Timeline,
    master_name: str,
    actor_name: str = "actor",
    cues: Sequence[Cue] = (),
    beds: Sequence[Bed] = (),
    mix: BedMix | None = None,
) -> bytes:
    """The timeline as .otio JSON.

    Tracks: 'Actor' (one clip for each stretch of even speed, a time warp on each that is not at speed 1), 'Master' (the
    finished picture), 'Speech' (one WAV an utterance, `speech/NNN.wav` from 001 or, where the sound was conformed to
    the picture, `speech/NNN-conformed.wav` with its time map in the metadata; a marker on every word), 'Bed N', and
    'Captions' (of the kind 'Subtitle', one clip a caption). Roles are in the metadata of placements.
    """
    import opentimelineio as otio

    zero = otio.opentime.RationalTime(0, float(timeline.rate))
    result = otio.schema.Timeline(name=master_name, global_start_time=zero)
    result.metadata["understudy"] = {
        "rate": str(timeline.rate),
        "n_frames": timeline.n_frames,
        "drop_frame": False,
        "lips": f"{timeline.lips.mode}: {timeline.lips.reason}",
    }
    result.tracks.append(_actor_track(timeline, actor_name))
    result.tracks.append(_master_track(timeline, master_name))
    result.tracks.append(_speech_track(timeline))
    for number, bed in enumerate(beds, 1):
        result.tracks.append(_bed_track(timeline, bed, number, mix or BedMix()))
    if cues:
        result.tracks.append(_caption_track(cues))
    return otio.adapters.write_to_string(result, "otio_json").encode()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames [first, end) of a placement that show the footage from `source_s` on at an even `speed`, which is 0 for a
    held picture and below 0 backwards."""

    first: int
    end: int
    source_s: Fraction
    speed: Fraction


def stretches(placement: Placement, rate: Fraction) -> Iterator[Stretch]:
    """The even stretches of a placement; together they cover it."""
    pairs = [(a, b) for a, b in pairwise(placement.anchors) if b.frame > a.frame and a.frame < placement.n_frames]
    for number, (a, b) in enumerate(pairs):
        speed = (b.source_s - a.source_s) * rate / (b.frame - a.frame)
        start = 0 if number == 0 else a.frame
        # The last anchor may stand on the last frame, which itself lasts until the shot ends.
        end = placement.n_frames if number == len(pairs) - 1 else min(b.frame, placement.n_frames)
        yield Stretch(start, end, _at(a, start, speed, rate), speed)


def speech_name(placement: Placement, number: int) -> str:
    """Where the sound of a placement lies, counted from 1, seen from the output folder."""
    return f"speech/{number:03d}-conformed.wav" if placement.sound_map else f"speech/{number:03d}.wav"


def _actor_track(timeline: Timeline, actor_name: str) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Actor", kind=otio.schema.TrackKind.Video)
    for number, placement in enumerate(timeline.placements, 1):
        for part, one in enumerate(stretches(placement, timeline.rate), 1):
            clip = otio.schema.Clip(
                name=f"{number:03d}.{part} {placement.how}",
                media_reference=otio.schema.ExternalReference(target_url=actor_name),
                source_range=_span(one.source_s, frame_time(one.end - one.first, timeline.rate), timeline.rate),
                metadata={
                    "understudy": {
                        "source_s": str(one.source_s),
                        "speed": str(one.speed),
                        "first_frame": placement.first_frame + one.first,
                        "n_frames": one.end - one.first,
                    }
                },
            )
            if one.speed != 1:
                clip.effects.append(_warp(one.speed))
            track.append(clip)
    return track


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
        line = placement.alignment.speech.utterance.line
        clip = otio.schema.Clip(line.written or f"{number:03d}", reference, _span(start, length, timeline.rate))
        clip.metadata["understudy"] = {
            "role": line.role,
            "paragraph": line.paragraph,
            "first_frame": placement.first_frame,
            "n_frames": placement.n_frames,
            "phrases": [
                {"first_frame": one.first_frame, "n_frames": one.n_frames, "fit": str(one.fit), "reason": one.reason}
                for one in placement.phrases
            ],
        }
        track.append(clip)
    return track


def _speech_track(timeline: Timeline) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Speech", kind=otio.schema.TrackKind.Audio)
    reached = Fraction(0)
    for number, placement in enumerate(timeline.placements, 1):
        start = frame_time(placement.first_frame, timeline.rate) + placement.speech_start
        _fill(track, reached, start, Fraction(placement.alignment.speech.rate_hz))
        track.append(_speech_clip(placement, number, start))
        reached = start + placement.alignment.speech.duration
    return track


def _speech_clip(placement: Placement, number: int, start: Fraction) -> otio.schema.Clip:
    import opentimelineio as otio

    speech = placement.alignment.speech
    whole = _span(Fraction(0), speech.duration, Fraction(speech.rate_hz))
    reference = otio.schema.ExternalReference(target_url=speech_name(placement, number), available_range=whole)
    clip = otio.schema.Clip(speech.utterance.line.written, reference, whole)
    clip.metadata["understudy"] = {
        "role": speech.utterance.line.role,
        "voice": speech.utterance.voice.name,
        "start_s": str(start),
        "n_samples": speech.n_samples,
        "rate_hz": speech.rate_hz,
        "sound": str(placement.sound.how) if placement.sound else "as spoken",
        "sound_map": [{"spoken_s": str(one.spoken_s), "heard_s": str(one.heard_s)} for one in placement.sound_map],
    }
    for word in placement.alignment.words:
        marked = _span(word.start, word.end - word.start, Fraction(speech.rate_hz))
        clip.markers.append(otio.schema.Marker(name=word.text, marked_range=marked, color=otio.schema.MarkerColor.CYAN))
    return clip


def _bed_track(timeline: Timeline, bed: Bed, number: int, mix: BedMix) -> otio.schema.Track:
    """One clip for every time that the bed begins."""
    import opentimelineio as otio

    track = otio.schema.Track(name=f"Bed {number}", kind=otio.schema.TrackKind.Audio)
    length, whole = bed.n_samples / _BED_RATE_HZ, timeline.duration
    reference = otio.schema.ExternalReference(
        target_url=bed.name, available_range=_span(Fraction(0), length, _BED_RATE_HZ)
    )
    reached = Fraction(0)
    while reached < whole and (mix.loop or not reached):
        heard = min(length, whole - reached)
        clip = otio.schema.Clip(bed.name, reference.clone(), _span(Fraction(0), heard, _BED_RATE_HZ))
        clip.metadata["understudy"] = {
            "bed_db": mix.bed_db, "duck_db": mix.duck_db, "fade_in_s": mix.fade_in_s, "fade_out_s": mix.fade_out_s
        }  # fmt: skip
        track.append(clip)
        reached += heard
    return track


def _caption_track(cues: Sequence[Cue]) -> otio.schema.Track:
    import opentimelineio as otio

    track = otio.schema.Track(name="Captions", kind="Subtitle")
    units, reached = Fraction(_CAPTION_UNITS), Fraction(0)
    for cue in cues:
        _fill(track, reached, cue.start, units)
        length = cue.end - cue.start
        parameters: dict[str, Any] = {"text": "\n".join(cue.lines)}
        caption = otio.schema.GeneratorReference(generator_kind="Caption", parameters=parameters)
        clip = otio.schema.Clip(" ".join(cue.lines), caption, _span(Fraction(0), length, units))
        clip.metadata["understudy"] = {"start_s": str(cue.start), "end_s": str(cue.end)}
        track.append(clip)
        reached = cue.end
    return track


def _fill(track: otio.schema.Track, reached: Fraction, start: Fraction, rate: Fraction) -> None:
    import opentimelineio as otio

    if start > reached:
        track.append(otio.schema.Gap(source_range=_span(Fraction(0), start - reached, rate)))


def _span(start: Fraction, duration: Fraction, rate: Fraction) -> otio.opentime.TimeRange:
    """In whole units of `rate` for sound, which is counted in samples; pictures may begin between two frames."""
    import opentimelineio as otio

    def moment(time: Fraction) -> otio.opentime.RationalTime:
        units = sample_at(time, rate.numerator) if rate >= 8000 else time * rate
        return otio.opentime.RationalTime(float(units), float(rate))

    return otio.opentime.TimeRange(moment(start), moment(duration))
