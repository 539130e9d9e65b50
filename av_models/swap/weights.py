"""A trained swap model as one blob: float16 safetensors with everything that rendering needs in its header."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from ..domain.errors import ModelError
from .liae import build_network
from .network import NetworkConfig, SwapNetwork

FORMAT = "understudy-swap/13"
_MOUTHS = "source.mouths"


@dataclass(frozen=True, slots=True)
class Finish:
    """What laying in needs to know of the model alone; what depends on the footage is measured there (`plate.py`).

    sharpen: strength of the unsharp mask that gives back the source's own detail, 0 none.  template: the source's mean
    shape, 68 x 2, in units of the crop's side.  mean_code: of the source's faces.  code_spread: standard deviation of
    each number of the code round its person's own mean, in training.  lids: the source's readings, open and shut.
    """

    sharpen: float
    template: tuple[float, ...]
    mean_code: tuple[float, ...]
    code_spread: tuple[float, ...]
    lids: tuple[float, float] = (0.0, 0.0)

    @property
    def shape(self) -> NDArray[np.float64]:
        """The template as (68,2)."""
        return np.array(self.template, np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom the model shows and what it was trained on, so that the file can be used without the training.

    facts: texts and numbers for JSON.  mouths (M,8): raw mouth codes of the source, which tell how far it opens.
    """

    facts: dict[str, Any]
    mouths: NDArray[np.float32]


def save_weights(network: SwapNetwork, finish: Finish, origin: Origin | None = None) -> bytes:
    """The network and its finish. The actor's decoder and basis stay behind: rendering does not need that person's
    face."""
    header = {"format": FORMAT, "config": json.dumps(network.config.as_dict()), "finish": json.dumps(asdict(finish))}
    state = {
        name: value.detach().cpu().half().contiguous()
        for name, value in network.state_dict().items()
        if ".actor." not in name
    }
    if origin is not None:
        header["origin"] = json.dumps(origin.facts)
        state[_MOUTHS] = torch.from_numpy(np.ascontiguousarray(origin.mouths, np.float32))
    return _in_order(save(state, metadata=header))


def load_weights(data: bytes) -> tuple[SwapNetwork, Finish]:
    """A network with the source's decoder only. Raises ModelError for a damaged file or an unknown format."""
    header, state = _opened(data)
    state.pop(_MOUTHS, None)
    try:
        network = build_network(NetworkConfig.from_dict(json.loads(header["config"])), ("source",))
        network.load_state_dict({name: value.float() for name, value in state.items()})
        finish = json.loads(header["finish"])
        shape, mean, spread = (tuple(finish[name]) for name in ("template", "mean_code", "code_spread"))
        opened, shut = (float(level) for level in finish["lids"])
        return network, Finish(float(finish["sharpen"]), shape, mean, spread, (opened, shut))
    except (RuntimeError, TypeError, ValueError, KeyError) as error:
        problem = str(error).splitlines()[-1].strip()[:160]
        raise ModelError(
            f"The parts of the swap model do not fit what it says about itself ({problem}).",
            "Train it again, or fetch the file again.",
        ) from None


def load_origin(data: bytes) -> Origin:
    """Raises ModelError as `load_weights` does, and for weights that were saved without it."""
    header, state = _opened(data)
    if "origin" not in header or _MOUTHS not in state:
        raise ModelError("The swap model does not say whom it shows.", "Train it again: flow run train-face.")
    return Origin(dict(json.loads(header["origin"])), state[_MOUTHS].float().numpy())


def _opened(data: bytes) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        header = _header(data)
        state = dict(load(data))
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(
            f"The swap model cannot be read ({error}).", "Train it again, or fetch the file again."
        ) from None
    if header.get("format") != FORMAT:
        raise ModelError(
            f"The swap model has format {header.get('format')!r}; this version reads {FORMAT!r}.", "Train it again."
        )
    return header, state


def _in_order(data: bytes) -> bytes:
    """The same file for the same weights: the library writes what a header says in an order of its own every time."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _header(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    return dict(json.loads(data[8 : 8 + length])["__metadata__"])


__all__ = ["FORMAT", "Finish", "Origin", "load_origin", "load_weights", "save_weights"]
