"""One person before the first step of training: what their own frames say about shape and texture in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .augment import hide_mouth, mouth_cover
from .basis import MAX_FACES, fit_basis, project
from .batches import as_floats
from .faces import FaceBank
from .mouth_texture import MouthTexture
from .network import FaceBasis, NetworkConfig
from .open_eyes import OpenEyes
from .reader import TRUSTED, load_reader
from .shape import FaceShape, to_mean_shape
from .shut_eyes import ShutEyes
from .surround import with_skin_around

__all__ = ["Likeness", "fit_likeness"]

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Likeness:
    """shape: of the person.  basis, mouth, eyes, open_eyes: of the textures, at the size of the bank, `small` at the
    network's.

    performances (N,P), scores (N,K): of each face, for `Decoder.start_from`.
    """

    shape: FaceShape
    mouth: MouthTexture
    eyes: ShutEyes
    open_eyes: OpenEyes
    basis: FaceBasis
    small: FaceBasis
    performances: Tensor
    scores: Tensor


@torch.no_grad()
def fit_likeness(bank: FaceBank, config: NetworkConfig) -> Likeness:
    """bank: faces at `detail` times the network's size; those alone are learnt from."""
    small = bank.shrunk(config.size_px)
    performances = _performances(small, config)
    shape = FaceShape(config.performance_size, turns=bool(config.readings))
    shape.fit(performances, (bank.landmarks + 0.5) / bank.crops.shape[-1])
    chosen = torch.linspace(0, len(bank) - 1, min(len(bank), MAX_FACES)).round().long().unique()
    laid = _laid(bank.part(chosen), shape, performances[chosen])
    basis = fit_basis(laid.crops, laid.masks, config.n_components)
    parts = _fit_parts(laid, performances[chosen], config)
    less = basis.shrunk(config.detail)
    scores = project(less, *as_floats(_laid(small, shape, performances), torch.device("cpu")))
    return Likeness(shape, *parts, basis, less, performances, scores)


def _fit_parts(laid: FaceBank, performances: Tensor, config: NetworkConfig) -> tuple[MouthTexture, ShutEyes, OpenEyes]:
    """laid: faces on the mean shape, with the landmarks that they had before."""
    size_px = laid.crops.shape[-1]
    mean_shape = (laid.landmarks.mean(0) + 0.5) / size_px
    mouth, eyes = MouthTexture(config.performance_size, size_px), ShutEyes(config.performance_size, size_px)
    open_eyes = OpenEyes(size_px)
    mouth.fit(laid.crops, performances, mean_shape)
    if config.readings:
        eyes.fit(laid.crops, performances, mean_shape)
        open_eyes.fit(laid.crops, performances, mean_shape)
    return mouth, eyes, open_eyes


def _performances(bank: FaceBank, config: NetworkConfig) -> Tensor:
    """(N,P) of a bank at the network's size, in the order of `SwapNetwork.paint`."""
    if not config.readings:
        return bank.mouths
    reader, cover = load_reader(), mouth_cover(config.size_px)
    parts = [bank.part(index) for index in torch.arange(len(bank)).split(_BLOCK)]
    read = [reader(hide_mouth(as_floats(part, torch.device("cpu"))[0], cover))[:, list(TRUSTED)] for part in parts]
    return torch.cat([torch.cat(read).float(), bank.mouths], 1)


def _laid(bank: FaceBank, shape: FaceShape, performances: Tensor) -> FaceBank:
    """The faces and their masks on the mean shape, with skin all round."""
    crops, masks = [], []
    for index in torch.arange(len(bank)).split(_BLOCK):
        field = shape(performances[index])
        faces, outlines = as_floats(bank.part(index), torch.device("cpu"))
        faces, outlines = to_mean_shape(faces, field), to_mean_shape(outlines, field)
        crops.append(_as_bytes(with_skin_around(faces, outlines)))
        masks.append(_as_bytes(outlines)[:, 0])
    return FaceBank(torch.cat(crops), torch.cat(masks), bank.landmarks, bank.mouths, bank.frames)


def _as_bytes(pictures: Tensor) -> Tensor:
    return (pictures * 255).round().clamp(0, 255).byte()
