"""The swap network: shared encoder, intermediate code with the mouth code in it, one decoder per person.

The layout is the DF family of trainable face swaps (one encoder, one intermediate layer, a decoder per identity) with
three changes. The encoder does not see the mouth, which reaches the decoders only through the mouth code, so the code
is obeyed. Beside the code that training learns stand the readings of a network that knows faces already (`reader.py`).
And each decoder paints on top of its person's face basis (mean face and principal components, `basis.py`), which the
mouth code and the readings move from the first step on (`performance_map.py`), as they move the shape that it is laid
on (`shape.py`); mouth and shut eyes have pictures of their own (`mouth_texture.py`, `shut_eyes.py`); the convolutions
add the rest.

Knows nothing about files, training or video.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .mouth_texture import MouthTexture
from .open_eyes import OpenEyes
from .performance_map import PerformanceMap
from .reader import READINGS, TRUSTED, load_reader
from .shape import Expression, FaceShape, from_mean_shape
from .shut_eyes import ShutEyes

MOUTH_NUMBERS = 8


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """size_px: of the encoder's input, a multiple of 16.  The decoders answer at `detail` times that size.

    widths: channels of the four halvings.  code: numbers of the intermediate layer.  grid: channels at 1/16 size.
    n_components: of each person's face basis.  architecture: 'df', or 'liae' as `liae.py` builds it.  readings: what
    the performance reader says; 0 for none.
    """

    size_px: int = 128
    detail: int = 2
    widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    code: int = 192
    grid: int = 128
    decoder_widths: tuple[int, int, int] = (96, 48, 32)
    n_components: int = 64
    architecture: str = "df"
    readings: int = len(READINGS)

    @property
    def code_size(self) -> int:
        """Numbers that speak of the face but for its mouth: learnt and read."""
        return self.code + self.readings

    @property
    def performance_size(self) -> int:
        """Numbers that say what a face does: what can be trusted of the readings, and the mouth code."""
        return (len(TRUSTED) if self.readings else 0) + MOUTH_NUMBERS

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> NetworkConfig:
        """From `as_dict`, also after a trip through JSON, which turns tuples into lists."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**values)


class Encoder(nn.Module):
    """(B,3,S,S) in -1..1 -> (B,code), unit root mean square."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in config.widths:
            layers += [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            channels = width
        layers += [nn.Conv2d(channels, 64, 1), nn.LeakyReLU(0.1), nn.Flatten()]
        self.halve = nn.Sequential(*layers)
        self.to_code = nn.Linear(64 * (config.size_px // 16) ** 2, config.code)

    def forward(self, face: Tensor) -> Tensor:
        code = self.to_code(self.halve(face)).float()
        return code / (code.square().mean(1, keepdim=True) + 1e-6).sqrt()


class Intermediate(nn.Module):
    """Image code (B,code_size) and mouth code (B,8) -> joint code (B,J) and feature grid (B,grid,S/8,S/8).

    The joint code begins with the image code and ends with the mouth code, both as they are.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.cells = config.size_px // 16
        self.mouth = nn.Sequential(nn.Linear(MOUTH_NUMBERS, 64), nn.GELU(), nn.Linear(64, 64))
        self.joint_size = config.code_size + 64 + MOUTH_NUMBERS
        self.to_grid = nn.Linear(self.joint_size, config.grid * self.cells**2)
        self.grow = Double(config.grid, config.grid)

    def forward(self, code: Tensor, mouth: Tensor) -> tuple[Tensor, Tensor]:
        joint = torch.cat([code, self.mouth(mouth).float(), mouth.float()], 1)
        grid = self.to_grid(joint).unflatten(1, (-1, self.cells, self.cells))
        return joint, self.grow(F.leaky_relu(grid, 0.1))


