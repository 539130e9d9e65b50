"""A voice as one blob: float16 safetensors with both networks' shapes and the voice's card in its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from av_models.domain.errors import ModelError

from .acoustic_inference import AcousticInference
from .layers import State, part_of
from .mels import N_MELS
from .shapes import SPEAKER_SIZE, AcousticConfig, VocoderConfig
from .throat import THROAT_SIZE
from .vocoder_inference import VocoderInference
from .voice import Manner, NeuralVoice

if TYPE_CHECKING:
    from .acoustic import AcousticModel
    from .vocoder import Vocoder

__all__ = ["FORMAT", "load_networks", "load_voice", "save_voice", "voice_card", "with_speaker"]

FORMAT = "understudy-voice/1"
_MANNERS = ("pitch_semitones", "pitch_range", "middle_semitones")
_REMEDY = "Fetch the file again, restore it from the repository, or train the voice again."


def save_voice(
    acoustic: AcousticModel,
    vocoder: Vocoder,
    card: Mapping[str, Any],
    speaker: np.ndarray | None = None,
    manner: Manner | None = None,
    origin: np.ndarray | None = None,
    throats: np.ndarray | None = None,
) -> bytes:
    """speaker: float32 (SPEAKER_SIZE,); None for a voice trained alone. card: anything JSON can hold.

    manner, origin, throats: as in `NeuralVoice`; what is neutral takes no room, so that older versions read the file.
    """
    header = {
        "format": FORMAT,
        "acoustic": json.dumps(asdict(acoustic.config)),
        "vocoder": json.dumps(asdict(vocoder.config)),
        "card": json.dumps(dict(card)),
    }
    state = _identity(speaker, manner, origin, throats)
    for name, network in (("acoustic", acoustic), ("vocoder", vocoder)):
        for key, value in network.state_dict().items():
            state[f"{name}.{key}"] = _half(value.detach().cpu().numpy())
    return save(state, metadata=header)


def with_speaker(
    data: bytes,
    card: Mapping[str, Any],
    speaker: np.ndarray,
    manner: Manner | None,
    origin: np.ndarray | None = None,
    throats: np.ndarray | None = None,
) -> bytes:
    """The networks of the file `data` under another identity and another card. Errors: as `load_voice`."""
    networks = {name: value for name, value in _state(data).items() if name.startswith(("acoustic.", "vocoder."))}
    header = _header(data) | {"card": json.dumps(dict(card))}
    return save(networks | _identity(speaker, manner, origin, throats), metadata=header)


def voice_card(data: bytes) -> dict[str, Any]:
    """The card alone, without loading the networks. ModelError for a damaged file."""
    return dict(json.loads(_header(data)["card"]))


@lru_cache(maxsize=4)
def load_voice(data: bytes) -> NeuralVoice:
    """The voice, ready to speak. ModelError for a damaged file or an unknown format."""
    header, state = _header(data), {name: value.astype(np.float32) for name, value in _state(data).items()}
    try:
        config = AcousticConfig(**json.loads(header["acoustic"]))
        acoustic = AcousticInference.of(part_of(state, "acoustic"), config.noise)
        vocoder = VocoderInference.of(part_of(state, "vocoder"))
        speaker, origin = _vector(state, "speaker"), _vector(state, "origin")
        return NeuralVoice(
            acoustic, vocoder, speaker, json.loads(header["card"]), _manner(state), origin, _throats(state)
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(f"The voice's file is damaged ({error}).", _REMEDY) from None


def load_networks(data: bytes) -> tuple[AcousticModel, Vocoder]:
    """Both networks, to be taught further. Errors: as `load_voice`."""
    import torch

    from .acoustic import AcousticModel
    from .vocoder import Vocoder

    header, state = _header(data), _state(data)
    try:
        acoustic = AcousticModel(AcousticConfig(**json.loads(header["acoustic"])))
        vocoder = Vocoder(VocoderConfig(**json.loads(header["vocoder"])))
        for name, network in (("acoustic", acoustic), ("vocoder", vocoder)):
            own = {key: torch.from_numpy(value).float() for key, value in part_of(state, name).items()}
            network.load_state_dict(own)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"The voice's file is damaged ({error}).", _REMEDY) from None
    return acoustic, vocoder


def _state(data: bytes) -> dict[str, np.ndarray]:
    _header(data)
    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The voice's file is damaged ({error}).", _REMEDY) from None


def _identity(
    speaker: np.ndarray | None, manner: Manner | None, origin: np.ndarray | None, throats: np.ndarray | None
) -> dict[str, np.ndarray]:
    """What makes the networks one voice; what is neutral is left out, so that older versions read it."""
    state = {"speaker": _half(np.zeros(SPEAKER_SIZE) if speaker is None else speaker)}
    if manner is not None:
        state["manner"] = np.array([getattr(manner, name) for name in _MANNERS], np.float32)
        parts = {"throat": manner.throat, "tone": manner.tone}
        state |= {name: np.asarray(part, np.float32) for name, part in parts.items() if part is not None}
    if origin is not None and origin.any():
        state["origin"] = np.asarray(origin, np.float32)
    if throats is not None:
        state["throats"] = np.asarray(throats, np.float32)
    return state


def _manner(state: State) -> Manner:
    if "manner" not in state:
        return Manner()
    numbers = zip(_MANNERS, map(float, state["manner"]), strict=True)
    throat, tone = state.get("throat"), state.get("tone")
    for name, part, size in (("throat", throat, THROAT_SIZE), ("tone", tone, N_MELS)):
        if part is not None and part.shape != (size,):
            raise ValueError(f"{name} of shape {part.shape}")
    return Manner(**dict(numbers), throat=throat, tone=tone)


def _throats(state: State) -> np.ndarray | None:
    throats = state.get("throats")
    if throats is not None and throats.shape != (SPEAKER_SIZE, THROAT_SIZE):
        raise ValueError(f"throats of shape {throats.shape}")
    return throats


def _vector(state: State, name: str) -> np.ndarray:
    vector = state.get(name, np.zeros(SPEAKER_SIZE, np.float32))
    if vector.shape != (SPEAKER_SIZE,):
        raise ValueError(f"{name} of shape {vector.shape}")
    return vector


def _half(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float16)


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
