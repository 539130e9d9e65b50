"""Pictures for the tests of faces, made from the two fictional people of media/samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from av_models.io.video import read_pictures

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SAMPLES = Path(__file__).parents[2] / "media" / "samples"
_MOST = 70
_CLIPS = {"woman": "source_a.mp4", "man": "actor_b.mp4"}


@dataclass(frozen=True)
class Picture:
    index: int
    time: Fraction
    rgb: Rgb


@lru_cache
def _decoded(who: str) -> tuple[Rgb, ...]:
    return tuple(picture.rgb for picture in read_pictures(_SAMPLES / _CLIPS[who], range(_MOST)))


def performance(who: str, n: int) -> tuple[Rgb, ...]:
    """The first n frames (512, 512, 3), at most 70, of 'woman' or 'man'."""
    return _decoded(who)[:n]


def shown(frames: Iterable[Rgb]) -> Iterator[Picture]:
    for index, rgb in enumerate(frames):
        yield Picture(index, Fraction(index, 25), rgb)


def scaled(rgb: Rgb, scale: float) -> Rgb:
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=kind)


def head(who: str, frame: int, height_px: int = 170) -> Rgb:
    """Head and neck, cut out of the frame."""
    return scaled(performance(who, frame + 1)[frame][110:450, 110:410], height_px / 340)


def wall(width_px: int, height_px: int) -> Rgb:
    rgb = np.full((height_px, width_px, 3), 90, np.uint8)
    rgb[::7] = 70
    return rgb


def pasted(canvas: Rgb, picture: Rgb, left: float, top: float) -> Rgb:
    """Paste; what lies beyond the canvas is cut off."""
    x, y = round(left), round(top)
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, canvas.shape[1]), min(y + height, canvas.shape[0])
    if x0 < x1 and y0 < y1:
        canvas[y0:y1, x0:x1] = picture[y0 - y : y1 - y, x0 - x : x1 - x]
    return canvas


def turned(rgb: Rgb, degrees: float) -> Rgb:
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return cv2.warpAffine(rgb, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def with_hand(rgb: Rgb, middle: tuple[float, float], width_px: float, slant: float, skin: Rgb) -> tuple[Rgb, Mask]:
    """Four fingers in the colour `skin` before a picture, and where they are. width_px: of the hand; slant: radians."""
    height, width = rgb.shape[:2]
    finger_px = width_px / 4.4
    along, across = np.array([-np.sin(slant), np.cos(slant)]), np.array([np.cos(slant), np.sin(slant)])
    shown, covered = rgb.astype(np.float32), np.zeros((height, width), bool)
    for k in range(4):
        tip = np.array(middle) + (k - 1.5) * finger_px * 1.1 * across
        end = tip + 2 * height * along
        finger = np.zeros((height, width), np.uint8)
        cv2.line(finger, _point(tip), _point(end), 255, round(finger_px), cv2.LINE_AA)
        depth = cv2.distanceTransform((finger > 127).astype(np.uint8), cv2.DIST_L2, 5) / (finger_px / 2)
        shaded = skin * (0.72 + 0.33 * np.clip(depth, 0, 1))[..., None]
        alpha = (finger / 255.0)[..., None]
        shown = shown * (1 - alpha) + shaded * alpha
        covered |= finger > 127
    return np.clip(shown, 0, 255).astype(np.uint8), covered


def with_microphone(rgb: Rgb, middle: tuple[float, float], width_px: float) -> tuple[Rgb, Mask]:
    """A dark ball of gauze on a stick before a picture, and where it is."""
    height, width = rgb.shape[:2]
    covered = np.zeros((height, width), np.uint8)
    cv2.circle(covered, _point(np.array(middle)), round(width_px / 2), 1, -1)
    cv2.line(covered, _point(np.array(middle)), (round(middle[0]), height), 1, round(width_px * 0.45))
    gauze = (40 + 25 * (np.indices((height, width)).sum(axis=0) // 2 % 2)).astype(np.uint8)
    shown = rgb.copy()
    shown[covered > 0] = gauze[covered > 0][:, None]
    return shown, covered > 0


def _point(place: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
