"""The network of a Piper voice, made ready to keep time.

Piper (VITS, Kim et al. 2021) rounds the predicted length of every phoneme id up to whole frames. What is rounded is
multiplied by a new input of the graph, so that sounds can be made longer or shorter, and the rounded number becomes an
output, so that all times are known to the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from av_models.domain.errors import ModelError

__all__ = ["REMEDY", "infer", "open_session", "paced_graph"]

REMEDY = "Give the .onnx and .onnx.json of one Piper voice, as they were published."
_DURATIONS, _SLOWNESS, _SLOWED = "phoneme_frames", "phoneme_slowness", "slowed_length"


@lru_cache(maxsize=2)
def paced_graph(network: bytes, seed: int) -> bytes:
    """The graph with the slowness of each id as an input, its frames per id as an output, and its noise seeded."""
    import onnx

    try:
        model = onnx.load_from_string(network)
    except Exception as error:  # protobuf raises several kinds of its own
        raise ModelError("The Piper voice's .onnx is damaged.", REMEDY) from error
    rounding = [index for index, node in enumerate(model.graph.node) if node.op_type == "Ceil"]
    if len(rounding) != 1:
        raise ModelError(f"The network rounds durations {len(rounding)} times, a Piper voice does once.", REMEDY)
    ceil = model.graph.node[rounding[0]]
    slowed = onnx.helper.make_node("Mul", [ceil.input[0], _SLOWNESS], [_SLOWED])
    ceil.input[0] = _SLOWED
    model.graph.node.append(onnx.helper.make_node("Identity", [ceil.output[0]], [_DURATIONS]))
    model.graph.node.insert(rounding[0], slowed)  # nodes stand in the order in which they are computed
    model.graph.input.append(onnx.helper.make_tensor_value_info(_SLOWNESS, onnx.TensorProto.FLOAT, ["phonemes"]))
    model.graph.output.append(onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None))
    for number, node in enumerate(model.graph.node):
        if node.op_type in {"RandomNormalLike", "RandomNormal"}:
            kept = [attribute for attribute in node.attribute if attribute.name != "seed"]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("seed", float((seed * 7919 + number) % 2**23))])
    return bytes(model.SerializeToString())


def open_session(graph: bytes) -> Any:
    """onnxruntime on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no public base class for these
        raise ModelError(f"The Piper voice cannot be run: {error}.", REMEDY) from error


def infer(
    session: Any, ids: Sequence[int], slowness: np.ndarray, scales: np.ndarray, speaker: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Samples float32 (n,), and for every id the sample (t,) at which it ends. slowness: float32 (t,), 1 is usual."""
    feeds = {
        "input": np.array([ids], dtype=np.int64),
        "input_lengths": np.array([len(ids)], dtype=np.int64),
        "scales": scales,
        _SLOWNESS: slowness,
    }
    if speaker is not None:
        feeds["sid"] = np.array([speaker], dtype=np.int64)
    output = session.get_outputs()[0].name
    sound, frames = session.run([output, _DURATIONS], feeds)
    samples, ends = np.asarray(sound, dtype=np.float32).reshape(-1), np.cumsum(np.asarray(frames).reshape(-1))
    if ends.size != len(ids) or ends[-1] <= 0 or samples.size % int(ends[-1]):
        raise ModelError("The network's durations do not add up to its sound.", REMEDY)
    return np.clip(samples, -1, 1), (ends * (samples.size // int(ends[-1]))).astype(np.int64)
