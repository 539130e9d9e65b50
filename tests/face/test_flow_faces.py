"""`flow run faces`: the sheet, the problems and the coverage of everybody, and of whoever was picked."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from people_made import performance, scaled

from av_models.domain.errors import InputError, MediaError
from av_models.io.preview import decode_image, encode_jpeg
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
    rows = list(csv.DictReader((out / "frames.csv").open()))
    assert [(row["person"], int(row["frame"])) for row in rows] == [(p, k) for p in "12" for k in range(_N)]
    assert all(row["face"] == "detected" and float(row["score"]) > 0 and float(row["face_px"]) > 48 for row in rows)
    assert all("short: 12 usable faces" in " ".join(one["lacks"]) for one in found["people"])

    left = faces(str(pair), "0.25,0.5@0.2s", out=str(workshop / "left"))
    right = faces(str(pair), "0.75,0.5@0.2s", out=str(workshop / "right"))
    assert sorted(one["people"][0]["person"] for one in (left, right)) == [1, 2]
    assert len(left["people"]) == 1
    with pytest.raises(InputError, match="no person 3"):
        faces(str(pair), "3")


def test_a_picture_of_one_finds_them_and_of_two_is_refused(workshop: Path, pair: Path, tmp_path: Path) -> None:
    from flows.faces import faces

    pictures = {
        "him": performance("man", 20)[19],
        "both": np.hstack([performance(who, 1)[0] for who in ("woman", "man")]),
    }
    for name, rgb in pictures.items():
        (tmp_path / f"{name}.jpg").write_bytes(encode_jpeg(rgb))
    by_picture = faces(str(pair), str(tmp_path / "him.jpg"))
    on_the_right = faces(str(pair), "0.75,0.5@0.2s", out=str(workshop / "right"))
    assert [one["person"] for one in by_picture["people"]] == [one["person"] for one in on_the_right["people"]]
    with pytest.raises(MediaError, match=r"both\.jpg.*2 faces are in it") as refused:
        faces(str(pair), str(tmp_path / "both.jpg"))
    assert "Cut out" in refused.value.remedy
