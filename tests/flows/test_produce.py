"""The main job as a whole, on short clips: what it leaves, what it keeps, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from short_studio import Studio, open_studio

from av_models.domain.errors import ConsentError, LostError, MediaError, ScriptError
from av_models.domain.production import Stage
from flows.produce import produce
from tasks.workspace import store

SCRIPT = "Good morning to you.\n\nThis is new."

OUTPUTS = [
    *("master.mp4", "captions.srt", "captions.vtt", "timeline.otio", "script.json", "report.json", "report.html"),
    *("speech/001.wav", "speech/002.wav", "alignment/001.TextGrid", "alignment/002.TextGrid"),
    *("faces/source.jpg", "faces/actor.jpg", "model/preview.jpg", "model/card.json", "swap/preview.mp4"),
]


@pytest.fixture(scope="module")
def studio(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    made = open_studio(tmp_path_factory.mktemp("studio"))
    results = made.desk.media_dir / "results"
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        patch.setenv("UNDERSTUDY_MEDIA", str(made.desk.media_dir))
        patch.setenv("UNDERSTUDY_CONFIGS", str(made.desk.configs_dir))
        produce(made.production(SCRIPT))
        yield made


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_leaves_every_output_under_its_name(studio: Studio) -> None:
    assert [name for name in OUTPUTS if not (studio.out / name).is_file()] == []
    assert [path.name for path in studio.out.parent.glob(".*.part")] == []


def test_reports_what_was_made_and_with_whose_consent(studio: Studio) -> None:
    report = studio.report()
    assert set(report["consent_ids"]) == {"espeak-default", "test-source", "test-actor"}
    assert {stage["name"] for stage in report["stages"]} >= {"synthesize", "track_faces", "train_swapper", "swap_shot"}
    assert report["measured"] and report["sound"] and report["seeds"]["lines"] == "7, 7"
    assert report["self_check"] == {"lines": 2, "takes": 2, "lines_left": 0, "findings": []}


def test_second_run_runs_no_body(studio: Studio) -> None:
    before = (studio.out / "master.mp4").read_bytes()
    produce(studio.production(SCRIPT))
    assert studio.fresh() == {}
    assert (studio.out / "master.mp4").read_bytes() == before


def test_a_missing_blob_is_made_again(studio: Studio) -> None:
    produce(studio.production(SCRIPT))
    spoken = store().put_file(studio.out / "speech" / "002.wav")
    store().path(spoken).unlink()
    produce(studio.production(SCRIPT))
    assert studio.fresh() == {"synthesize": 1}
    assert store().has(spoken)


def test_files_cut_short_are_told_forgotten_and_made_again(studio: Studio) -> None:
    """Faces to train on, once something else asks for them."""
    blobs = (studio.desk.media_dir / "store" / "blobs").rglob("*.npz")
    largest = max(blobs, key=lambda path: path.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[: len(whole) // 3])
    again = studio.production(SCRIPT, "training.learning_rate=0.0011", until="model")
    with pytest.raises(LostError, match=largest.stem[:12]):
        produce(again)
    produce(again)
    assert largest.read_bytes() == whole
    assert {"gather_faces", "train_swapper"} <= studio.fresh().keys()


def test_one_changed_line_redoes_its_own_shots_and_the_master(studio: Studio) -> None:
    produce(studio.production(SCRIPT))
    produce(studio.production(SCRIPT.replace("new", "old")))
    fresh = studio.fresh()
    of_the_line = ("synthesize", "check_speech", "align")
    assert {name: fresh[name] for name in of_the_line} == dict.fromkeys(of_the_line, 1)
    assert fresh["write_master"] == fresh["measure_master"] == 1
    shots = next(stage for stage in studio.report()["stages"] if stage["name"] == "swap_shot")
    assert 0 < fresh["swap_shot"] < shots["runs"]
    assert not {"track_faces", "gather_faces", "train_swapper"} & fresh.keys()


def test_until_writes_what_there_is(studio: Studio, tmp_path: Path) -> None:
    produce(studio.production(SCRIPT, out=str(tmp_path / "out"), until="alignment"))
    assert (tmp_path / "out" / "alignment" / "002.TextGrid").is_file() and (tmp_path / "out" / "report.html").is_file()
    assert not (tmp_path / "out" / "master.mp4").exists() and not (tmp_path / "out" / "faces").exists()


def test_fewer_lines_leave_no_old_ones(studio: Studio, tmp_path: Path) -> None:
    for script in (SCRIPT, "This is new."):
        produce(studio.production(script, out=str(tmp_path / "out"), until="speech"))
    assert [path.name for path in (tmp_path / "out" / "speech").iterdir()] == ["001.wav"]


def test_a_failing_run_leaves_earlier_results_alone(studio: Studio) -> None:
    before = contents(studio.out)
    with pytest.raises(ScriptError):
        produce(studio.production("Good morning [pause forever] to you.", until="script"))
    assert contents(studio.out) == before
    assert list(studio.out.parent.glob(".*.part")) == []


def test_no_consent_no_work(studio: Studio, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.mp4"
    stranger.write_bytes(studio.source.read_bytes() + b"\0")
    out = tmp_path / "out"
    with pytest.raises(ConsentError) as refused:
        produce(studio.production(SCRIPT, source=str(stranger), out=str(out)))
    assert refused.value.rule == "missing" and not out.exists()


def test_a_mapped_stage_that_fails_says_why(studio: Studio, tmp_path: Path) -> None:
    from media_made import clip

    empty = clip(tmp_path / "nobody.mp4", 24)
    studio.desk.issue("nobody", ["face"], [empty])
    with pytest.raises(MediaError, match=r"nobody\.mp4.*no usable face"):
        produce(studio.production(SCRIPT, source=str(empty), out=str(tmp_path / "out")))


def test_stages_can_be_named_by_what_they_leave() -> None:
    assert Stage.SPEECH.is_before(Stage.MASTER) and not Stage.MASTER.is_before(Stage.MASTER)
