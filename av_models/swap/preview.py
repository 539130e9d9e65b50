"""What training has learnt so far, as a picture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .augment import hide_mouth
from .faces import FaceBank
from .network import SwapNetwork

COLUMNS = 6


@torch.no_grad()
def preview_sheet(
    network: SwapNetwork,
    source: FaceBank,
    actor: FaceBank,
    cover: Tensor,
    device: torch.device,
    at_once: int = COLUMNS,
) -> np.ndarray:
    """RGB uint8 (5S, COLUMNS*S, 3): source, its reconstruction, actor, its reconstruction, actor with the source's
    face. at_once: so many faces are painted together."""
    rows: list[Tensor] = []
    for bank, decoders in ((source, ("source",)), (actor, ("actor", "source"))):
        part = bank.part(torch.linspace(0, len(bank) - 1, min(COLUMNS, len(bank))).round().long())
        faces = part.crops.to(device).float() / 255
        hidden, mouths = hide_mouth(faces, cover), part.mouths.to(device)
        rows.append(faces)
        for name in decoders:
            pairs = zip(hidden.split(at_once), mouths.split(at_once), strict=True)
            painted = torch.cat([network(some, codes, name)[0] for some, codes in pairs])
            rows.append(torch.nn.functional.interpolate(painted, size=faces.shape[-2:], mode="area"))
    columns = min(len(row) for row in rows)
    sheet = torch.cat([torch.cat(list(row[:columns]), 2) for row in rows], 1)
    return np.ascontiguousarray((sheet.clamp(0, 1) * 255).round().byte().cpu().numpy().transpose(1, 2, 0))


__all__ = ["preview_sheet"]
