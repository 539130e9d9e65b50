"""From aligned crops of the actor to painted faces of the source, and back onto the plate.

Takes and returns arrays. The caller streams pictures and keeps their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..runtime.device import autocast
from ..runtime.fitting import Fitting
from .augment import hide_mouth, mouth_cover
from .expression import ExpressionReader
from .network import SwapNetwork
from .open_eyes import OpenEyes
from .reader import TURNS
from .shape import Expression, FaceShape
from .shut_eyes import ShutEyes

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]
SHARPEN_SIGMA_PX = 1.0
HALO = 0.01
"""How far sharpening may go beyond the brightest and the darkest beside a pixel."""

_BESIDE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Painted:
    """faces (B,D,D,3) float32 RGB 0..1; masks (B,D,D) float32: what the decoder takes for face; points (B,K,2), see
    `SwapNetwork.points`."""

    faces: NDArray[np.float32]
    masks: NDArray[np.float32]
    points: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PaintedTensors:
    """The same on the device: faces (B,3,D,D), masks (B,D,D); codes (B,C) of the crops, without the shift; points
    (B,K,2), see `SwapNetwork.points`."""

    faces: torch.Tensor
    masks: torch.Tensor
    codes: torch.Tensor
    points: torch.Tensor


class Painter:
    """The network, ready to paint `person` from crops of somebody else's performance.

    code_shift: (C,), added to the codes of that somebody's face, see `plate.shift_codes`; none if left out.
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
        self.fitting = Fitting()
        self._expression: ExpressionReader | None = None
        if code_shift is not None:
            self.shift(code_shift)

    @property
    def code_shift(self) -> NDArray[np.float32]:
        return self.network.code_shift.cpu().numpy().copy()

    @property
    def code_gain(self) -> NDArray[np.float32]:
        return self.network.code_gain.cpu().numpy().copy()

    def draw(self, moves: Floats, mean: Floats) -> None:
        """moves (68,2): see `placing.drawn_outline`; from now on.  mean (68,2): the person's mean shape."""
        shape = self.network.shapes[self.person]
        assert isinstance(shape, FaceShape)
        shape.draw(*(torch.from_numpy(np.asarray(points, np.float32)) for points in (moves, mean)))

    def shift(self, code_shift: Floats, code_gain: Floats | float = 1.0) -> None:
        """Multiply all codes by code_gain and add code_shift, both (C,), from now on."""
        self.network.code_shift.copy_(torch.from_numpy(np.asarray(code_shift, np.float32)))
        gain = np.broadcast_to(np.asarray(code_gain, np.float32), code_shift.shape)
        self.network.code_gain.copy_(torch.from_numpy(gain.copy()))

    def expect_lids(self, tremble: float) -> None:
        """See `ShutEyes.expect`."""
        if self.person in self.network.eyes:
            eyes = self.network.eyes[self.person]
            assert isinstance(eyes, ShutEyes)
            eyes.expect(tremble)

    def expect(self, expression: ExpressionReader | None) -> None:
        """From now on faces are of a person in a footage, whose brows and glances are read so; None: not at all."""
        self._expression = expression

    @property
    def usual_irises(self) -> NDArray[np.float32] | None:
        """(2,2): where the person's irises usually are, see `irises.SeenIrises`; None where glances cannot be shown."""
        if self.person not in self.network.open_eyes:
            return None
        eyes = self.network.open_eyes[self.person]
        assert isinstance(eyes, OpenEyes)
        return eyes.usual.cpu().numpy().copy() if eyes.known.any() else None

    def paint(self, crops: Pixels, mouths: Floats) -> Painted:
        """crops (B,S,S,3) uint8 RGB with S = input_px, mouths (B,8) normalised -> faces at output_px.

        In as many parts as the accelerator's memory asks for. Errors: ResourceError where not even one face fits.
        """

        def work(part: slice) -> Painted:
            painted = self.paint_tensors(crops[part], mouths[part])
            faces = painted.faces.permute(0, 2, 3, 1)
            return Painted(faces.cpu().numpy(), painted.masks.cpu().numpy(), painted.points.cpu().numpy())

        return joined(self.fitting.parts(work, len(crops)))

    @torch.no_grad()
    def paint_tensors(self, crops: Pixels, mouths: Floats, points: Floats | None = None) -> PaintedTensors:
        """As `paint`, in one part and left on the device. points (B,68,2) px: landmarks in the crops, without which
        brows and glances are not followed."""
        asked = torch.from_numpy(np.asarray(mouths, np.float32)).to(self.device)
        shown = self._shown(crops)
        with autocast(self.device):
            joint, grid = self.network.code(shown, asked)
            details = self.network.details(self.person, grid)
        # In full precision: a shape or a basis in half of it is off by more than a step of 8 bits.
        codes = (joint[:, : len(self.network.code_shift)].float() - self.network.code_shift) / self.network.code_gain
        expression = self._beyond(crops, points, codes)
        painted, logits, _ = self.network.on_face(self.person, joint.float(), details, expression)
        masks = torch.nn.functional.interpolate(logits.sigmoid(), size=painted.shape[-2:], mode="bilinear")[:, 0]
        places = self.network.points(self.person, joint.float(), expression)
        return PaintedTensors(painted.clamp(0, 1).float(), masks.float(), codes, places)

    @torch.no_grad()
    def codes(self, crops: Pixels) -> NDArray[np.float32]:
        """What the encoder makes of crops (B,S,S,3), without the shift: (B,C)."""

        def work(part: slice) -> NDArray[np.float32]:
            return self.network.face_code(self._shown(crops[part])).float().cpu().numpy()

        return np.concatenate(self.fitting.parts(work, len(crops)))

    def _beyond(self, crops: Pixels, points: Floats | None, codes: torch.Tensor) -> Expression | None:
        """What faces do beyond their performance."""
        if self._expression is None or points is None:
            return None
        readings = codes[:, self.network.config.code :].cpu().numpy()
        return self._expression(crops, points, readings[:, TURNS], self.device)

    @property
    def reads_faces(self) -> bool:
        return self.network.reader is not None

    @torch.no_grad()
    def readings(self, crops: Pixels) -> NDArray[np.float32]:
        """What is read of the faces of crops (B,S,S,3): (B,R), see `reader.READINGS`; (B,0) without a reader."""
        reader = self.network.reader
        if reader is None:
            return np.zeros((len(crops), 0), np.float32)
        return np.asarray(reader(self._shown(crops)).float().cpu().numpy(), np.float32)

    def _shown(self, crops: Pixels) -> torch.Tensor:
        faces = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device).permute(0, 3, 1, 2).float().div_(255)
        return hide_mouth(faces, self.cover)


