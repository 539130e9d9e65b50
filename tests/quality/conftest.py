from __future__ import annotations

from pathlib import Path

import pytest
from master_made import LATE_MS, Made, make_master

from av_models.domain.quality import QualityReport
from av_models.io.store import Store


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A media directory of its own."""
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture
def media(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(workshop))
    return workshop


@pytest.fixture(scope="session")
def late(workshop: Path) -> Made:
    """A master whose sound is late by LATE_MS."""
    return make_master(workshop, Store(workshop / "store"), LATE_MS)


@pytest.fixture(scope="session")
def measured(late: Made, workshop: Path) -> QualityReport:
    """Measured once for all tests."""
    from tasks.quality import measure_master

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_MEDIA", str(workshop))
        return measure_master.fn(late.master, late.model, late.shots, late.clips)
