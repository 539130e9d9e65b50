from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import media_made as made
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError, ResourceError
from av_models.io.video import VideoWriter, frame_times, read_pairs_at, read_pictures

BT709 = 1


def write(path: Path, pictures: Sequence[NDArray[np.uint8]], rate: Fraction = made.PAL, **options: Any) -> Path:
    height_px, width_px = pictures[0].shape[:2]
    settings: dict[str, Any] = {"crf": 12, "preset": "veryfast", **options}
    with VideoWriter(path, width_px, height_px, rate, **settings) as writer:
        for rgb in pictures:
            writer.write(rgb)
    return path


def numbers(path: Path, indices: Sequence[int] | None = None) -> list[int]:
    return [made.number_in(picture.rgb) for picture in read_pictures(path, indices)]


def colour_errors(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIE76 difference of each pixel."""
    lab_a, lab_b = (cv2.cvtColor((x / 255).astype(np.float32), cv2.COLOR_RGB2LAB) for x in (a, b))
    return np.linalg.norm(lab_a - lab_b, axis=-1)


@pytest.mark.parametrize("rate", [made.NTSC_FILM, made.NTSC, made.PAL, Fraction(60)])
def test_count_rate_and_duration_come_back_exactly(tmp_path: Path, rate: Fraction) -> None:
    path = write(tmp_path / "clip.mp4", [made.picture(n) for n in range(50)], rate)
    assert frame_times(path) == tuple(n / rate for n in range(50))
    assert numbers(path) == list(range(50))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == rate
        assert stream.frames == 50
        assert stream.duration * stream.time_base == 50 / rate


def test_one_picture_makes_a_clip(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", [made.picture(7)])
    assert numbers(path) == [7]


def test_colours_are_tagged_in_stream_and_container_and_come_back(tmp_path: Path) -> None:
    source = made.picture(5)
    path = write(tmp_path / "clip.mp4", [source] * 3)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.colorspace, stream.color_primaries, stream.color_trc) == (BT709, BT709, BT709)
        frame = next(container.decode(stream))
        assert (frame.colorspace, frame.color_range) == (BT709, 1)
        # 219 steps from 16 by the weights of BT.709, not by those of BT.601.
        luma = 16 + 219 * (0.2126 * 190 + 0.7152 * 40 + 0.0722 * 40) / 255
        assert abs(float(frame.to_ndarray()[5:20, 5:30].mean()) - luma) < 1
    data = path.read_bytes()
    at = data.index(b"colr")
    assert data[at : at + 10] == b"colrnclx\x00\x01" and data[at + 10 : at + 14] == b"\x00\x01\x00\x01"
    back = next(read_pictures(path)).rgb
    assert colour_errors(source[5:20, 5:30], back[5:20, 5:30]).max() < 2
    assert colour_errors(source, back).mean() < 1.5


@pytest.mark.parametrize(
    ("matrix", "tag", "size_px", "full"),
    [
        ("709", 1, (128, 96), False),
        ("601", 5, (128, 96), False),
        ("601", 6, (128, 96), True),
        ("2020", 9, (128, 96), False),
        ("601", 2, (128, 96), False),
        ("709", 2, (1280, 720), False),
    ],
)
def test_the_matrix_of_the_file_is_honoured(
    tmp_path: Path, matrix: str, tag: int, size_px: tuple[int, int], full: bool
) -> None:
    red, blue = {"709": (0.2126, 0.0722), "601": (0.299, 0.114), "2020": (0.2627, 0.0593)}[matrix]
    colour = np.array([200, 60, 30]) / 255
    y = red * colour[0] + (1 - red - blue) * colour[1] + blue * colour[2]
    cb, cr = (colour[2] - y) / (2 - 2 * blue), (colour[0] - y) / (2 - 2 * red)
    values = np.rint(
        (255 * y, 128 + 255 * cb, 128 + 255 * cr) if full else (16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr)
    )
    path = tmp_path / "patch.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = *size_px, "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = tag, 2 if full else 1
        planes = np.ones((3, size_px[1], size_px[0]), np.uint8) * values.astype(np.uint8)[:, None, None]
        frame = av.VideoFrame.from_ndarray(planes, format="yuv444p")
        frame.colorspace, frame.color_range = tag, 2 if full else 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    rgb = next(read_pictures(path)).rgb
    assert np.abs(rgb[20, 20].astype(int) - (200, 60, 30)).max() <= 2


def test_ten_generations_stay_close_and_do_not_drift(tmp_path: Path) -> None:
    source = [picture.rgb for picture in read_pictures(made.SAMPLES / "actor_b.mp4", range(40, 46))]
    pictures = source
    for generation in range(10):
        path = write(tmp_path / f"{generation}.mp4", pictures)
        pictures = [picture.rgb for picture in read_pictures(path)]
    assert np.mean([colour_errors(a, b).mean() for a, b in zip(source, pictures, strict=True)]) < 2
    bias = np.mean([b.astype(float) - a for a, b in zip(source, pictures, strict=True)], axis=(0, 1, 2))
    assert np.abs(bias).max() < 1


@pytest.mark.parametrize(
    "make",
    [made.film_rate, made.ntsc_rate, made.variable_rate, made.with_gap, made.odd_size, made.ten_bit, made.four_frames],
)
def test_every_picture_of_any_footage_is_read_in_order(tmp_path: Path, make: Any) -> None:
    path = make(tmp_path / "clip.mp4")
    pictures = list(read_pictures(path))
    assert [made.number_in(picture.rgb) for picture in pictures] == [picture.index for picture in pictures]
    assert tuple(picture.time for picture in pictures) == frame_times(path)
    expected = made.picture(3, pictures[3].rgb.shape[1], pictures[3].rgb.shape[0])
    assert colour_errors(expected, pictures[3].rgb).mean() < 3


def test_times_of_variable_rate_are_those_of_the_recording(tmp_path: Path) -> None:
    times = frame_times(made.variable_rate(tmp_path / "clip.mp4", 7))
    assert times == tuple(Fraction(tick, 30) for tick in (0, 1, 2, 4, 5, 6, 8))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_footage_is_shown_upright(tmp_path: Path, turn: int) -> None:
    rgb = next(read_pictures(made.rotated(tmp_path / "clip.mp4", turn))).rgb
    assert colour_errors(np.rot90(made.picture(0), turn // 90), rgb).mean() < 3


def test_a_mirrored_recording_is_mirrored_back(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "selfie.mp4", 12, mirrored=True)
    rgb = next(read_pictures(path)).rgb
    assert colour_errors(made.picture(0)[:, ::-1], rgb).mean() < 3


@pytest.mark.parametrize(
    "indices",
    [range(69, -1, -1), [5, 5, 60, 3, 69, 0, 1, 68], [*range(20), *range(20, -1, -1), *range(21)], []],
    ids=["descending", "jumping", "to and fro", "none"],
)
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_pictures_come_in_the_order_asked_for(tmp_path: Path, indices: Sequence[int], container: str) -> None:
    path = made.clip(tmp_path / f"clip.{container}", 70, options={"g": "24", "bf": "3"})
    assert numbers(path, indices) == list(indices)


def test_open_groups_of_pictures_can_be_entered_anywhere(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "clip.mp4", 60, options={"g": "12", "bf": "3", "x264-params": "open-gop=1:scenecut=0"})
    for index in range(0, 60, 7):
        assert numbers(path, [59, index]) == [59, index]


def test_there_is_no_picture_beyond_the_end(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "clip.mp4", 12)
    for index in (-1, 12):
        with pytest.raises(IndexError, match="12 frames"):
            list(read_pictures(path, [index]))


def test_pairs_around_any_time(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "clip.mp4", 30)
    asked = [Fraction(10, 25), Fraction(41, 100), Fraction(1, 50), Fraction(-1), Fraction(9), Fraction(29, 25)]
    got = [
        (made.number_in(a.rgb()), made.number_in(b.rgb()), position) for a, b, position in read_pairs_at(path, asked)
    ]
    assert got == [(10, 10, 0.0), (10, 11, 0.25), (0, 1, 0.5), (0, 0, 0.0), (29, 29, 0.0), (29, 29, 0.0)]


def test_pairs_across_a_gap_are_as_far_apart_as_the_recording(tmp_path: Path) -> None:
    path = made.with_gap(tmp_path / "gap.mp4", 30, Fraction(2))
    before = Fraction(14, 25)
    ((a, b, position),) = read_pairs_at(path, [before + Fraction(51, 50)])
    assert (made.number_in(a.rgb()), made.number_in(b.rgb()), position) == (14, 15, 0.5)


def test_a_broken_middle_names_its_frame(tmp_path: Path) -> None:
    path = made.clip(tmp_path / "clip.mp4", 60, options={"g": "1", "crf": "1"}, size_px=(256, 192))
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 6000] = bytes(6000)
    path.write_bytes(data)
    read: list[int] = []
    with pytest.raises(MediaError, match=r"frame \d+") as broken:
        read.extend(picture.index for picture in read_pictures(path))
    named = int(broken.value.at.removeprefix("frame "))
    assert 20 < named < 40
    assert "Copy or export" in broken.value.remedy


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Cycles that only the garbage collector frees hold hundreds of pictures in practice."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.usefixtures("no_collector")
def test_memory_does_not_grow_with_length(tmp_path: Path, order: int) -> None:
    resident = psutil.Process().memory_info
    path = tmp_path / "long.mp4"
    written = []
    with VideoWriter(path, 320, 240, made.PAL, 20, "ultrafast") as writer:
        for number in range(360):
            writer.write(made.picture(number, 320, 240))
            written.append(resident().rss)
    read = [resident().rss for _ in read_pictures(path, range(360)[::order])]
    # 240 pictures of 4:2:0 would take 28 MB, as RGB 55 MB.
    for sizes in (written, read):
        assert sizes[-1] - sizes[119] < 10_000_000


def test_odd_sides_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="even sides"):
        VideoWriter(tmp_path / "clip.mp4", 131, 96, made.PAL, 12, "veryfast")
    write(tmp_path / "full.mp4", [made.picture(1, 131, 97)], pixel_format="yuv444p")
    assert numbers(tmp_path / "full.mp4") == [1]


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(96, 128, 3\)"):
        write(tmp_path / "clip.mp4", [made.picture(0), made.picture(0, 64, 64)])
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_clip_leaves_the_old_one_untouched(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", [made.picture(1)])
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, 128, 96, made.PAL, 12, "veryfast") as writer:
        writer.write(made.picture(2))
        raise KeyboardInterrupt
    assert numbers(path) == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_and_leaves_nothing_behind(small_disk: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 240, 320, 3), np.uint8)
    with pytest.raises(ResourceError, match="disk full"):
        write(small_disk / "clip.mp4", list(noise), crf=1)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
def test_colour_keeps_its_place_from_generation_to_generation(tmp_path: Path, pixel_format: str) -> None:
    """What is read and written again and again is a red half beside a green one, with the edge where it was."""
    shown = np.full((96, 128, 3), (200, 60, 60), np.uint8)
    shown[:, 64:], shown[48:, :] = (60, 120, 60), shown[0, 0]  # green on the right, and only above
    for generation in range(4):
        path = tmp_path / f"{generation}.mp4"
        with VideoWriter(path, 128, 96, made.PAL, 1, "veryfast", pixel_format) as writer:
            writer.write(shown if "10" not in pixel_format else shown.astype(np.uint16) * 257)
        (picture,) = read_pictures(path)
        shown = picture.rgb
    redness = shown[..., 0].astype(float) - shown[..., 1]
    columns, rows = redness[8:40].mean(0), redness[:, 72:120].mean(1)
    for profile, edge in ((columns, 64), (rows[::-1], 48)):
        high, low = profile[: edge // 2].mean(), profile[-edge // 2 :].mean()
        assert ((profile - low) / (high - low)).sum() == pytest.approx(edge, abs=0.25)
