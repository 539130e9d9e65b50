"""The network of a Piper voice, made ready to keep time.

Piper (VITS, Kim et al. 2021) rounds the predicted length of every phoneme id up to whole frames. What is rounded is
multiplied by a new input of the graph, so that sounds can be made longer or shorter; another new input overrules the
rounded number where it is not negative, so that sounds can be given their lengths; and the number that counts becomes
an output, so that all times are known to the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from av_models.domain.errors import ModelError

__all__ = ["FREE", "REMEDY", "free_frames", "infer", "open_session", "paced_graph"]

REMEDY = "Give the .onnx and .onnx.json of one Piper voice, as they were published."
FREE = -1.0
"""Instead of a number of frames: as many as the network itself gives."""

_DURATIONS, _SLOWNESS, _IMPOSED = "phoneme_frames", "phoneme_slowness", "phoneme_imposed"
_SLOWED, _OWN, _IS_FREE, _NOUGHT = "slowed_length", "own_frames", "is_free", "no_frames"


@lru_cache(maxsize=2)
def paced_graph(network: bytes, seed: int) -> bytes:
    """The graph with slowness and imposed frames of each id as inputs, its frames per id as an output, and its noise
    seeded."""
    import onnx

    try:
        model = onnx.load_from_string(network)
    except Exception as error:  # protobuf raises several kinds of its own
        raise ModelError("The Piper voice's .onnx is damaged.", REMEDY) from error
    rounding = [index for index, node in enumerate(model.graph.node) if node.op_type == "Ceil"]
    if len(rounding) != 1:
        raise ModelError(f"The network rounds durations {len(rounding)} times, a Piper voice does once.", REMEDY)
    _with_handles(model.graph, rounding[0])
    for number, node in enumerate(model.graph.node):
        if node.op_type in {"RandomNormalLike", "RandomNormal"}:
            kept = [attribute for attribute in node.attribute if attribute.name != "seed"]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("seed", float((seed * 7919 + number) % 2**23))])
    return bytes(model.SerializeToString())


def _with_handles(graph: Any, rounding: int) -> None:
    """rounding: index of the node that rounds lengths up."""
    from onnx import TensorProto, helper

    ceil = graph.node[rounding]
    rounded = ceil.output[0]
    slowed = helper.make_node("Mul", [ceil.input[0], _SLOWNESS], [_SLOWED])
    ceil.input[0], ceil.output[0] = _SLOWED, _OWN
    chosen = [
        helper.make_node("Less", [_IMPOSED, _NOUGHT], [_IS_FREE]),
        helper.make_node("Where", [_IS_FREE, _OWN, _IMPOSED], [rounded]),
        helper.make_node("Identity", [rounded], [_DURATIONS]),
    ]
    for node in reversed(chosen):  # nodes stand in the order in which they are computed
        graph.node.insert(rounding + 1, node)
    graph.node.insert(rounding, slowed)
    graph.initializer.append(helper.make_tensor(_NOUGHT, TensorProto.FLOAT, [], [0.0]))
    for name in (_SLOWNESS, _IMPOSED):
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["phonemes"]))
    graph.output.append(helper.make_tensor_value_info(_DURATIONS, TensorProto.FLOAT, None))


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
    session: Any,
    ids: Sequence[int],
    slowness: np.ndarray,
    scales: np.ndarray,
    speaker: int | None,
    frames: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Samples float32 (n,), and for every id the sample (t,) at which it ends. slowness: float32 (t,), 1 is usual.

    frames: (t,) imposed, FREE where the network decides; None for all of them.
    """
    output = session.get_outputs()[0].name
    sound, lasted = session.run([output, _DURATIONS], _feeds(ids, slowness, scales, speaker, frames))
    samples, ends = np.asarray(sound, dtype=np.float32).reshape(-1), np.cumsum(np.asarray(lasted).reshape(-1))
    if ends.size != len(ids) or ends[-1] <= 0 or samples.size % int(ends[-1]):
        raise ModelError("The network's durations do not add up to its sound.", REMEDY)
    return np.clip(samples, -1, 1), (ends * (samples.size // int(ends[-1]))).astype(np.int64)


def free_frames(session: Any, ids: Sequence[int], scales: np.ndarray, speaker: int | None) -> np.ndarray:
    """float32 (t,): how many frames the network gives each id of its own accord. No sound is made for it."""
    (frames,) = session.run([_DURATIONS], _feeds(ids, np.ones(len(ids), np.float32), scales, speaker, None))
    return np.asarray(frames, dtype=np.float32).reshape(-1)


def _feeds(
    ids: Sequence[int], slowness: np.ndarray, scales: np.ndarray, speaker: int | None, frames: np.ndarray | None
) -> dict[str, np.ndarray]:
    imposed = np.full(len(ids), FREE) if frames is None else frames
    feeds = {
        "input": np.array([ids], dtype=np.int64),
        "input_lengths": np.array([len(ids)], dtype=np.int64),
        "scales": scales,
        _SLOWNESS: slowness,
        _IMPOSED: imposed.astype(np.float32),
    }
    if speaker is not None:
        feeds["sid"] = np.array([speaker], dtype=np.int64)
    return feeds
