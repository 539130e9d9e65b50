"""`flow run faces`: the sheet, the problems and the coverage of everybody, and of whoever was picked."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from people_made import performance, scaled

from av_models.domain.errors import InputError
from av_models.io.preview import decode_image
from av_models.io.video import VideoWriter

_N = 12


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """She on the left, he on the right."""
    video = tmp_path / "pair.mp4"
    with VideoWriter(video, 512, 256, Fraction(25), 14, "veryfast", "yuv420p") as out:
        for her, him in zip(performance("woman", _N), performance("man", _N), strict=True):
            out.write(np.hstack([scaled(her, 0.5), scaled(him, 0.5)]))
    return video


def test_everybody_then_one_and_nobody(workshop: Path, pair: Path) -> None:
    from flows.faces import faces

    found = faces(str(pair))
    out = workshop / "out" / "faces-pair"
    assert (found["n_people"], [one["person"] for one in found["people"]], found["out"]) == (2, [1, 2], str(out))
    assert "Boost" in found["licence"]
    for name in ("people.jpg", "person-1.jpg", "coverage-2.png"):
        assert decode_image((out / name).read_bytes()).size
    assert {**json.loads((out / "faces.json").read_text())}["people"] == found["people"]
    assert all("short: 12 usable faces" in " ".join(one["lacks"]) for one in found["people"])

    left = faces(str(pair), "0.25,0.5@0.2s", out=str(workshop / "left"))
    right = faces(str(pair), "0.75,0.5@0.2s", out=str(workshop / "right"))
    assert sorted(one["people"][0]["person"] for one in (left, right)) == [1, 2]
    assert len(left["people"]) == 1
    with pytest.raises(InputError, match="no person 3"):
        faces(str(pair), "3")
