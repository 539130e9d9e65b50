"""Moving the painted face into the plate's light.

One transfer for the whole job, measured on a sample of the actor's frames: a transfer measured frame by frame pumps
with the mouth and the blinks. Mean and spread per channel of CIE Lab, after Reinhard et al. 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
# More than this and the inside of the mouth, far from the skin that is measured, turns blue or grey.
MAX_GAIN = 1.12


@dataclass(frozen=True, slots=True)
class ColorTransfer:
    """out = (lab - from_mean) * gain + to_mean, on L 0..100 and a, b."""

    from_mean: tuple[float, ...]
    to_mean: tuple[float, ...]
    gain: tuple[float, ...]

    def apply(self, face: Floats) -> NDArray[np.float32]:
        """(H,W,3) RGB float 0..1 -> the same in the plate's light."""
        import cv2

        lab = cv2.cvtColor(np.clip(face, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)
        lab = (lab - np.array(self.from_mean)) * np.array(self.gain) + np.array(self.to_mean)
        return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1).astype(np.float32)


def fit_transfer(faces: Floats, plates: Floats, masks: Floats) -> ColorTransfer:
    """faces, plates (N,H,W,3) RGB 0..1 at the same place, masks (N,H,W) 0..1 of bare skin -> transfer from face to
    plate."""
    import cv2

    inside = masks > 0.5
    if not inside.any():
        return ColorTransfer((0.0,) * 3, (0.0,) * 3, (1.0,) * 3)

    def lab(pictures: Floats) -> Floats:
        return np.concatenate(
            [
                cv2.cvtColor(np.clip(p, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)[m]
                for p, m in zip(pictures, inside, strict=True)
            ]
        )

    painted, plate = lab(faces), lab(plates)
    gain = np.clip(plate.std(0) / np.maximum(painted.std(0), 1e-3), 1 / MAX_GAIN, MAX_GAIN)
    return ColorTransfer(tuple(painted.mean(0).tolist()), tuple(plate.mean(0).tolist()), tuple(gain.tolist()))


__all__ = ["ColorTransfer", "fit_transfer"]
