from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import media_made as made
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from av_models.domain.errors import MediaError
from av_models.domain.speech import Phone, Word
from av_models.io.label import ai_label
from av_models.io.preview import contact_sheet, decode_image, encode_jpeg, side_by_side, waveform_plot
from av_models.io.video import VideoWriter, frame_times, read_pictures


def laid_over(background: int, label: NDArray[np.uint8]) -> NDArray[np.float64]:
    alpha = label[..., 3:] / 255
    return background * (1 - alpha) + label[..., :3] * alpha


def contrast(a: float, b: float) -> float:
    """WCAG 2.2 contrast of two greys, 0..255."""
    light, dark = sorted((((level / 255 + 0.055) / 1.055) ** 2.4 for level in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 360), (512, 512), (1920, 1080), (360, 640), (128, 96)])
def test_the_label_is_upper_right_and_clear_of_captions(width_px: int, height_px: int) -> None:
    label = ai_label(width_px, height_px)
    assert label.shape == (height_px, width_px, 4)
    rows, columns = np.nonzero(label[..., 3])
    assert columns.min() > 0.3 * width_px and columns.max() < width_px - 1
    assert rows.min() > 0 and rows.max() < 0.2 * height_px


@pytest.mark.parametrize("background", [0, 128, 255])
def test_the_label_can_be_read_at_360_lines_on_any_background(background: int) -> None:
    label = ai_label(640, 360)
    opaque = label[..., 3] > 120
    seen = laid_over(background, label)[..., 0][opaque]
    assert contrast(np.percentile(seen, 98), np.median(seen)) > 7
    letters = laid_over(background, label)[..., 0] > 200
    letters &= opaque
    assert np.ptp(np.nonzero(letters)[0]) + 1 >= 14


def test_the_label_is_grey_so_that_no_colour_matrix_changes_it() -> None:
    label = ai_label(640, 360)
    assert (label[..., :3] == label[..., :1]).all()


def test_jpeg_keeps_a_picture_close() -> None:
    rgb = made.picture(5)
    back = decode_image(encode_jpeg(rgb))
    assert np.abs(back.astype(int) - rgb).mean() < 3
    with pytest.raises(MediaError, match="JPEG or PNG"):
        decode_image(b"GIF89a")


def test_a_sheet_shows_every_tile_whatever_its_shape() -> None:
    tiles = [
        (np.full(shape, (0, 200, 0), np.uint8), "0001\nno face found, and a long reason")
        for shape in [(40, 80, 3), (80, 40, 3), (300, 300, 3), (10, 10, 3), (64, 64, 3)]
    ]
    sheet = contact_sheet(tiles, 3, 100, "clip.mp4: 5 frames\nof which none is usable")
    assert sheet.shape[1] > 300 and sheet.dtype == np.uint8
    green = (sheet[..., 1] > 150) & (sheet[..., 0] < 80)
    assert abs(int(green.sum()) - (100 * 50 * 2 + 100 * 100 * 3)) < 0.03 * 40_000
    assert contact_sheet([], 3, 100, "nothing").shape[1] == sheet.shape[1]


def test_a_waveform_is_a_wide_picture_for_any_sound() -> None:
    second = Fraction(1)
    words, phones = [Word("hello", second / 4, second / 2)], [Phone("AH0", second / 4, second / 2)]
    sizes = []
    for seconds in (0, 0.01, 1, 20):
        png = waveform_plot(made.sine(seconds, 16000), 16000, words, phones)
        sizes.append(Image.open(io.BytesIO(png)).size)
    assert all(width > 1.8 * height for width, height in sizes)
    assert sizes[-1][0] > 2 * sizes[0][0]


def clip(path: Path, n_frames: int, size_px: tuple[int, int], rate: Fraction) -> Path:
    with VideoWriter(path, *size_px, rate, 12, "veryfast") as writer:
        for number in range(n_frames):
            writer.write(made.picture(number, *size_px))
    return path


def test_side_by_side_shows_the_same_frame_left_and_right(tmp_path: Path) -> None:
    rate = made.NTSC_FILM
    left = clip(tmp_path / "left.mp4", 40, (160, 120), rate)
    right = clip(tmp_path / "right.mp4", 36, (320, 240), rate)
    pictures = ((picture.rgb for picture in read_pictures(path)) for path in (left, right))
    side_by_side(*pictures, 36, tmp_path / "pair.mp4", rate)
    assert frame_times(tmp_path / "pair.mp4") == tuple(n / rate for n in range(36))
    for picture in read_pictures(tmp_path / "pair.mp4"):
        assert picture.rgb.shape == (120, 320, 3)
        # The names lie over the lower part of the number blocks: look just below their upper edge.
        halves = [half[:93].copy() for half in (picture.rgb[:, :160], picture.rgb[:, 160:])]
        for half in halves:
            lit = [half[91, 8 + 16 * bit].mean() > 127 for bit in range(10)]
            assert sum(1 << bit for bit, on in enumerate(lit) if on) == picture.index
