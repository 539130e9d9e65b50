"""A speaker encoder that knows two made voices apart, so that refusals are tested where the real one is not installed.

It stands in for the network alone: windows, silence and averages are those of `av_models.speech.speaker`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from corpus_made import RATE_HZ, SENTENCES, Samples, said

from av_models.speech import speaker

ADA = {"variant": "edward2", "pitch": 52}
BEA = {"variant": "f2", "pitch": 85}


def install(patch: pytest.MonkeyPatch) -> None:
    """Use the made encoder until `patch` is undone."""
    patch.setattr(speaker, "_weights_path", lambda: Path("made for a test"))
    patch.setattr(speaker, "_network", _network)


def speech(n_sentences: int, voice: dict[str, object], first: int = 0) -> Samples:
    """So many sentences of one of the two, with short pauses."""
    pause = np.zeros(RATE_HZ // 3, np.float32)
    parts = [part for text in SENTENCES[first : first + n_sentences] for part in (said(text, **voice), pause)]
    sound = np.concatenate(parts[:-1])
    return np.asarray(sound + np.random.default_rng(2).normal(0, 3e-4, len(sound)), np.float32)


def _network(windows: torch.Tensor) -> torch.Tensor:
    """(batch, 160, 40) mel powers to (batch, 256): one of two directions, by which voice the spectrum is nearer to."""
    axis, middle, half = _axis()
    side = (_spectra(windows) @ axis - middle) / half
    found = torch.zeros(len(windows), speaker.DIMENSIONS)
    found[:, 0], found[:, 1] = torch.relu(side) + 0.05, torch.relu(-side) + 0.05
    return found / found.norm(dim=1, keepdim=True)


def _spectra(windows: torch.Tensor) -> torch.Tensor:
    mean = torch.log(windows + 1e-8).mean(dim=1)
    return mean - mean.mean(dim=1, keepdim=True)


@lru_cache(maxsize=1)
def _axis() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ada, bea = (_spectra(_windows(voice)).mean(dim=0) for voice in (ADA, BEA))
    axis = (ada - bea) / (ada - bea).norm()
    return axis, (ada + bea) @ axis / 2, (ada - bea) @ axis / 2


def _windows(voice: dict[str, object]) -> torch.Tensor:
    mels = speaker._mels(speaker._speech_only(speech(3, voice, first=6), RATE_HZ))
    n = len(mels) // 160
    return torch.from_numpy(mels[: n * 160].reshape(n, 160, 40))