def joined(parts: Sequence[Painted]) -> Painted:
    """One after the other."""
    columns = [(one.faces, one.masks, one.points) for one in parts]
    return Painted(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def channels_last(network: SwapNetwork) -> SwapNetwork:
    """The same network, its convolutions' weights laid out as accelerators multiply them; for painting only, training
    goes on as it began. Bases keep their layout: they are multiplied flat."""
    for part in (network.encoder, *network.decoders.values()):
        part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def sharpened(face: Floats, strength: float) -> Floats:
    """Unsharp mask of a face (H,W,3), without its halos: edges become steeper, but nothing is brighter or darker than
    what is beside it, or lips get a white rim and eyes shine."""
    import cv2

    if not strength:
        return face
    face, halo = np.asarray(face, np.float32), np.float32(HALO)
    soft = cv2.GaussianBlur(face, (0, 0), SHARPEN_SIGMA_PX)
    crisp = cv2.addWeighted(face, 1 + strength, soft, -strength, 0)
    darkest = np.asarray(cv2.erode(face, _BESIDE), np.float32) - halo
    brightest = np.asarray(cv2.dilate(face, _BESIDE), np.float32) + halo
    return np.asarray(cv2.min(cv2.max(crisp, darkest), brightest))


def grained(face: Floats, grain: float, seed: int) -> Floats:
    """The face (H,W,3) with the plate's grain on it, the same in all channels as sensor noise after de-mosaicing is."""
    import cv2

    if not grain:
        return face
    height, width = face.shape[:2]
    field = _noise(2 * max(height, width))
    top, left = np.random.default_rng(seed).integers(0, np.array(field.shape) - (height, width))
    noise = np.float32(grain) * field[top : top + height, left : left + width]
    return np.asarray(cv2.add(np.asarray(face, np.float32), cv2.merge([noise] * 3)))


@lru_cache(maxsize=2)
def _noise(side_px: int) -> NDArray[np.float32]:
    """White noise, of which every frame gets a part from another place: that is not seen, and costs nothing."""
    return np.random.default_rng(0).standard_normal((side_px, side_px), np.float32)


__all__ = ["Painted", "PaintedTensors", "Painter", "channels_last", "grained", "joined", "sharpened"]
