"""Pictures that become RGB only where somebody looks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import media_made as made
import numpy as np
import pytest

from av_models.io.decoded import NOWHERE, Decoded, around
from av_models.io.video import VideoWriter, read_nearest, read_pairs_at

SIZE = (160, 96)
BOX = (32, 16, 96, 80)
FORMATS = ("yuv420p", "yuv420p10le")


def noise(deep: bool) -> np.ndarray:
    """Coarse enough for 4:2:0."""
    cells = np.random.default_rng(0).integers(40, 215, (SIZE[1] // 8, SIZE[0] // 8, 3))
    shown = np.kron(cells, np.ones((8, 8, 1)))
    return (shown * 257).astype(np.uint16) if deep else shown.astype(np.uint8)


def first_of(path: Path) -> Decoded:
    ((picture, _, _),) = read_pairs_at(path, [Fraction(0)])
    return picture


def filmed(path: Path, pixel_format: str = "yuv420p") -> Decoded:
    with VideoWriter(path, *SIZE, made.PAL, 4, "veryfast", pixel_format) as writer:
        writer.write(noise("10" in pixel_format))
    return first_of(path)


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_a_window_is_that_part_of_the_picture(tmp_path: Path, pixel_format: str) -> None:
    picture, deep = filmed(tmp_path / "a.mp4", pixel_format), "10" in pixel_format
    left, top, right, bottom = BOX
    part, whole = picture.window(BOX, deep), picture.rgb(deep)[top:bottom, left:right]
    assert part.dtype == whole.dtype == (np.uint16 if deep else np.uint8)
    assert np.array_equal(part[8:-8, 8:-8], whole[8:-8, 8:-8])


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_everything_outside_the_window_stays_to_the_bit(tmp_path: Path, pixel_format: str) -> None:
    picture = filmed(tmp_path / "a.mp4", pixel_format)
    left, top, right, bottom = BOX
    shown = picture.window(BOX, "10" in pixel_format)
    shown[16:-16, 16:-16] = 0
    made_frame = picture.with_window(BOX, shown)
    before, after = (frame.to_ndarray()[: SIZE[1]].astype(int) for frame in (picture.frame, made_frame))
    changed = np.abs(after - before) > 0
    assert changed[top + 16 : bottom - 16, left + 16 : right - 16].mean() > 0.99
    changed[top + 8 : bottom - 8, left + 8 : right - 8] = False
    assert not changed.any()
    chroma = [np.frombuffer(bytes(one.planes[1]), np.uint8) for one in (picture.frame, picture.with_window(BOX, shown))]
    assert not np.array_equal(*chroma)
    black = Decoded(made_frame, Fraction(1)).rgb()[top + 20 : bottom - 20, left + 20 : right - 20]
    assert black.max() < 6


def test_nowhere_is_a_copy(tmp_path: Path) -> None:
    picture = filmed(tmp_path / "a.mp4")
    empty = picture.window(NOWHERE)
    assert empty.size == 0
    copy = picture.with_window(NOWHERE, empty)
    assert np.array_equal(copy.to_ndarray(), picture.frame.to_ndarray())
    assert copy is not picture.frame


def test_only_pictures_that_the_encoder_takes_as_they_are_stay(tmp_path: Path) -> None:
    picture = filmed(tmp_path / "a.mp4")
    assert picture.stays("yuv420p") and not picture.stays("yuv420p10le") and not picture.stays("yuv444p")
    assert not Decoded(picture.frame, Fraction(4, 3)).stays("yuv420p")
    for attribute, value in (("colorspace", 5), ("colorspace", 2), ("color_range", 2)):
        other = first_of(tmp_path / "a.mp4")
        setattr(other.frame, attribute, value)  # BT.601, untagged and small, full range
        assert not other.stays("yuv420p"), attribute


def test_a_turned_picture_does_not_stay(tmp_path: Path) -> None:
    filmed(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as given, av.open(str(tmp_path / "turned.mp4"), "w") as turned:
        stream = turned.add_stream_from_template(given.streams.video[0])
        stream.set_display_rotation(90) if hasattr(stream, "set_display_rotation") else pytest.fail("no rotation")
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                turned.mux(packet)
    assert not first_of(tmp_path / "turned.mp4").stays("yuv420p")


@pytest.mark.parametrize(
    ("points", "box"),
    [
        ([[50, 30], [81, 61]], (34, 14, 98, 78)),
        ([[3, 2], [200, 120]], (0, 0, 160, 96)),
        ([[300, 10], [320, 30]], (128, 0, 160, 64)),
        ([[-90, -80], [-40, -50]], (0, 0, 32, 32)),
    ],
)
def test_the_box_round_points(points: list[list[int]], box: tuple[int, ...]) -> None:
    assert around(np.array(points, float), *SIZE) == box


def test_the_nearest_picture_is_shown_as_it_is(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "clip.mp4", 12)
    asked = [Fraction(n, 100) for n in (0, 1, 3, 4, 7, 46)]
    assert [made.number_in(one) for one in read_nearest(path, asked)] == [0, 0, 1, 1, 2, 11]
