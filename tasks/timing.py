"""The edit as stages: where every line lies, which footage carries it, and what the mouth does in each frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from prefect import task

from av_models.domain.edit import Lips, LipsChoice, Placement, Shot, Timeline
from av_models.domain.face import FaceSet, FaceTrack, SwapModel
from av_models.domain.media import Footage
from av_models.domain.speech import Alignment, Phone, Word
from av_models.domain.time import frames_covering, sample_at
from tasks.caching import by_content
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.lips.visemes import Correction, MouthRange

LEAD_S = Fraction(12, 100)
FIRST_LEAD_S = Fraction(30, 100)
LINE_GAP_S = Fraction(30, 100)
PARAGRAPH_GAP_S = Fraction(45, 100)
LAST_TAIL_S = Fraction(60, 100)
SHARD_FRAMES = 96
SPEECH_HZ = 16000
MARGIN_S = Fraction(15, 100)
STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)


@task(cache_policy=by_content("1"), result_serializer="json", persist_result=True, cache_result_in_memory=False)
def fit_performance(alignments: tuple[Alignment, ...], actor: FaceTrack, lips: Lips) -> Timeline:
    """Lay the lines one after the other and find the actor's frames that carry each."""
    choice, performed = choose_lips(alignments, actor, lips)
    rate = programme_rate(actor.footage)
    if performed:
        return Timeline(rate, _matched(alignments, performed, actor, rate), choice)
    return Timeline(rate, _carried(alignments, actor, rate), choice)


@task(cache_policy=by_content("1"), result_serializer="json", persist_result=True, cache_result_in_memory=False)
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


def programme_rate(footage: Footage) -> Fraction:
    """The footage's own rate; for a varying rate the nearest standard one."""
    if not footage.variable_rate:
        return footage.rate
    return min(STANDARD_RATES, key=lambda rate: abs(rate - footage.rate))


def choose_lips(alignments: Sequence[Alignment], actor: FaceTrack, lips: Lips) -> tuple[LipsChoice, tuple[Word, ...]]:
    """Keep or drive, with the reason, and the words as the actor says them when those are the script's."""
    from av_models.alignment.spoken import says
    from av_models.io.audio import read_audio

    if lips is Lips.DRIVE:
        return LipsChoice(Lips.DRIVE, "The lips follow the speech, as asked."), ()
    words = [word for alignment in alignments for word in alignment.speech.utterance.line.spoken]
    performed: tuple[Word, ...] = ()
    if actor.footage.audio is None:
        heard = "The actor's footage has no sound to compare with the script."
    else:
        match = says(read_audio(store().path(actor.footage.media), SPEECH_HZ), SPEECH_HZ, words)
        heard, performed = match.reason, tuple(match.words or ()) if match.said else ()
    performed = performed if len(performed) == len(words) else ()
    if lips is Lips.KEEP:
        return LipsChoice(Lips.KEEP, f"The actor's own lips are kept, as asked. {heard}"), performed
    if performed:
        return LipsChoice(Lips.KEEP, "The actor says these words, so the actor's own lips are kept."), performed
    return LipsChoice(Lips.DRIVE, f"The actor does not say these words, so the speech drives the lips. {heard}"), ()


def _carried(alignments: Sequence[Alignment], actor: FaceTrack, rate: Fraction) -> tuple[Placement, ...]:
    """The footage plays at its own speed under speech that it does not say."""
    from av_models.lips.conform import anchors_of, line_path, rest_frame

    arrays = store().arrays(actor.data)
    grid = _grid(actor.footage, rate)
    rest = rest_frame(arrays["landmarks"], arrays["usable"])
    rest_position = float(np.abs(np.array([float(t) for t in grid]) - arrays["time_s"][rest]).argmin())
    placements: list[Placement] = []
    first_frame = 0
    for index, alignment in enumerate(alignments):
        lead = _lead(alignments, index)
        tail = LAST_TAIL_S if index == len(alignments) - 1 else Fraction(0)
        n = frames_covering(lead + alignment.speech.duration + tail, rate)
        path, how = line_path(index, len(alignments), n, rest_position, len(grid), rate)
        placements.append(Placement(alignment, first_frame, n, lead, anchors_of(path, grid), how))
        first_frame += n
    return tuple(placements)


def _matched(
    alignments: Sequence[Alignment], performed: Sequence[Word], actor: FaceTrack, rate: Fraction
) -> tuple[Placement, ...]:
    """The footage is retimed so that the actor says each word when the speech does; pauses between lines are the
    actor's."""
    from av_models.lips.conform import anchors_of, matched_path

    grid = _grid(actor.footage, rate)
    placements: list[Placement] = []
    first_frame = first_word = 0
    for index, alignment in enumerate(alignments):
        own = performed[first_word : first_word + len(alignment.words)]
        first_word += len(alignment.words)
        lead = FIRST_LEAD_S if index == 0 else LEAD_S
        tail = LAST_TAIL_S
        if first_word < len(performed):
            tail = min(max(performed[first_word].start - own[-1].end - LEAD_S, Fraction(1, 10)), Fraction(2))
        n = frames_covering(lead + alignment.speech.duration + tail, rate)
        spoken = [float(lead + word.start) for word in alignment.words]
        path, how = matched_path(n, rate, spoken, [float(word.start) for word in own], len(grid))
        placements.append(Placement(alignment, first_frame, n, lead, anchors_of(path, grid), how))
        first_frame += n
    return tuple(placements)


def _lead(alignments: Sequence[Alignment], index: int) -> Fraction:
    """Silence before a line. It belongs to the line's own shot, so that a line's length concerns nobody else."""
    if index == 0:
        return FIRST_LEAD_S
    line, before = (alignments[i].speech.utterance.line for i in (index, index - 1))
    return PARAGRAPH_GAP_S if line.paragraph != before.paragraph else LINE_GAP_S


def _grid(footage: Footage, rate: Fraction) -> tuple[Fraction, ...]:
    """The moments of the footage that can be shown: its own frames, or an even grid if its rate varies."""
    from av_models.io.video import frame_times

    if footage.variable_rate:
        return tuple(k / rate for k in range(max(2, int(footage.duration * rate))))
    return frame_times(store().path(footage.media))


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


__all__ = ["choose_lips", "cut_shots", "fit_performance", "programme_rate"]
