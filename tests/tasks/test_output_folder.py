"""Results appear together or not at all, and earlier ones survive whatever happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from av_models.domain.errors import InputError
from av_models.io.output_folder import output_folder


def fill(folder: Path, **files: str) -> None:
    for name, text in files.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def test_new_entries_replace_their_namesakes_only(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, master="old", notes="mine", speech__1="old", speech__2="old")
    with output_folder(out) as folder:
        fill(folder, master="new", speech__1="new")
        assert (out / "master").read_text() == "old"
    assert (out / "master").read_text() == "new" and (out / "notes").read_text() == "mine"
    assert [path.name for path in (out / "speech").iterdir()] == ["1"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_master_of_another_form_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    out, masters = tmp_path / "out", ("master.mp4", "master.mov")
    (out).mkdir()
    (out / "master.mov").write_text("old")
    with output_folder(out, masters) as folder:
        fill(folder, script="only this far")
    assert (out / "master.mov").read_text() == "old"
    with output_folder(out, masters) as folder:
        (folder / "master.mp4").write_text("new")
    assert sorted(path.name for path in out.iterdir()) == ["master.mp4", "script"]


@pytest.mark.parametrize("error", [InputError("wrong"), KeyboardInterrupt()])
def test_a_failure_changes_nothing(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "out"
    fill(out, master="old")
    with pytest.raises(type(error)), output_folder(out) as folder:
        fill(folder, master="new")
        raise error
    assert (out / "master").read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    dead, alive = tmp_path / ".out.999999999-abcdef.part", tmp_path / f".out.{os.getpid()}-abcdef.part"
    fill(dead, master="half")
    fill(alive, master="half")
    with output_folder(tmp_path / "out"):
        pass
    assert alive.exists() and not dead.exists()


def test_a_folder_in_the_place_of_a_file_gives_way(tmp_path: Path) -> None:
    fill(tmp_path / "out", report__x="old")
    with output_folder(tmp_path / "out") as folder:
        fill(folder, report="new")
    assert (tmp_path / "out" / "report").read_text() == "new"


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, out="a file")
    with pytest.raises(InputError), output_folder(tmp_path / "out" / "deep"):
        pass
