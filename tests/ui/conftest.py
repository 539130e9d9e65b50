from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser, chromium

# The master with a known truth is made in the folder beside.
sys.path.insert(0, str(Path(__file__).parents[1] / "quality"))


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a real browser."""
    if chromium() is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab
