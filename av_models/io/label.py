"""The label that every viewer sees: this picture was made by AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

__all__ = ["LABEL_TEXT", "ai_label", "label_font", "label_font_file"]

LABEL_TEXT = "AI-generated"

# Shares of the frame's shorter side, as upright and lying pictures are watched at like sizes.
_LETTERS, _PADDING_X, _PADDING_Y, _MARGIN = 0.046, 0.026, 0.014, 0.036
_WIDEST = 0.5
_SMOOTHING = 4
_PLATE, _RIM, _INK = (12, 12, 12, 190), (255, 255, 255, 90), (255, 255, 255, 255)


def ai_label(width_px: int, height_px: int) -> NDArray[np.uint8]:
    """The label on a transparent frame of the given size: H x W x 4 uint8 RGBA, straight alpha, greys only.

    A dark plate under white letters, upper right, away from captions: letters stand 9:1 against the plate even over
    pure white (WCAG 2.2 asks for 4.5:1), and are 16 px tall in a picture of 360 lines.
    """
    from PIL import Image, ImageDraw

    side_px = min(width_px, height_px)
    font = label_font(round(side_px * _LETTERS) * _SMOOTHING)
    left, _, right, _ = font.getbbox(LABEL_TEXT)
    shrink = min(1.0, _WIDEST * width_px * _SMOOTHING / (right - left))
    font = label_font(max(1, int(font.size * shrink)))
    left, _, right, _ = font.getbbox(LABEL_TEXT, anchor="ls")
    cap_height = -font.getbbox("I", anchor="ls")[1]
    pad_x, pad_y, margin = (round(side_px * share) * _SMOOTHING for share in (_PADDING_X, _PADDING_Y, _MARGIN))
    plate_px = (int(right - left) + 2 * pad_x, int(cap_height) + 2 * (pad_y + int(cap_height) // 4))
    plate = Image.new("RGBA", plate_px, (255, 255, 255, 0))
    draw = ImageDraw.Draw(plate)
    box = (0, 0, plate_px[0] - 1, plate_px[1] - 1)
    draw.rounded_rectangle(box, plate_px[1] / 2, fill=_PLATE, outline=_RIM, width=max(1, _SMOOTHING * side_px // 540))
    baseline = (plate_px[1] + int(cap_height)) // 2
    draw.text((pad_x - left, baseline), LABEL_TEXT, font=font, fill=_INK, anchor="ls")
    small = plate.resize((plate_px[0] // _SMOOTHING, plate_px[1] // _SMOOTHING), Image.Resampling.LANCZOS)
    frame = Image.new("RGBA", (width_px, height_px), (0, 0, 0, 0))
    frame.paste(small, (width_px - small.width - margin // _SMOOTHING, margin // _SMOOTHING))
    return np.asarray(frame)


def label_font(size_px: int, bold: bool = True) -> FreeTypeFont:
    """DejaVu Sans as matplotlib carries it, so that pictures look the same on every machine."""
    from PIL import ImageFont

    return ImageFont.truetype(label_font_file(bold), size_px)


def label_font_file(bold: bool = True) -> str:
    """Where that font lies."""
    import matplotlib

    face = "DejaVuSans-Bold" if bold else "DejaVuSans"
    return f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf"