class Double(nn.Module):
    """Twice the size by pixel shuffle, as sub-pixel convolution (Shi et al. 2016) does."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4 * out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(F.leaky_relu(self.conv(x), 0.1), 2)


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.second(F.leaky_relu(self.first(x), 0.2)), 0.2)


class Decoder(nn.Module):
    """One person. Joint code (B,J), performance (B,P) and feature grid -> coefficients (B,K), residual (B,3,S,S), mask
    logits (B,1,S,S), all of the mean shape.

    The last doubling happens in the heads (16 channels shuffled once), which costs a quarter of a full layer.
    """

    def __init__(self, config: NetworkConfig, joint_size: int) -> None:
        super().__init__()
        wide, middle, narrow = config.decoder_widths
        self.coefficients = nn.Sequential(nn.Linear(joint_size, 256), nn.GELU(), nn.Linear(256, config.n_components))
        self.from_performance = PerformanceMap(config.performance_size, config.n_components)
        self.grow = nn.Sequential(
            *(Double(config.grid, wide), Residual(wide), Double(wide, middle), Residual(middle)),
            *(nn.Conv2d(middle, narrow, 3, padding=1), nn.LeakyReLU(0.1)),
        )
        self.heads = nn.Conv2d(narrow, 16, 3, padding=1)
        # The basis alone answers at the first step: residual and coefficients start near zero.
        for layer in (self.heads, self.coefficients[-1]):
            for name, value in layer.named_parameters():
                nn.init.normal_(value, std=1e-3 if name == "weight" else 0.0)

    def details(self, grid: Tensor) -> Tensor:
        """(B,4,S,S): residual and mask logits. All of the convolutions, which stand half precision."""
        return F.pixel_shuffle(self.heads(self.grow(grid)), 2).float()

    def scores(self, joint: Tensor, performance: Tensor) -> Tensor:
        """(B,K): the coefficients."""
        return (self.coefficients(joint) + self.from_performance(performance)).float()

    def forward(self, joint: Tensor, performance: Tensor, grid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        heads = self.details(grid)
        return self.scores(joint, performance), heads[:, :3], heads[:, 3:]

    def start_from(self, performances: Tensor, scores: Tensor, weight: Tensor | None = None) -> None:
        """Let readings and mouth codes (N,P) explain the basis scores (N,K) before the first step.

        weight (K,): how much of the picture each score moves.
        """
        self.from_performance.fit(performances, scores, weight)


class FaceBasis(nn.Module):
    """Mean face and principal components of one person on the mean shape, fixed: coefficients (B,K) -> (B,3,D,D) in
    0..1.

    mean (3,D,D); components (K,3,D,D), each scaled so that a coefficient of 1 is one standard deviation.  outline
    (1,D,D): logits of how often a place is face; 0, undecided, where nobody has looked.
    """

    mean: Tensor
    components: Tensor
    outline: Tensor

    def __init__(self, n_components: int, size_px: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, size_px, size_px))
        self.register_buffer("components", torch.zeros(n_components, 3, size_px, size_px))
        self.register_buffer("outline", torch.zeros(1, size_px, size_px))

    def forward(self, coefficients: Tensor) -> Tensor:
        return self.mean + (coefficients @ self.components.flatten(1)).unflatten(1, self.mean.shape)

    def shrunk(self, factor: int) -> FaceBasis:
        """The same face at 1/factor of the size; exact for what is painted, because area averaging is linear."""
        small = FaceBasis(len(self.components), self.mean.shape[-1] // factor)
        small.mean = F.avg_pool2d(self.mean[None], factor)[0]
        small.components = F.avg_pool2d(self.components, factor)
        small.outline = F.avg_pool2d(self.outline[None], factor)[0]
        return small


class SwapNetwork(nn.Module):
    """`people` names the decoders, e.g. ('source', 'actor')."""

    code_shift: Tensor
    code_gain: Tensor

    def __init__(self, config: NetworkConfig, people: tuple[str, ...] = ("source", "actor")) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.reader = load_reader() if config.readings else None
        # 0 and 1 in training; see `plate.py` for what a swap makes of the code of somebody else's face.
        self.register_buffer("code_shift", torch.zeros(config.code_size))
        self.register_buffer("code_gain", torch.ones(config.code_size))
        self.intermediate = Intermediate(config)
        self.decoders = nn.ModuleDict({name: Decoder(config, self.intermediate.joint_size) for name in people})
        detail_px = config.size_px * config.detail
        self.bases = nn.ModuleDict({name: FaceBasis(config.n_components, detail_px) for name in people})
        self.shapes = nn.ModuleDict(
            {name: FaceShape(config.performance_size, turns=bool(config.readings)) for name in people}
        )
        self.mouths = nn.ModuleDict({name: MouthTexture(config.performance_size, detail_px) for name in people})
        lids_are_read = people if config.readings else ()
        self.eyes = nn.ModuleDict({name: ShutEyes(config.performance_size, detail_px) for name in lids_are_read})
        self.open_eyes = nn.ModuleDict({name: OpenEyes(detail_px) for name in lids_are_read})
        self.trusted = [config.code + number for number in TRUSTED] if config.readings else []

    def train(self, mode: bool = True) -> Self:
        """The reader reads in training as it does in use."""
        super().train(mode)
        if self.reader is not None:
            self.reader.eval()
        return self

    def decoder(self, person: str) -> Decoder:
        found = self.decoders[person]
        assert isinstance(found, Decoder)
        return found

    def code(self, face: Tensor, mouth: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """face (B,3,S,S) in 0..1 with the mouth hidden; mouth (B,8) normalised -> joint code, feature grid.

        seen: what the reader looks at, if `face` is in a disguise. The reader needs no such exercise, and what it
        would misread could only teach the decoder to distrust it.
        """
        return self.intermediate(self.face_code(face, seen) * self.code_gain + self.code_shift, mouth)

    def face_code(self, face: Tensor, seen: Tensor | None = None) -> Tensor:
        """(B,C): what is learnt and what is read of a face with the mouth hidden, without the shift."""
        learnt = self.encoder(face * 2 - 1)
        if self.reader is None:
            return learnt
        return torch.cat([learnt, self.reader(face if seen is None else seen).float()], 1)

    def paint(self, person: str, joint: Tensor, grid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> face (B,3,D,D) about 0..1 (not clamped), mask logits (B,1,S,S), coefficients (B,K).

        D follows the basis: the full one gives `detail` times S, a shrunk one (training) gives S itself.
        """
        return self.on_face(person, joint, self.details(person, grid))

    def details(self, person: str, grid: Tensor) -> Tensor:
        """What the decoder's convolutions make of a grid, on the mean shape; see `Decoder.details`."""
        return self.decoder(person).details(grid)

    def performance(self, joint: Tensor) -> Tensor:
        """(B,P): what a face does, of a joint code (B,J)."""
        return torch.cat([joint[:, self.trusted], joint[:, -MOUTH_NUMBERS:]], 1).float()

    def points(self, person: str, joint: Tensor, expression: Expression | None = None) -> Tensor:
        """(B,K,2): where the `shape.POINTS` of a painted face lie, in units of the crop's side; after
        `FaceShape.draw`."""
        shape = self.shapes[person]
        assert isinstance(shape, FaceShape)
        return shape.points(self.performance(joint), expression)

    def on_face(
        self, person: str, joint: Tensor, details: Tensor, expression: Expression | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `paint`, from `details`: laid on the basis, and both on the shape that is asked for."""
        performance = self.performance(joint)
        coefficients = self.decoder(person).scores(joint, performance)
        residual, mask = details[:, :3], details[:, 3:]
        basis = self.bases[person]
        assert isinstance(basis, FaceBasis)
        mask = mask + F.adaptive_avg_pool2d(basis.outline[None], (mask.shape[-2], mask.shape[-1]))
        texture = self.mouths[person](basis(coefficients), performance)
        if person in self.eyes and not self.training:  # its own blinks would be nothing but copied in training
            texture = self.eyes[person](texture, performance)
        if texture.shape[-1] != residual.shape[-1]:
            residual = F.interpolate(residual, size=texture.shape[-2:], mode="bilinear")
        texture = texture + residual
        if expression is not None and expression.glance is not None and person in self.open_eyes:
            eyes = self.eyes[person]
            assert isinstance(eyes, ShutEyes)
            texture = self.open_eyes[person](texture, performance, expression.glance, 1 - eyes.shown(performance))
        field = self.shapes[person](performance, expression)
        return from_mean_shape(texture, field), from_mean_shape(mask, field), coefficients

    def forward(self, face: Tensor, mouth: Tensor, person: str) -> tuple[Tensor, Tensor, Tensor]:
        return self.paint(person, *self.code(face, mouth))


def n_trained(network: SwapNetwork) -> int:
    """Numbers that training moves (bases and reader are fixed)."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


__all__ = ["MOUTH_NUMBERS", "FaceBasis", "NetworkConfig", "SwapNetwork", "n_trained"]
