"""Training of the small network in `boundaries`, from sound whose phones have exact times and from recordings.

Two rounds: first on synthetic speech alone, whose times are exact; then the network of that round times the phones of
the recordings, which the aligner had laid roughly, and a second one is trained on both. In this way it hears people
without anybody having labelled them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .boundaries import AROUND, DILATIONS, PHONES, REACH, move_boundaries
from .cepstra import RATE_HZ
from .spectrum import BANDS, HOP, fine_spectrum

if TYPE_CHECKING:
    import torch

__all__ = ["Example", "example_of", "retimed", "train_boundaries", "vary"]

Array = NDArray[np.float32]

_CHANNELS, _PHONE_SIZE, _TAPS = 64, 32, 5
_EDGE = AROUND + 50
_BATCH, _RATE, _DECAY = 256, 2e-3, 1e-3
_JITTER_FRAMES = 10.0  # the path's boundary is off by this much at most while training: 25 ms
_BLUR_FRAMES = 1.6
_LEVEL_SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class Example:
    """sound: (n,) at 16 kHz.  times_s: boundaries.  left, right: index into PHONES of the phone before and after."""

    sound: Array
    times_s: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


def example_of(sound: Array, phones: Sequence[tuple[str, float]], without: Sequence[float] = ()) -> Example:
    """phones: label and start of each, in order.  without: starts that are not to be learned from."""
    joined: list[tuple[int, float]] = []
    for label, start_s in phones:
        name = label.rstrip("012")
        number = PHONES.index(name) if name in PHONES else 0
        if not joined or number or joined[-1][0]:
            joined.append((number, start_s))
    kept = [
        (start, before, here)
        for (before, _), (here, start) in pairwise(joined)
        if all(abs(start - poor) > 1e-6 for poor in without)
    ]
    times, left, right = zip(*kept, strict=True) if kept else ((), (), ())
    return Example(sound, np.array(times, np.float64), np.array(left, np.int64), np.array(right, np.int64))


def retimed(example: Example, weights: Mapping[str, Array]) -> Example:
    """The same phones, their boundaries where a network with `weights` finds them."""
    return replace(
        example, times_s=move_boundaries(example.sound, example.times_s, example.left, example.right, weights)
    )


def vary(example: Example, rng: np.random.Generator) -> Example:
    """Another voice in another room: faster or slower with its formants, noise, a tilted spectrum, a telephone."""
    import soxr

    speed = float(np.exp(rng.uniform(-0.18, 0.18)))
    sound = soxr.resample(example.sound, RATE_HZ, round(RATE_HZ / speed))
    if rng.random() < 0.5:
        level = float(np.abs(sound).max()) * 10 ** rng.uniform(-3.5, -1.7)
        sound = sound + rng.standard_normal(len(sound)) * level
    if rng.random() < 0.15:
        sound = soxr.resample(soxr.resample(sound, RATE_HZ, RATE_HZ // 2), RATE_HZ // 2, RATE_HZ)
    if rng.random() < 0.3:
        sound = np.concatenate([sound[:1], sound[1:] - rng.uniform(-0.5, 0.5) * sound[:-1]])
    return Example(np.asarray(sound, dtype=np.float32), example.times_s / speed, example.left, example.right)


def train_boundaries(
    sets: Sequence[tuple[Sequence[Example], float]],
    steps: int,
    seed: int = 0,
    on_step: Callable[[int, float], None] | None = None,
) -> Mapping[str, Array]:
    """Weights for `boundaries`. sets: examples and how often they are drawn.  on_step: number and smoothed loss."""
    import torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pools = [_Pool(examples) for examples, _ in sets]
    shares = np.array([share for _, share in sets], dtype=np.float64)
    network = _network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    smoothed = float("nan")
    for step in range(steps):
        counts = rng.multinomial(_BATCH, shares / shares.sum())
        batch = [pool.draw(int(count), rng) for pool, count in zip(pools, counts, strict=True) if count]
        around, left, right, offsets = (torch.from_numpy(np.concatenate(part)) for part in zip(*batch, strict=True))
        loss = _loss(network(around, left, right), offsets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        smoothed = loss.item() if step == 0 else 0.98 * smoothed + 0.02 * loss.item()
        if on_step:
            on_step(step + 1, smoothed)
    return _exported(network)


class _Pool:
    """Spectra of many examples in one array, and where in it the boundaries lie."""

    def __init__(self, examples: Sequence[Example]) -> None:
        spectra, times, begin = [], [], 0
        for example in examples:
            spectrum = np.pad(fine_spectrum(example.sound), ((_EDGE, _EDGE), (0, 0)), mode="edge")
            spectra.append(spectrum.astype(np.float16))
            times.append(begin + _EDGE + example.times_s * (RATE_HZ / HOP))
            begin += len(spectrum)
        self.spectra = np.concatenate(spectra)
        self.times = np.concatenate(times)
        self.left = np.concatenate([example.left for example in examples])
        self.right = np.concatenate([example.right for example in examples])

    def draw(self, count: int, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
        """(count, bands, frames), phones before and after, true place less the middle in frames."""
        chosen = rng.integers(0, len(self.times), count)
        times = self.times[chosen]
        middles = np.rint(times + rng.uniform(-_JITTER_FRAMES, _JITTER_FRAMES, count)).astype(np.int64)
        around = self.spectra[middles[:, None] + np.arange(-AROUND, AROUND + 1)].astype(np.float32)
        around += rng.normal(0, _LEVEL_SPREAD, (count, 1, 1)).astype(np.float32)
        offsets = (times - middles).astype(np.float32)
        return around.transpose(0, 2, 1).copy(), self.left[chosen], self.right[chosen], offsets


def _network() -> torch.nn.Module:
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = (nn.Embedding(len(PHONES), _PHONE_SIZE) for _ in range(2))
            sizes = (BANDS, *[_CHANNELS] * len(DILATIONS))
            self.layers = nn.ModuleList(
                nn.Conv1d(n_in, _CHANNELS, _TAPS, dilation=step)
                for n_in, step in zip(sizes[:-1], DILATIONS, strict=True)
            )
            self.pairs = nn.ModuleList(nn.Linear(2 * _PHONE_SIZE, 2 * _CHANNELS) for _ in DILATIONS)
            self.out = nn.Conv1d(_CHANNELS, 1, 1)

        def forward(self, around: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            pair = torch.cat([self.left(left), self.right(right)], dim=1)
            layer = around
            for convolution, linear in zip(self.layers, self.pairs, strict=True):
                scale, shift = linear(pair)[:, :, None].chunk(2, dim=1)
                layer = torch.relu(convolution(layer) * (1 + scale) + shift)
            logs = self.out(layer)[:, 0]
            edge = (logs.shape[1] - 2 * REACH - 1) // 2
            return torch.as_tensor(logs[:, edge : edge + 2 * REACH + 1])

    return Network()


def _loss(logs: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Cross entropy with a narrow bell round the true place."""
    import torch

    frames = torch.arange(-REACH, REACH + 1, dtype=torch.float32)
    wanted = torch.softmax(-((frames - offsets[:, None]) ** 2) / (2 * _BLUR_FRAMES**2), dim=1)
    return -(wanted * torch.log_softmax(logs, dim=1)).sum(dim=1).mean()


def _exported(network: torch.nn.Module) -> Mapping[str, Array]:
    """Arrays as `boundaries` multiplies them."""
    state = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    weights = {"left": state["left.weight"], "right": state["right.weight"], "out": state["out.weight"][:, :, 0].T}
    for number in range(len(DILATIONS)):
        weights[f"kernel{number}"] = state[f"layers.{number}.weight"].transpose(2, 1, 0)
        weights[f"bias{number}"] = state[f"layers.{number}.bias"]
        weights[f"pair{number}"] = state[f"pairs.{number}.weight"].T
        weights[f"pair_bias{number}"] = state[f"pairs.{number}.bias"]
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()}
