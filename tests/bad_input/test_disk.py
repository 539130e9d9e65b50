"""Places where nothing can be written, and disks that are full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from own_studio import EARLIER, Outcome, Studio, contents, earlier_results
from records import Desk

from av_models.domain.errors import ResourceError
from tasks.workspace import MEDIA_VARIABLE

Mount = Callable[[str, str], Path]


def test_output_below_a_file(studio: Studio, out: Path) -> None:
    (out.parent / "file").write_text("mine")
    before = contents(out.parent)
    studio.produce(out.parent / "file" / "out").refused(2, "file")
    assert contents(out.parent) == before


def test_output_is_a_file(studio: Studio, out: Path) -> None:
    out.write_text("mine")
    studio.produce(out).refused(2, f"{out} is a file")
    assert contents(out.parent) == {"out": b"mine"}


def test_output_where_nothing_may_be_written(studio: Studio, mounted: Mount) -> None:
    disk = mounted("disc", "size=1m,ro")
    studio.produce(disk / "out").refused(2, "cannot be written", "Choose another folder")


def test_output_folder_is_itself_not_writable(studio: Studio, out: Path, mounted: Mount) -> None:
    """Said at once, although its parent can be written: not after the minutes of computing."""
    disk = mounted("results/out", "size=1m,ro")
    made = studio.produce(out)
    made.refused(2, str(disk), "cannot be written")
    assert "speech" not in made.stderr
    assert contents(out.parent) == {"out/": b""}


def test_output_folder_is_a_disk_of_its_own(studio: Studio, out: Path, mounted: Mount) -> None:
    """As a volume of a container is."""
    mounted("results/out", "size=64m")
    earlier_results(out)
    made = studio.produce(out, until="script")
    assert made.code == 0, made.stderr
    left = contents(out)
    assert {"script.json", "report.html", "report.json"} <= set(left)
    assert {name: left[name] for name in EARLIER} == EARLIER
    assert not [name for name in left if name.startswith(".")]


def test_output_disk_runs_full(studio: Studio, mounted: Mount) -> None:
    disk = mounted("stick", "size=64k")
    studio.refuses(disk / "out", 75, "disk full", "MB free", "run the same command again", until="faces")


@pytest.fixture
def full_workshop(
    studio: Studio, mounted: Mount, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Studio:
    """The media directory lies on a disk of the size that the test asks for."""
    media = mounted("media", f"size={request.param}")
    monkeypatch.setenv(MEDIA_VARIABLE, str(media))
    return replace(studio, desk=Desk(studio.desk.configs_dir, media, studio.desk.key))


@pytest.mark.parametrize("full_workshop", ["64k", "1m"], indirect=True)
def test_workshop_disk_runs_full(full_workshop: Studio, out: Path) -> None:
    """While the footage is brought in; while the faces are gathered."""
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: full_workshop.media / "results"}):
        full_workshop.refuses(out, 75, "disk full", "MB free", until="model")
    assert not list(full_workshop.media.rglob("*.part*"))


@pytest.mark.parametrize("full_workshop", ["1m"], indirect=True)
def test_workshop_disk_is_too_full_for_the_server(full_workshop: Studio, out: Path) -> None:
    """Its database cannot be made; the reason must reach the user, although the server does not tell it."""
    earlier_results(out)
    before = contents(out.parent)
    running = full_workshop.start(out, api="")
    stdout, stderr = running.communicate(timeout=120)
    Outcome(running.returncode, stdout, stderr).refused(75, "disk full", "MB free")
    assert contents(out.parent) == before


def test_disk_runs_full_under_a_checkpoint(mounted: Mount) -> None:
    """The reason is told, and the checkpoint before it stays."""
    import torch

    from av_models.io.disk import disk_errors
    from av_models.swap.checkpoint import FORMAT, NAME, load_checkpoint, save_checkpoint

    folder = mounted("work", "size=256k")
    save_checkpoint(folder, {"signature": "a run", "step": 1})
    with pytest.raises(ResourceError, match="disk full"), disk_errors(folder / NAME):
        save_checkpoint(folder, {"signature": "a run", "network": torch.zeros(100_000)})
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert load_checkpoint(folder, "a run").state == {"format": FORMAT, "signature": "a run", "step": 1}
