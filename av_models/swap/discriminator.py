"""A late, optional judge of patches, for skin that no average of faces has.

A U-Net that says of every pixel and of every patch whether it is filmed or painted (Schönfeld et al. 2020), trained
with least squares (Mao et al. 2017), which needs no tuning of its own. It only ever sees the source's faces.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_WIDTHS = (16, 32, 64)


class PatchDiscriminator(nn.Module):
    """(B,3,S,S) about 0..1 with the background greyed out -> patches (B,1,S/8,S/8) and pixels (B,1,S,S); 1 filmed,
    0 painted. A patch is what one cell of the coarsest layer sees: 22 pixels."""

    def __init__(self, widths: tuple[int, ...] = _WIDTHS) -> None:
        super().__init__()
        narrower = (3, *widths[:-1])
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in zip(narrower, widths, strict=True)
        )
        self.patch = nn.Conv2d(widths[-1], 1, 1)
        self.up = nn.ModuleList(
            nn.Conv2d(wide + (wide if place else 0), 4 * max(narrow, 8), 3, padding=1)
            for place, (wide, narrow) in enumerate(zip(reversed(widths), reversed(narrower), strict=True))
        )
        self.pixel = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        x, passed = faces * 2 - 1, list[Tensor]()
        for layer in self.down:
            x = F.leaky_relu(layer(x), 0.2)
            passed.append(x)
        patches, beside = self.patch(x), passed[-2::-1]
        for place, layer in enumerate(self.up):
            joined = torch.cat([x, beside[place - 1]], 1) if place else x
            x = F.leaky_relu(F.pixel_shuffle(layer(joined), 2), 0.2)
        return patches.float(), self.pixel(x).float()


def on_grey(faces: Tensor, mask: Tensor) -> Tensor:
    """The face alone: a judge that saw the background would learn that it is never painted well."""
    return 0.5 + (faces - 0.5) * mask


def judged_as(answers: tuple[Tensor, Tensor], wanted: float) -> Tensor:
    """Mean squared distance of patches and pixels to 1 (filmed) or 0 (painted)."""
    return torch.stack([(answer - wanted).square().mean() for answer in answers]).mean()


__all__ = ["PatchDiscriminator", "judged_as", "on_grey"]
