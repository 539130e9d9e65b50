"""A trained swap model as one blob: float16 safetensors with everything that rendering needs in its header."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from ..domain.errors import ModelError
from .color import ColorTransfer
from .network import NetworkConfig, SwapNetwork

FORMAT = "understudy-swap/1"


@dataclass(frozen=True, slots=True)
class Finish:
    """How a painted face is laid into the plate, measured once after training.

    color: into the plate's light.  sharpen: strength of the unsharp mask that gives back the source's own detail, 0
    none.  grain: standard deviation of the plate's noise that the painted face lacks.  place: similarity (2x3, row by
    row) from the source's crop to the actor's, in units of the crop's side.
    """

    color: ColorTransfer
    sharpen: float
    grain: float
    place: tuple[float, ...]

    @property
    def place_matrix(self) -> NDArray[np.float64]:
        return np.array(self.place, np.float64).reshape(2, 3)


def save_weights(network: SwapNetwork, finish: Finish) -> bytes:
    """The network and its finish. The actor's decoder and basis stay behind: rendering does not need that person's
    face."""
    header = {"format": FORMAT, "config": json.dumps(network.config.as_dict()), "finish": json.dumps(asdict(finish))}
    state = {
        name: value.detach().cpu().half().contiguous()
        for name, value in network.state_dict().items()
        if ".actor." not in name
    }
    return save(state, metadata=header)


def load_weights(data: bytes) -> tuple[SwapNetwork, Finish]:
    """A network with the source's decoder only. Raises ModelError for a damaged file or an unknown format."""
    try:
        header = _header(data)
        state = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(
            f"The swap model cannot be read ({error}).", "Train it again, or fetch the file again."
        ) from None
    if header.get("format") != FORMAT:
        raise ModelError(
            f"The swap model has format {header.get('format')!r}; this version reads {FORMAT!r}.", "Train it again."
        )
    config = NetworkConfig.from_dict(json.loads(header["config"]))
    network = SwapNetwork(config, ("source",))
    network.load_state_dict({name: value.float() for name, value in state.items()})
    finish = json.loads(header["finish"])
    color = ColorTransfer(**{key: tuple(value) for key, value in finish["color"].items()})
    return network, Finish(color, float(finish["sharpen"]), float(finish["grain"]), tuple(finish["place"]))


def _header(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    return dict(json.loads(data[8 : 8 + length])["__metadata__"])


__all__ = ["FORMAT", "Finish", "load_weights", "save_weights"]
