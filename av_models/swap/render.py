"""From aligned crops of the actor to painted faces of the source, and back onto the plate.

Takes and returns arrays. The caller streams pictures and keeps their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..runtime.device import autocast
from .augment import hide_mouth, mouth_cover
from .color import ColorTransfer
from .network import SwapNetwork

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Painted:
    """faces (B,D,D,3) float32 RGB 0..1; masks (B,D,D) float32: what the decoder takes for face."""

    faces: NDArray[np.float32]
    masks: NDArray[np.float32]


class Painter:
    """The network, ready to paint `person` from crops of somebody else's performance."""

    def __init__(self, network: SwapNetwork, device: torch.device, person: str = "source") -> None:
        self.network = network.eval().to(device)
        self.device = device
        self.person = person
        self.input_px = network.config.size_px
        self.output_px = network.config.size_px * network.config.detail
        self.cover = mouth_cover(self.input_px).to(device)

    @torch.no_grad()
    def paint(self, crops: Pixels, mouths: Floats) -> Painted:
        """crops (B,S,S,3) uint8 RGB with S = input_px, mouths (B,8) normalised -> faces at output_px."""
        faces = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device).permute(0, 3, 1, 2).float().div_(255)
        codes = torch.from_numpy(np.asarray(mouths, np.float32)).to(self.device)
        with autocast(self.device):
            joint, grid = self.network.code(hide_mouth(faces, self.cover), codes)
        painted, logits, _ = self.network.paint(self.person, joint.float(), grid.float())
        masks = torch.nn.functional.interpolate(logits.sigmoid(), size=painted.shape[-2:], mode="bilinear")[:, 0]
        return Painted(painted.clamp(0, 1).permute(0, 2, 3, 1).float().cpu().numpy(), masks.float().cpu().numpy())


def paste_mask(learned: Floats, hull: Floats, feather_px: float) -> NDArray[np.float32]:
    """Where the painted face shows, (D,D) 0..1: inside the actor's hull and the painted face, soft towards the
    inside.

    Shrunk by two feathers first, so that the soft edge ends inside both faces and neither hair nor background comes
    along.
    """
    import cv2

    both = (np.minimum(learned, hull) > 0.5).astype(np.float32)
    shrink = 4 * round(feather_px) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (shrink, shrink))
    inner = cv2.erode(both, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    soft = cv2.GaussianBlur(inner, (0, 0), feather_px, borderType=cv2.BORDER_CONSTANT)
    return soft.astype(np.float32)


def paste(plate: Pixels, face: Floats, mask: Floats, matrix: Floats, color: ColorTransfer) -> Pixels:
    """The plate (H,W,3) with `face` (D,D,3) laid in under `mask` (D,D). matrix (2,3): from plate pixels to crop
    pixels."""
    import cv2

    height, width = plate.shape[:2]
    side = face.shape[0]
    back = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ back[:, :2].T + back[:, 2]
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (width, height))
    if right <= left or bottom <= top:
        return plate
    back[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    shown = cv2.warpAffine(color.apply(face), back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.clip(cv2.warpAffine(mask.astype(np.float32), back, size, flags=cv2.INTER_LINEAR), 0, 1)[..., None]
    out = plate.copy()
    region = out[top:bottom, left:right].astype(np.float32)
    mixed = region + (np.clip(shown, 0, 1) * 255 - region) * alpha
    out[top:bottom, left:right] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


__all__ = ["Painted", "Painter", "paste", "paste_mask"]
