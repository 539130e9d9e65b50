"""Measured numbers turned into figures with a verdict, each with the rule that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from av_models.domain.provenance import ManifestState
from av_models.domain.quality import QualityReport
from av_models.domain.sync import SURE, LipSync, Outcome, PhoneTimes

from .sync_rules import judge_offset, within

__all__ = ["Figure", "Grade", "judge"]


class Grade(StrEnum):
    """FAIR: usable, and worth a look. UNKNOWN: could not be measured, which is not a pass."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "not measurable"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. key: stable name.  shown: value and unit for people.  rule: what it is judged by."""

    key: str
    title: str
    shown: str
    grade: Grade
    rule: str
    value: float | None


def judge(report: QualityReport) -> tuple[Figure, ...]:
    """All figures of a master in the order of the report."""
    return (*_sync(report), *_lips(report.sync), *_faces(report), *_sound(report), *_marks(report))


def _sync(report: QualityReport) -> tuple[Figure, ...]:
    return (*_offset(report.sync), *_length(report), *_drift(report.sync))


def _offset(sync: LipSync) -> tuple[Figure, ...]:
    rule = (
        "Positive: the sound comes early. Good: surely within EBU R37 at the output, 40 ms early to 60 ms late. Fair: "
        "not surely outside the acceptability of ITU-R BT.1359, 90 ms early to 185 ms late. ± is two standard errors."
    )
    offset, error = sync.offset_ms, sync.offset_error_ms
    if offset is None:
        found = [Figure("av_offset_ms", "Sound against lips", "no clear peak", Grade.UNKNOWN, rule, None)]
    else:
        outcomes = [verdict.outcome for verdict in judge_offset(offset, error)]
        grade = _within(outcomes[1] is Outcome.PASS, outcomes[3] is not Outcome.FAIL)
        shown = f"{offset:+.0f} ms ± {SURE * (error or 0):.0f} ms"
        found = [Figure("av_offset_ms", "Sound against lips", shown, grade, rule, offset)]
    if sync.sound_late_ms is not None:
        stage = within(-sync.sound_late_ms, 0.0, -15.0, 5.0) is Outcome.PASS
        found.append(
            Figure(
                "mux_offset_ms",
                "Sound against the edit",
                f"{-sync.sound_late_ms:+.2f} ms",
                _within(stage, abs(sync.sound_late_ms) <= 40),
                "Every line is looked for in the sound of the file. Positive: early. Good: within EBU R37 for one "
                "stage of production, 5 ms early to 15 ms late.",
                round(-sync.sound_late_ms, 3),
            )
        )
    return tuple(found)


def _length(report: QualityReport) -> tuple[Figure, ...]:
    apart_ms = (report.picture_s - report.sound_s) * 1000
    frame_ms = float(1000 / report.rate)
    return (
        Figure(
            "picture_minus_sound_ms",
            "Picture against sound, length",
            f"{apart_ms:+.0f} ms ({report.picture_s:.2f} s of picture)",
            _within(abs(apart_ms) <= frame_ms, abs(apart_ms) <= 2 * frame_ms),
            f"Good: within one frame ({frame_ms:.1f} ms).",
            round(apart_ms, 3),
        ),
    )


def _drift(sync: LipSync) -> tuple[Figure, ...]:
    drift = sync.drift
    if drift is None:
        return ()
    doubt = SURE * drift.error_ms_per_min
    grade = _within(
        within(drift.total_ms, drift.total_error_ms, -20, 20) is Outcome.PASS,
        within(drift.total_ms, drift.total_error_ms, -45, 45) is not Outcome.FAIL,
    )
    shown = f"{drift.ms_per_min:+.1f} ± {doubt:.1f} ms a minute ({drift.total_ms:+.0f} ms over {drift.span_s:.0f} s)"
    rule = (
        f"A robust line through the offsets of {drift.n_stretches} stretches. Good: surely at most 20 ms over what was "
        "measured; fair: not surely more than 45 ms."
    )
    return (Figure("drift_ms_per_min", "Drift of sound against lips", shown, grade, rule, drift.ms_per_min),)


def _lips(sync: LipSync) -> tuple[Figure, ...]:
    n = len(sync.closures)
    share = sync.closure_share
    by_chance = "" if sync.chance is None else f"; {sync.chance:.0%} would be hit by chance"
    heard = sync.times is PhoneTimes.HEARD
    wrong = len(sync.false_closures) / sync.n_open_vowels if sync.n_open_vowels else None
    return (
        Figure(
            "closure_share",
            "Lips closed on p, b, m",
            f"{sync.n_hits} of {n}{by_chance}" if n else "no p, b or m spoken",
            Grade.UNKNOWN if heard else _at_least(share, 0.9, 0.75),
            f"Inner-lip gap at most {sync.closed_gap:.3f} of the mouth's width, ± one frame. Good: 90 %, fair: 75 %."
            + (" Not judged here: without a text, which phones are p, b and m is a guess." if heard else ""),
            share,
        ),
        Figure(
            "false_closure_share",
            "Lips wrongly closed on open vowels",
            f"{len(sync.false_closures)} of {sync.n_open_vowels}" if wrong is not None else "no open vowel to judge",
            Grade.UNKNOWN if heard else _at_least(None if wrong is None else -wrong, -0.05, -0.15),
            "Good: at most 5 %, fair: at most 15 %.",
            wrong,
        ),
        _opening(sync),
        *_stillness(sync),
    )


