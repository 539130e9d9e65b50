"""A master that is out of sync: judged, and put aside without touching earlier results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from master_made import Made

from av_models.domain.errors import QualityError
from av_models.domain.quality import QualityReport
from av_models.domain.sync import Closure, Drift, SyncGate, SyncLimits
from av_models.forensics.sync_rules import breaches, doubts
from tasks.sync_gate import REJECTED, judge_sync, refuse_master


def test_the_gate_names_what_is_surely_wrong(measured: QualityReport) -> None:
    found = judge_sync.fn(measured, SyncGate.FAIL, SyncLimits())
    assert any(clause.startswith("the sound lies +80.0 ms") for clause in found)
    assert judge_sync.fn(measured, SyncGate.OFF, SyncLimits()) == ()
    loose = SyncLimits(early_ms=200, late_ms=200, stage_early_ms=100, stage_late_ms=100, closures=0.0)
    assert judge_sync.fn(measured, SyncGate.FAIL, loose) == ()


def test_what_cannot_be_told_is_a_doubt_and_no_breach(measured: QualityReport) -> None:
    limits = SyncLimits(stage_late_ms=100)
    vague = replace(measured.sync, offset_ms=-55.0, offset_error_ms=10.0, drift=Drift(30.0, 20.0, 60.0, 6))
    assert breaches(vague, limits) == ()
    assert len(doubts(vague, limits)) == 2
    drifting = replace(vague, drift=Drift(60.0, 5.0, 60.0, 6))
    assert [clause for clause in breaches(drifting, limits) if "changes by +60 ms" in clause]


def test_nobody_is_asked_for_closures_that_the_actor_did_not_make(measured: QualityReport) -> None:
    limits = SyncLimits(late_ms=200, stage_late_ms=100)
    half = tuple(replace(one, hit=number % 2 == 0) for number, one in enumerate(measured.sync.closures))
    poor = replace(measured.sync, closures=half)
    assert [clause for clause in breaches(poor, limits) if "close on 4 of 8" in clause]
    assert breaches(poor, limits, reference=poor) == ()
    assert isinstance(half[0], Closure)


def test_a_refused_master_is_kept_beside_the_earlier_results(
    late: Made, measured: QualityReport, media: Path, tmp_path: Path
) -> None:
    out, folder = tmp_path / "out", tmp_path / "part"
    out.mkdir()
    folder.mkdir()
    (out / "master.mp4").write_bytes(b"earlier")
    (folder / "master.mp4").write_bytes(late.path.read_bytes())
    with pytest.raises(QualityError) as refused:
        refuse_master(folder, out, ["the sound is late"], {"until": "report"}, master=late.master, quality=measured)
    assert refused.value.exit_code == 6
    assert str(out / REJECTED) in str(refused.value)
    assert (out / "master.mp4").read_bytes() == b"earlier"
    assert (out / REJECTED / "master.mp4").stat().st_size > 1000
    report = json.loads((out / REJECTED / "report.json").read_text())
    assert report["refused"] == ["the sound is late"]
    assert "This master was refused" in (out / REJECTED / "report.html").read_text()
