"""Makes `media_made` importable from every area, and gives each test a store of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from av_models.io.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
