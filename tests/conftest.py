"""For every area: a media directory and a Prefect of their own, one thread for each library, a store for each test."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports Prefect or torch: both read the environment once.
_MEDIA = tempfile.mkdtemp(prefix="understudy-tests-")
os.environ["UNDERSTUDY_MEDIA"] = _MEDIA
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# Networks use a thread for each core all the same. Where processes share the cores, threads that spin while they wait
# for each other take the time that the others need: five to ten times the processor time where it was measured.
os.environ.setdefault("GOMP_SPINCOUNT", "0")
for _variable in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_variable]

from flows.server import hand_over, prepare_prefect, run_server  # noqa: E402

prepare_prefect()

from av_models.io.store import Store  # noqa: E402
from av_models.runtime.device import n_cores  # noqa: E402

_MOST_WORKERS = 4
"""Each loads torch and the networks for itself, up to 2.5 GB."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of `pytest -n auto`: one for each core that this process may use."""
    return min(n_cores(), _MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """What a run computes on takes every core from then on; the next test begins with one thread again."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def pytest_unconfigure() -> None:
    shutil.rmtree(_MEDIA, ignore_errors=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """A real Prefect server for the session, the same that a run brings along; its URL is set for this process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with run_server() as server, temporary_settings({PREFECT_API_URL: server.ready()}):
        yield server.api
        hand_over()


@pytest.fixture
def workshop(prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A media directory for one test, with results and locks of its own; flows can be run in it."""
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    media = tmp_path / "media"
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(media))
    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: media / "results"}):
        yield media
