"""What lies beside the master: captions, timeline, edit list, and the words and phones of the whole programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from av_models.domain.edit import Timeline
from av_models.domain.media import MediaRef
from av_models.domain.production import MasterOptions
from av_models.domain.speech import SILENCE, Alignment, Phone, Word
from av_models.domain.time import frame_time, sample_at
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.io.subtitles import Cue

__all__ = ["Sidecars", "notes_on", "programme_alignment", "sidecars"]

_NEAR_LU = 0.5


@dataclass(frozen=True, slots=True)
class Sidecars:
    """As `Master` names them."""

    captions_vtt: MediaRef
    captions_srt: MediaRef
    otio: MediaRef
    edl: MediaRef
    textgrid: MediaRef | None


def sidecars(timeline: Timeline, cues: Sequence[Cue], options: MasterOptions, actor_name: str) -> Sidecars:
    from av_models.io.edl import edl_text
    from av_models.io.subtitles import srt, vtt
    from av_models.io.textgrid import textgrid_text
    from av_models.io.timeline import otio_bytes

    otio = otio_bytes(timeline, options.file_name, actor_name, cues, options.beds, options.mix)
    whole = programme_alignment(timeline)
    return Sidecars(
        captions_vtt=store().put_bytes(vtt(cues).encode(), ".vtt"),
        captions_srt=store().put_bytes(srt(cues).encode(), ".srt"),
        otio=store().put_bytes(otio, ".otio"),
        edl=store().put_bytes(edl_text(timeline, options.title, actor_name).encode(), ".edl"),
        textgrid=store().put_bytes(textgrid_text(whole).encode(), ".TextGrid") if whole else None,
    )


def programme_alignment(timeline: Timeline) -> Alignment | None:
    """Words and phones of all lines in programme time, silence between them; None for a programme without a line."""
    from av_models.io.loudness import PROGRAMME_RATE_HZ

    if not timeline.placements:
        return None
    words: list[Word] = []
    phones: list[Phone] = []
    for placement in timeline.placements:
        start = frame_time(placement.first_frame, timeline.rate) + placement.speech_start
        words += [replace(one, start=one.start + start, end=one.end + start) for one in placement.alignment.words]
        spoken = [replace(one, start=one.start + start, end=one.end + start) for one in placement.alignment.phones]
        phones += _after(phones, spoken)
    n_samples = sample_at(timeline.duration, PROGRAMME_RATE_HZ)
    duration = Fraction(n_samples, PROGRAMME_RATE_HZ)
    phones += _after(phones, [Phone(SILENCE, duration, duration)])
    first = timeline.placements[0].alignment
    speech = replace(first.speech, rate_hz=PROGRAMME_RATE_HZ, n_samples=n_samples, words=(), phones=())
    return replace(first, speech=speech, words=tuple(words), phones=_joined(phones, duration), score=None)


def _after(phones: Sequence[Phone], following: Sequence[Phone]) -> list[Phone]:
    """`following`, with silence before it up to where `phones` end."""
    reached = phones[-1].end if phones else Fraction(0)
    if following and following[0].start > reached:
        return [Phone(SILENCE, reached, following[0].start), *following]
    return list(following)


def _joined(phones: Sequence[Phone], duration: Fraction) -> tuple[Phone, ...]:
    """One silence for several in a row, and nothing of no length or beyond the end."""
    joined: list[Phone] = []
    for phone in phones:
        phone = replace(phone, end=min(phone.end, duration))
        if joined and phone.label == SILENCE == joined[-1].label:
            joined[-1] = replace(joined[-1], end=phone.end)
        elif phone.end > phone.start:
            joined.append(phone)
    return tuple(joined)


def notes_on(cues: Sequence[Cue], options: MasterOptions, loudness_lufs: float) -> tuple[str, ...]:
    """What the user should know of a master, in sentences."""
    from av_models.io.subtitles import fast_cues

    notes = []
    if fast := fast_cues(cues):
        most = max(float(cue.chars_per_s) for cue in fast)
        notes.append(
            f"{len(fast)} of {len(cues)} captions must be read at more than 17 characters a second (up to {most:.1f}), "
            "as fast as the words are spoken: slow the voice down, or shorten the text."
        )
    if abs(loudness_lufs - options.loudness_lufs) > _NEAR_LU:
        notes.append(
            f"The loudness is {loudness_lufs:.1f} LUFS, not {options.loudness_lufs:g}: "
            "the programme is too short or too quiet to be measured."
        )
    if options.beds:
        notes.append(
            "Music and effects of the actor's footage are not in it, for they come with his voice: give them as beds."
        )
    return tuple(notes)