def _opening(sync: LipSync) -> Figure:
    follow = sync.correlation if sync.code_correlation is None else sync.code_correlation
    asked = sync.target if sync.code_correlation is None else "mouth code"
    return Figure(
        "opening_correlation",
        "Lip opening follows the speech",
        "no clear peak" if follow is None else f"r = {follow:.2f}",
        _at_least(follow, 0.6, 0.35),
        f"Correlation of the measured lip gap with the {asked}. Good: 0.6; fair: 0.35. Against phones alone, "
        "faultless CG talkers score 0.71 to 0.82.",
        follow,
    )


def _stillness(sync: LipSync) -> tuple[Figure, ...]:
    still = sync.stillness
    if still is None:
        return ()
    n = len(still.twitches)
    shown = f"{still.movement:.0%} of the movement in speech, {n} twitch{'' if n == 1 else 'es'}"
    rule = (
        f"Over {still.silent_s:.1f} s of silence. A twitch is a move by a quarter of the mouth's range. Good: at most "
        "40 % and no twitch; fair: 60 % and two. Faultless CG talkers score 17 % to 36 %, as landmarks tremble."
    )
    grade = _within(still.movement <= 0.4 and n == 0, still.movement <= 0.6 and n <= 2)
    if still.silent_s < 0.5:
        grade = Grade.UNKNOWN
    return (Figure("silent_movement", "Mouth in silence", shown, grade, rule, still.movement),)


def _faces(report: QualityReport) -> tuple[Figure, ...]:
    match, cover = report.identity, report.coverage
    share = match.share_source
    shown = "no face found"
    if share is not None and match.to_source is not None and match.to_actor is not None:
        shown = f"{share:.0%} of frames; {match.to_source:.2f} to source, {match.to_actor:.2f} to actor"
    swapped = cover.n_swapped / cover.n_frames if cover.n_frames else None
    return (
        Figure(
            "identity_share_source",
            "Nearer to the source than to the actor",
            shown,
            _at_least(share, 0.95, 0.8),
            f"Descriptor distance on every {match.step}th frame; the two people are {match.source_to_actor:.2f} apart, "
            "pictures of one person up to 0.6. Good: 95 % of frames, fair: 80 %.",
            share,
        ),
        Figure(
            "swapped_share",
            "Frames with the swapped face",
            f"{cover.n_swapped} of {cover.n_frames}",
            _at_least(swapped, 1.0, 0.95),
            "Every frame that keeps the actor's face is listed with its reason. Good: all.",
            swapped,
        ),
    )


def _sound(report: QualityReport) -> tuple[Figure, ...]:
    sound = report.sound
    away = abs(sound.integrated_lufs - sound.asked_lufs)
    return (
        Figure(
            "integrated_lufs",
            "Loudness",
            f"{sound.integrated_lufs:.1f} LUFS (range {sound.range_lu:.1f} LU)",
            _within(away <= 0.5, away <= 1),
            f"EBU R128 measurement of the encoded sound. Good: {sound.asked_lufs:.0f} LUFS ± 0.5.",
            sound.integrated_lufs,
        ),
        Figure(
            "true_peak_dbtp",
            "True peak",
            f"{sound.true_peak_dbtp:.1f} dBTP",
            _within(sound.true_peak_dbtp <= -1, sound.true_peak_dbtp <= -0.5),
            "Good: at most -1 dBTP.",
            sound.true_peak_dbtp,
        ),
    )


def _marks(report: QualityReport) -> tuple[Figure, ...]:
    marks = report.marks
    state = marks.provenance.state
    heard, seen = marks.watermark, marks.label
    return (
        Figure(
            "watermark",
            "Watermark in the sound",
            "not measured" if heard is None else f"detector says {heard:.2f}",
            Grade.UNKNOWN if heard is None else _within(marks.watermark_found, False),
            "Read back from the encoded file by the detector of `flow verify`.",
            heard,
        ),
        Figure(
            "label",
            "Visible AI label",
            "not measured" if seen is None else f"likeness {seen:.2f}",
            Grade.UNKNOWN if seen is None else _within(marks.label_found, False),
            "Looked for in the pictures of the encoded file.",
            seen,
        ),
        Figure(
            "c2pa_state",
            "Content credentials (C2PA)",
            str(state),
            _within(state is ManifestState.TRUSTED, state is ManifestState.UNTRUSTED),
            "With a certificate made on this machine: untrusted. Intact and tamper-evident, but the signer is unknown.",
            None,
        ),
    )


def _within(good: bool, fair: bool) -> Grade:
    return Grade.GOOD if good else Grade.FAIR if fair else Grade.POOR


def _at_least(value: float | None, good: float, fair: float) -> Grade:
    return Grade.UNKNOWN if value is None else _within(value >= good, value >= fair)
