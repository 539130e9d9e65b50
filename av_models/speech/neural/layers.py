"""The networks' layers as arithmetic on arrays, for speaking: the same numbers as in `blocks`, without torch, whose
import alone takes 190 MB and seconds. Frames come first here, (T, C), so that every mix of channels is one product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "Conv", "Linear", "Norm", "Stack", "State", "part_of"]

Floats = NDArray[np.float32]
State = Mapping[str, Floats]
_EPSILON = np.float32(1e-5)
# Error function to 1.5e-7: Abramowitz & Stegun 1964, 7.1.26.
_ERF_SLOPE = np.float32(0.3275911)
_ERF = tuple(np.float32(value) for value in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


def part_of(state: State, name: str) -> dict[str, Floats]:
    """What lies under 'name.' in the state of a network. KeyError when there is nothing."""
    found = {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f"{name}.")}
    if not found:
        raise KeyError(f"no weights called {name}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    weight: Floats  # (out, in)
    bias: Floats

    @classmethod
    def of(cls, state: State) -> Linear:
        return cls(state["weight"], state["bias"])

    def __call__(self, x: Floats) -> Floats:
        y = x @ self.weight.T
        y += self.bias
        return np.asarray(y)


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """Each frame to zero mean and unit spread over its channels, then scaled and shifted."""

    weight: Floats
    bias: Floats

    @classmethod
    def of(cls, state: State) -> Norm:
        return cls(state["weight"], state["bias"])

    def __call__(self, x: Floats) -> Floats:
        y = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt(np.einsum("tc,tc->t", y, y) / np.float32(x.shape[1]) + _EPSILON)
        y *= (1 / spread)[:, None]
        y *= self.weight
        y += self.bias
        return np.asarray(y)


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """Over time, all channels with all; zeros beyond both ends."""

    weight: Floats  # (kernel, in, out)
    bias: Floats

    @classmethod
    def of(cls, state: State) -> Conv:
        return cls(np.ascontiguousarray(state["weight"].transpose(2, 1, 0)), state["bias"])

    def __call__(self, x: Floats) -> Floats:
        padded = _padded(x, len(self.weight))
        y = np.broadcast_to(self.bias, (len(x), self.bias.size)).copy()
        for shift, weight in enumerate(self.weight):
            y += padded[shift : shift + len(x)] @ weight
        return y


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """See `ConvBlock`. adapt: weight (2 * C, condition) and bias (2 * C,) of what the condition shifts and scales."""

    view: Floats  # (kernel, C)
    view_bias: Floats
    norm: Norm
    widen: Linear
    narrow: Linear
    weight: Floats
    adapt: Linear | None

    @classmethod
    def of(cls, state: State) -> Block:
        adapt = None
        if "adapt.weight" in state:
            adapt = Linear(np.ascontiguousarray(state["adapt.weight"][:, :, 0]), state["adapt.bias"])
        return cls(
            np.ascontiguousarray(state["view.weight"][:, 0].T),
            state["view.bias"],
            Norm.of(part_of(state, "norm")),
            Linear.of(part_of(state, "widen")),
            Linear.of(part_of(state, "narrow")),
            state["weight"],
            adapt,
        )

    def __call__(self, x: Floats, condition: Floats | None = None) -> Floats:
        """(T, C) to (T, C). condition: (c,)."""
        padded = _padded(x, len(self.view))
        seen = np.broadcast_to(self.view_bias, x.shape).copy()
        for shift, weight in enumerate(self.view):
            seen += padded[shift : shift + len(x)] * weight
        y = self.norm(seen)
        if self.adapt is not None and condition is not None:
            scale, shift_by = np.split(self.adapt(condition[None])[0], 2)
            y *= 1 + scale
            y += shift_by
        y = self.narrow(_gelu(self.widen(y)))
        y *= self.weight
        y += x
        return y


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Blocks of one width with the same condition, then a linear layer on the normalised channels."""

    enter: Conv
    blocks: tuple[Block, ...]
    norm: Norm
    leave: Linear

    @classmethod
    def of(cls, state: State) -> Stack:
        return cls(
            Conv.of(part_of(state, "enter")),
            blocks_of(state),
            Norm.of(part_of(state, "norm")),
            Linear.of(part_of(state, "leave")),
        )

    def __call__(self, x: Floats, condition: Floats) -> Floats:
        """(T, n_in) to (T, n_out). condition: (c,)."""
        x = self.enter(x)
        for block in self.blocks:
            x = block(x, condition)
        return self.leave(self.norm(x))


def blocks_of(state: State) -> tuple[Block, ...]:
    """Those called 'blocks.0', 'blocks.1' and so on."""
    n_blocks = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
    return tuple(Block.of(part_of(state, f"blocks.{number}")) for number in range(n_blocks))


def _padded(x: Floats, kernel: int) -> Floats:
    return np.pad(x, ((kernel // 2, kernel // 2), (0, 0)))


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit, x times the normal distribution's integral up to x (Hendrycks & Gimpel 2016)."""
    scaled = np.abs(x)
    scaled *= np.float32(np.sqrt(0.5))
    share = 1 / (1 + _ERF_SLOPE * scaled)
    rest = np.full_like(share, _ERF[0])
    for value in _ERF[1:]:
        rest *= share
        rest += value
    rest *= share
    np.square(scaled, out=scaled)
    rest *= np.exp(-scaled)  # now 1 - erf(|x| / sqrt 2)
    # Where x is negative, half of the rest is the integral; else what half of it leaves of 1.
    rest *= np.float32(0.5)
    return np.asarray(x * np.where(x < 0, rest, 1 - rest), np.float32)
