"""Sizes of both networks, for those that teach them and for those that speak with them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTOUR_SCALE", "FRAME_FACTS", "N_PROSODY", "SPEAKER_SIZE", "AcousticConfig", "VocoderConfig"]

SPEAKER_SIZE = 256
N_PROSODY = 3  # of each phone: log frames, log pitch, energy; scaled to about zero mean and unit spread
CONTOUR_SCALE = 8.0  # log pitch over the course of the phones' own, brought to about unit spread
FRAME_FACTS = 4


@dataclass(frozen=True, slots=True)
class AcousticConfig:
    """width: channels of all but the predictors. n_reading, n_sketching, n_painting: depth of each part.

    prosody_width: of the predictors. noise: channels of noise per phone and per frame.
    """

    width: int = 256
    n_reading: int = 6
    n_sketching: int = 4
    n_painting: int = 2
    prosody_width: int = 160
    noise: int = 16
    dropout: float = 0.1


@dataclass(frozen=True, slots=True)
class VocoderConfig:
    """width: channels of the trunk. n_blocks: its depth. kernel: frames that one block sees."""

    width: int = 256
    n_blocks: int = 8
    kernel: int = 7
