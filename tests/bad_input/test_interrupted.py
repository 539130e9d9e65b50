"""Ctrl-C and kill -9: nothing that was there is harmed, nothing is left lying about, and the next run goes on."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from own_studio import EARLIER, Outcome, Studio, contents, earlier_results

from av_models.io.probe import probe_footage
from av_models.io.store import Store

SUBJECTS = ("script", "speech", "alignment", "source face", "timeline", "model", "swap", "master")
"""Of the lines that the command prints, one when each stage is finished."""
CTRL_C = {"script": "Hello again, and once more.", "settings": ("training.max_steps=2", "face.search_every=4")}
TORCH_CACHE = "torchinductor_"
"""An empty folder that torch makes for itself at every start."""
ALWAYS_MADE = {"open_inputs", "check_consent"}
AGAIN = "Interrupted. Run the same command again to go on: finished stages are kept.\n"


def interrupted(running: subprocess.Popen[str], after: str) -> Outcome:
    """SIGINT as soon as the line of that stage is there: the stage that follows is at work."""
    assert running.stderr is not None
    lines = []
    for line in running.stderr:
        lines.append(line)
        if f"  {after} " in line:
            break
    running.send_signal(signal.SIGINT)
    stdout, rest = running.communicate(timeout=60)
    return Outcome(running.returncode, stdout, "".join(lines) + rest)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What earlier productions have left; the runs of these tests share it."""
    folder = tmp_path_factory.mktemp("interrupted")
    earlier_results(folder / "out")
    return folder


@pytest.mark.parametrize("after", SUBJECTS)
def test_ctrl_c_while_a_stage_is_at_work(studio: Studio, results: Path, tmp_path: Path, after: str) -> None:
    """Each of these runs goes on where the one before was stopped."""
    (tmp_path / "tmp").mkdir()
    ended = interrupted(studio.start(results / "out", temporary=tmp_path / "tmp", **CTRL_C), after)
    assert ended.code == 130, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.endswith(AGAIN)
    assert contents(results / "out").items() >= EARLIER.items()
    assert {name for name in contents(results) if not name.endswith("/")} == {f"out/{name}" for name in EARLIER}
    assert not [left for left in contents(tmp_path / "tmp") if not left.startswith(TORCH_CACHE)]
    assert not list(studio.media.rglob("*.part*"))


def test_the_next_run_finishes_from_the_cache(studio: Studio, results: Path) -> None:
    """Only what was cut off is made: all stages before it were kept."""
    made = studio.produce(results / "out", **CTRL_C)
    assert made.code == 0, made.stderr
    report = json.loads((results / "out" / "report.json").read_text())
    assert {stage["name"] for stage in report["stages"] if not stage["cached"]} <= ALWAYS_MADE | {"measure_master"}
    assert (results / "out" / "notes.txt").read_bytes() == EARLIER["notes.txt"]
    assert probe_footage(results / "out" / "master.mp4", Store(results / "store")).n_frames > 40


def test_ctrl_c_at_once(studio: Studio, out: Path) -> None:
    """While programs and the server are still being loaded."""
    running = studio.start(out, api="")
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(1.5)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert stderr.endswith(AGAIN)
    assert contents(out.parent) == {}


def test_ctrl_c_twice_ends_at_once(studio: Studio, out: Path) -> None:
    """What such an end leaves beside the results is removed by the next run."""
    earlier_results(out)
    running = studio.start(out, settings=("training.max_steps=1", "face.search_every=3"))
    assert running.stderr is not None
    running.stderr.readline()
    for _ in range(2):
        running.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.05)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert stderr.endswith(AGAIN)
    assert {name: data for name, data in contents(out).items() if not name.endswith("/")} == EARLIER
    assert studio.produce(out, until="script").code == 0
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_kill_during_training_costs_what_came_after_the_checkpoint(studio: Studio, out: Path) -> None:
    """The curve of the finished model begins with the point that the killed run had measured."""
    import torch

    earlier_results(out)
    asked = {"until": "model", "settings": ("training.budget_s=21",)}
    running = studio.start(out, **asked)
    curve: list[dict[str, float]] = []
    try:
        while not curve:
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.1)
            kept = (studio.media / "store" / "work").glob("*/training.pt")
            curve = next((torch.load(path, weights_only=True)["curve"] for path in kept), [])
    finally:
        running.kill()
        running.communicate()
    point = curve[0]
    assert {name: data for name, data in contents(out).items() if not name.endswith("/")} == EARLIER

    made = studio.produce(out, **asked)
    assert made.code == 0, made.stderr
    card = json.loads((out / "model" / "card.json").read_text())
    assert point in card["curve"]
    assert [left for left in contents(out.parent) if ".part" in left] == []
