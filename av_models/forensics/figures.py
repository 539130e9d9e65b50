"""Measured numbers turned into figures with a verdict, each with the rule that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from av_models.domain.provenance import ManifestState
from av_models.domain.quality import LipSync, QualityReport

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
    rule = (
        "Positive: the sound comes early. Good: within EBU R37 at the output, 40 ms early to 60 ms late (for a single "
        "stage it asks 5 to 15 ms). Fair: within the acceptability of ITU-R BT.1359, 90 ms early to 185 ms late."
    )
    offset, error = report.sync.offset_ms, report.sync.offset_error_ms
    if offset is None:
        shown, grade = "no clear peak", Grade.UNKNOWN
    else:
        shown = f"{offset:+.0f} ms ± {error or 0:.0f} ms"
        grade = _within(-60 <= offset <= 40, -185 <= offset <= 90)
    return (Figure("av_offset_ms", "Sound against lips", shown, grade, rule, offset), *_length(report))


def _length(report: QualityReport) -> tuple[Figure, ...]:
    apart_ms = (report.picture_s - report.sound_s) * 1000
    frame_ms = float(1000 / report.rate)
    figures = [
        Figure(
            "picture_minus_sound_ms",
            "Picture against sound, length",
            f"{apart_ms:+.0f} ms ({report.picture_s:.2f} s of picture)",
            _within(abs(apart_ms) <= frame_ms, abs(apart_ms) <= 2 * frame_ms),
            f"Good: within one frame ({frame_ms:.1f} ms).",
            round(apart_ms, 3),
        )
    ]
    drift = report.sync.drift_ms_per_min
    if drift is not None:
        grade = _within(abs(drift) <= 10, abs(drift) <= 40)
        rule = "Slope of the offset over windows of 10 s. Good: at most 10 ms a minute."
        figures.append(Figure("drift_ms_per_min", "Drift of the lips", f"{drift:+.0f} ms/min", grade, rule, drift))
    return tuple(figures)


def _lips(sync: LipSync) -> tuple[Figure, ...]:
    n = len(sync.closures)
    share = sync.n_hits / n if n else None
    by_chance = "" if sync.chance is None else f"; {sync.chance:.0%} would be hit by chance"
    wrong = len(sync.false_closures) / sync.n_open_vowels if sync.n_open_vowels else None
    follow = sync.correlation if sync.code_correlation is None else sync.code_correlation
    asked = sync.target if sync.code_correlation is None else "mouth code"
    return (
        Figure(
            "closure_share",
            "Lips closed on p, b, m",
            f"{sync.n_hits} of {n}{by_chance}" if n else "no p, b or m spoken",
            _at_least(share, 0.9, 0.75),
            f"Inner-lip gap at most {sync.closed_gap:.3f} of the mouth's width, ± one frame. Good: 90 %, fair: 75 %.",
            share,
        ),
        Figure(
            "false_closure_share",
            "Lips wrongly closed on open vowels",
            f"{len(sync.false_closures)} of {sync.n_open_vowels}" if wrong is not None else "no open vowel to judge",
            _at_least(None if wrong is None else -wrong, -0.05, -0.15),
            "Good: at most 5 %, fair: at most 15 %.",
            wrong,
        ),
        Figure(
            "opening_correlation",
            "Lip opening follows the speech",
            "no clear peak" if follow is None else f"r = {follow:.2f}",
            _at_least(follow, 0.6, 0.35),
            f"Correlation of the measured lip gap with the {asked}. Good: 0.6; fair: 0.35. Against phones alone, "
            "faultless CG talkers score 0.62 to 0.74.",
            follow,
        ),
    )


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
    away = abs(sound.integrated_lufs + 16)
    return (
        Figure(
            "integrated_lufs",
            "Loudness",
            f"{sound.integrated_lufs:.1f} LUFS (range {sound.range_lu:.1f} LU)",
            _within(away <= 0.5, away <= 1),
            "EBU R128 measurement of the encoded sound. Good: -16 LUFS ± 0.5.",
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
