"""A Piper voice made in code: untrained, but with the graph, names and shapes of a published one."""

from __future__ import annotations

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE_HZ = 16_000
HOP = 256
SYMBOLS = "_^$ !',-.?abcdefhijklmnopstuvwzæðŋɑɐəɚɛɜɡɪɹɾʃʊʌʒʔˈˌːθɔᵻ"


def frames_of(number: int) -> int:
    """Frames that the network gives to one id at length_scale 1."""
    return number % 5 + 1


def network(telling: bool = False) -> bytes:
    """input (1,t) int64, input_lengths (1,), scales (3,) -> output (1,1,1,n); one Ceil, noise by RandomNormalLike.

    telling: no noise, but every sample is a hundredth of the id that is being said.
    """

    def constant(name: str, value: np.ndarray) -> onnx.TensorProto:
        return numpy_helper.from_array(value, name)

    node = helper.make_node
    nodes = [
        node("Mod", ["input", "five"], ["class"]),
        node("Cast", ["class"], ["class_float"], to=TensorProto.FLOAT),
        node("Add", ["class_float", "most"], ["raw"]),
        node("Gather", ["scales", "one"], ["length_scale"], axis=0),
        node("Gather", ["scales", "zero"], ["noise_scale"], axis=0),
        node("Mul", ["raw", "length_scale"], ["scaled"]),
        node("Unsqueeze", ["scaled", "axis0"], ["w"]),
        node("Ceil", ["w"], ["w_ceil"]),
        node("ReduceSum", ["w_ceil"], ["frames"], keepdims=0),
        node("Cast", ["frames"], ["frames_int"], to=TensorProto.INT64),
        *(_telling_nodes() if telling else _noise_nodes()),
        node("Reshape", ["sound", "wave_shape"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "voice",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "t"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "n"])],
        [
            constant("five", np.array(5, np.int64)),
            constant("most", np.array(0.5, np.float32)),
            constant("one", np.array(1, np.int64)),
            constant("zero", np.array(0, np.int64)),
            constant("axis0", np.array([0], np.int64)),
            constant("hop", np.array(HOP, np.int64)),
            constant("flat", np.array([1], np.int64)),
            constant("level", np.array(0.1, np.float32)),
            constant("wave_shape", np.array([1, 1, 1, -1], np.int64)),
            constant("nought", np.array(0, np.int64)),
            constant("unit", np.array(1, np.int64)),
            constant("column", np.array([-1, 1], np.int64)),
            constant("row", np.array([1, -1], np.int64)),
            constant("hundredth", np.array(0.01, np.float32)),
            constant("flat_shape", np.array([-1], np.int64)),
            constant("frame", np.array([1, HOP], np.int64)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _noise_nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Mul", ["frames_int", "hop"], ["n"]),
        node("Reshape", ["n", "flat"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["silence"]),
        node("RandomNormalLike", ["silence"], ["noise"]),
        node("Mul", ["noise", "noise_scale"], ["scaled_noise"]),
        node("Mul", ["scaled_noise", "level"], ["sound"]),
    ]


def _telling_nodes() -> list[onnx.NodeProto]:
    """Which id each frame belongs to, as VITS spreads its prior over time."""
    node = helper.make_node
    return [
        node("Range", ["nought", "frames_int", "unit"], ["frame_numbers"]),
        node("Reshape", ["frame_numbers", "column"], ["frame_column"]),
        node("Reshape", ["w_ceil", "row"], ["lengths"]),
        node("Cast", ["lengths"], ["whole_lengths"], to=TensorProto.INT64),
        node("CumSum", ["whole_lengths", "unit"], ["ends"]),
        node("GreaterOrEqual", ["frame_column", "ends"], ["over"]),
        node("Cast", ["over"], ["over_count"], to=TensorProto.INT64),
        node("ReduceSum", ["over_count", "flat"], ["owner"], keepdims=1),
        node("Reshape", ["input", "flat_shape"], ["ids"]),
        node("Gather", ["ids", "owner"], ["said"]),
        node("Cast", ["said"], ["said_float"], to=TensorProto.FLOAT),
        node("Mul", ["said_float", "hundredth"], ["levels"]),
        node("Tile", ["levels", "frame"], ["sound"]),
    ]


def description(**changes: object) -> bytes:
    settings: dict[str, object] = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "num_speakers": 1,
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(SYMBOLS)},
    }
    return json.dumps({**settings, **changes}).encode()
