"""A record that says another thing than what was signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from studio import Studio, contents


@pytest.mark.parametrize(
    ("record", "signed", "edited"),
    [("short-source", b"2099-12-31", b"2199-12-31"), ("short-actor", b'"fictional"', b'"fictionel"')],
)
def test_record_edited_by_one_byte(studio: Studio, out: Path, record: str, signed: bytes, edited: bytes) -> None:
    path = studio.desk.configs_dir / "consent" / f"{record}.json"
    whole = path.read_bytes()
    assert signed in whole
    results = contents(studio.media / "results")
    path.write_bytes(whole.replace(signed, edited, 1))
    try:
        studio.refuses(out, 77, record)
    finally:
        path.write_bytes(whole)
    assert contents(studio.media / "results") == results, "a stage has run"
