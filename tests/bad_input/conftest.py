from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Records are issued by the folder beside; without this only a whole run would find it.
sys.path.insert(0, str(Path(__file__).parents[1] / "consent"))

from footage import people, record
from own_studio import Studio
from records import make_desk

from tasks.workspace import CONFIGS_VARIABLE, MEDIA_VARIABLE, configs_dir


@pytest.fixture(scope="session")
def studio(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One for all tests of this folder: what one of them has computed, the next need not compute again."""
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    root = tmp_path_factory.mktemp("studio")
    shutil.copytree(configs_dir(), root / "configs")
    desk = make_desk(root)
    source = record(root / "source.mp4", people("source_a", 36, first=20))
    actor = record(root / "actor.mp4", people("actor_b", 36, first=20))
    desk.issue("short-source", ["face"], [source])
    desk.issue("short-actor", ["face", "performance"], [actor])
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: desk.media_dir / "results"}),
    ):
        patch.setenv(MEDIA_VARIABLE, str(desk.media_dir))
        patch.setenv(CONFIGS_VARIABLE, str(desk.configs_dir))
        patch.setenv("PREFECT_API_URL", prefect_api)
        yield Studio(desk, source, actor, prefect_api)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Of one run, in a folder where nothing else is."""
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "out"


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Mounts a small disk of its own, in memory, at a folder of that name: mounted("name", "size=1m,ro")."""
    places: list[Path] = []

    def mount(name: str, options: str) -> Path:
        place = tmp_path / name
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
