"""A record that says another thing than what was signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_studio import Studio


@pytest.mark.parametrize(
    ("record", "signed", "edited"),
    [("short-source", b"2099-12-31", b"2199-12-31"), ("short-actor", b'"fictional"', b'"fictionel"')],
)
def test_record_edited_by_one_byte(studio: Studio, out: Path, record: str, signed: bytes, edited: bytes) -> None:
    path = studio.desk.configs_dir / "consent" / f"{record}.json"
    whole = path.read_bytes()
    assert signed in whole
    path.write_bytes(whole.replace(signed, edited, 1))
    try:
        made = studio.refuses(out, 77, record, "flow consent new")
    finally:
        path.write_bytes(whole)
    assert made.stderr.strip().startswith("Error: "), "a stage has run"
