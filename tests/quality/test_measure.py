"""The whole measurement on a real file: good lips, late sound, nothing swapped, no marks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from master_made import KEPT_ACTOR, Made

from av_models.domain.provenance import ManifestState
from av_models.domain.quality import QualityReport
from av_models.forensics.advice import advise
from av_models.forensics.figures import Grade, judge


def grades(report: QualityReport) -> dict[str, Grade]:
    return {figure.key: figure.grade for figure in judge(report)}


def test_late_sound_is_found_in_the_file(measured: QualityReport) -> None:
    sync = measured.sync
    assert sync.sound_late_ms == pytest.approx(80, abs=2)
    assert grades(measured)["mux_offset_ms"] is Grade.POOR
    if sync.picture_late_ms is None:
        # 6.6 s are few: what the lips explain lies just above chance on some processors and just below on others,
        # which place the landmarks a little differently. Then it must be said, and nothing be claimed.
        assert "lips do not follow" in sync.reason and sync.offset_ms is None
        return
    assert sync.picture_late_ms == pytest.approx(-5, abs=12)
    assert sync.offset_ms == pytest.approx(-85, abs=12)
    assert sync.offset_error_ms is not None and sync.offset_error_ms < 12
    assert grades(measured)["av_offset_ms"] is Grade.FAIR


def test_lips_close_where_the_actor_closed_them(measured: QualityReport) -> None:
    assert [one.phone for one in measured.sync.closures] == list("MMMBBBPM")
    assert measured.sync.n_hits >= 7
    assert measured.sync.chance is not None
    assert len(measured.sync.false_closures) <= 2
    assert measured.sync.target == "phones"


def test_an_unswapped_face_is_told(measured: QualityReport) -> None:
    match = measured.identity
    assert match.n_frames == 33
    assert match.share_source == 0
    assert match.to_actor is not None and match.to_source is not None and match.to_actor < 0.4 < match.to_source
    assert grades(measured)["identity_share_source"] is Grade.POOR


def test_coverage_counts_frames_and_lists_the_rest(measured: QualityReport) -> None:
    cover = measured.coverage
    assert (cover.n_frames, cover.n_swapped, cover.n_found) == (165, 161, 165)
    assert cover.unswapped == (KEPT_ACTOR,)
    assert grades(measured)["swapped_share"] is Grade.FAIR


def test_a_file_without_marks_is_poor(measured: QualityReport) -> None:
    assert measured.marks.provenance.state is ManifestState.ABSENT
    found = grades(measured)
    assert (found["c2pa_state"], found["watermark"], found["label"]) == (Grade.POOR,) * 3
    assert found["picture_minus_sound_ms"] is Grade.GOOD


def test_every_poor_figure_gets_advice(measured: QualityReport) -> None:
    figures = judge(measured)
    poor = [figure for figure in figures if figure.grade is Grade.POOR]
    advice = advise(figures, {"script": "my talk.txt", "profile": "draft"})
    assert len(advice) == len(poor) + 3
    assert "flow run produce --script 'my talk.txt' --profile final" in [one.command for one in advice]


def test_values_survive_prefects_records(measured: QualityReport) -> None:
    from prefect.serializers import JSONSerializer

    keeper = JSONSerializer()
    assert keeper.loads(keeper.dumps(measured)) == measured


def test_a_partial_run_gets_a_report(media: Path, late: Made, tmp_path: Path) -> None:
    from tasks.quality import write_report

    page = write_report.fn(tmp_path / "out", {"script": "x.txt", "profile": "draft"}, script=late.script)
    text = page.read_text()
    assert "stopped before the master" in text and "A word from the studio" in text
    facts = json.loads((tmp_path / "out" / "report.json").read_text())
    assert facts["format"] == 1 and facts["measured"] is None and facts["model"] is None
