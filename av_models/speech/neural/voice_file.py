"""A voice as one blob: float16 safetensors with both networks' shapes and the voice's card in its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from av_models.domain.errors import ModelError

from .acoustic import SPEAKER_SIZE, AcousticConfig, AcousticModel
from .vocoder import Vocoder, VocoderConfig
from .voice import NeuralVoice

__all__ = ["FORMAT", "load_voice", "save_voice", "voice_card"]

FORMAT = "understudy-voice/1"
_REMEDY = "Fetch the file again, restore it from the repository, or train the voice again."


def save_voice(
    acoustic: AcousticModel, vocoder: Vocoder, card: Mapping[str, Any], speaker: np.ndarray | None = None
) -> bytes:
    """speaker: float32 (SPEAKER_SIZE,); None for a voice trained alone. card: anything JSON can hold."""
    header = {
        "format": FORMAT,
        "acoustic": json.dumps(asdict(acoustic.config)),
        "vocoder": json.dumps(asdict(vocoder.config)),
        "card": json.dumps(dict(card)),
    }
    vector = torch.zeros(SPEAKER_SIZE) if speaker is None else torch.from_numpy(speaker)
    state = {"speaker": vector.half().contiguous()}
    for name, network in (("acoustic", acoustic), ("vocoder", vocoder)):
        for key, value in network.state_dict().items():
            state[f"{name}.{key}"] = value.detach().cpu().half().contiguous()
    return save(state, metadata=header)


def voice_card(data: bytes) -> dict[str, Any]:
    """The card alone, without loading the networks. ModelError for a damaged file."""
    return dict(json.loads(_header(data)["card"]))


@lru_cache(maxsize=4)
def load_voice(data: bytes) -> NeuralVoice:
    """The voice, ready to speak. ModelError for a damaged file or an unknown format."""
    header = _header(data)
    try:
        state = {name: value.float() for name, value in load(data).items()}
        acoustic = AcousticModel(AcousticConfig(**json.loads(header["acoustic"])))
        vocoder = Vocoder(VocoderConfig(**json.loads(header["vocoder"])))
        speaker = state.pop("speaker").numpy()
        for name, network in (("acoustic", acoustic), ("vocoder", vocoder)):
            own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
            network.load_state_dict(own)
            network.eval().requires_grad_(False)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"The voice's file is damaged ({error}).", _REMEDY) from None
    return NeuralVoice(acoustic, vocoder, speaker, voice_card(data))


def _header(data: bytes) -> dict[str, str]:
    try:
        length = int.from_bytes(data[:8], "little")
        header = dict(json.loads(data[8 : 8 + length])["__metadata__"])
    except (ValueError, KeyError, TypeError, MemoryError) as error:
        raise ModelError(f"This is no voice, or its file is damaged ({error}).", _REMEDY) from None
    if header.get("format") != FORMAT:
        found = header.get("format")
        raise ModelError(f"The voice has format {found!r}; this version reads {FORMAT!r}.", _REMEDY)
    return header
