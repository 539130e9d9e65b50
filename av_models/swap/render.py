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
from .network import SwapNetwork

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]
SHARPEN_SIGMA_PX = 2.0


@dataclass(frozen=True, slots=True)
class Painted:
    """faces (B,D,D,3) float32 RGB 0..1; masks (B,D,D) float32: what the decoder takes for face."""

    faces: NDArray[np.float32]
    masks: NDArray[np.float32]


class Painter:
    """The network, ready to paint `person` from crops of somebody else's performance.

    code_shift: (C,), added to the codes of that somebody's face, see `plate.code_shift`; none if left out.
    """

    def __init__(
        self, network: SwapNetwork, device: torch.device, person: str = "source", code_shift: Floats | None = None
    ) -> None:
        self.network = network.eval().to(device)
        self.device = device
        self.person = person
        self.input_px = network.config.size_px
        self.output_px = network.config.size_px * network.config.detail
        self.cover = mouth_cover(self.input_px).to(device)
        if code_shift is not None:
            network.code_shift.copy_(torch.from_numpy(np.asarray(code_shift, np.float32)))

    @property
    def code_shift(self) -> NDArray[np.float32]:
        return self.network.code_shift.cpu().numpy()

    @torch.no_grad()
    def paint(self, crops: Pixels, mouths: Floats) -> Painted:
        """crops (B,S,S,3) uint8 RGB with S = input_px, mouths (B,8) normalised -> faces at output_px."""
        codes = torch.from_numpy(np.asarray(mouths, np.float32)).to(self.device)
        with autocast(self.device):
            joint, grid = self.network.code(self._shown(crops), codes)
        painted, logits, _ = self.network.paint(self.person, joint.float(), grid.float())
        masks = torch.nn.functional.interpolate(logits.sigmoid(), size=painted.shape[-2:], mode="bilinear")[:, 0]
        return Painted(painted.clamp(0, 1).permute(0, 2, 3, 1).float().cpu().numpy(), masks.float().cpu().numpy())

    @torch.no_grad()
    def codes(self, crops: Pixels) -> NDArray[np.float32]:
        """What the encoder makes of crops (B,S,S,3), without the shift: (B,C)."""
        return self.network.encoder(self._shown(crops) * 2 - 1).float().cpu().numpy()

    def _shown(self, crops: Pixels) -> torch.Tensor:
        faces = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device).permute(0, 3, 1, 2).float().div_(255)
        return hide_mouth(faces, self.cover)


def sharpened(face: Floats, strength: float) -> Floats:
    """Unsharp mask of a face (H,W,3)."""
    import cv2

    return face + strength * (face - cv2.GaussianBlur(face, (0, 0), SHARPEN_SIGMA_PX)) if strength else face


def grained(face: Floats, grain: float, seed: int) -> Floats:
    """The face (H,W,3) with the plate's grain on it, the same in all channels as sensor noise after de-mosaicing is."""
    noise = np.random.default_rng(seed).normal(0, grain, (*face.shape[:2], 1)).astype(np.float32)
    return face + noise if grain else face


def paste(plate: Pixels, face: Floats, mask: Floats, matrix: Floats) -> Pixels:
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
    shown = cv2.warpAffine(face, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.clip(cv2.warpAffine(mask.astype(np.float32), back, size, flags=cv2.INTER_LINEAR), 0, 1)[..., None]
    out = plate.copy()
    region = out[top:bottom, left:right].astype(np.float32)
    mixed = region + (np.clip(shown, 0, 1) * 255 - region) * alpha
    out[top:bottom, left:right] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


__all__ = ["Painted", "Painter", "grained", "paste", "sharpened"]
