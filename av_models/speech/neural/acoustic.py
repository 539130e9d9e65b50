"""From phones to mel frames, with every duration, pitch and energy in the open: predicted, scaled or imposed.

Convolutions only, so a long text is read as well as a short one. Each prediction also reads noise and is trained to
give the right spread and not the mean of all ways to say it (see `scores`); that is what keeps the frames sharp.
A speaker vector shifts and scales what each block passes on; zeros are the voice it was trained on alone.
(Explicit durations, pitch and energy: Ren et al. 2021, FastSpeech 2.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from .blocks import ConvBlock
from .mels import N_MELS
from .shapes import CONTOUR_SCALE, FRAME_FACTS, N_PROSODY, SPEAKER_SIZE, AcousticConfig
from .symbols import ENDINGS, N_FACTS, N_PLACES, N_STRESSES, PHONES, Symbols

__all__ = [
    "CONTOUR_SCALE", "N_PROSODY", "SPEAKER_SIZE", "AcousticConfig", "AcousticModel", "spread_over_frames",
    "symbol_batch",
]  # fmt: skip

_SPEAKER_WIDTH = 64


class _Stack(nn.Module):
    """Blocks of one width with the same condition, then a linear layer on the normalised channels."""

    def __init__(self, n_in: int, width: int, depth: int, kernel: int, n_out: int, condition: int, dropout: float = 0):
        super().__init__()
        self.enter = nn.Conv1d(n_in, width, 3, padding=1)
        self.blocks = nn.ModuleList(ConvBlock(width, kernel, condition) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, n_out)

    def forward(self, x: Tensor, condition: Tensor, mask: Tensor) -> Tensor:
        """(B, n_in, T) to (B, n_out, T). mask: (B, 1, T), 0 past the end of each row."""
        x = self.enter(x * mask)
        for block in self.blocks:
            x = self.dropout(block(x * mask, condition))
        return torch.as_tensor(self.leave(self.norm(x.transpose(1, 2))).transpose(1, 2))


class AcousticModel(nn.Module):
    prosody_mean: Tensor
    prosody_spread: Tensor
    mel_mean: Tensor
    mel_spread: Tensor

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        width, narrow, condition = config.width, config.prosody_width, _SPEAKER_WIDTH
        self.phone = nn.Embedding(len(PHONES), width)
        self.stress = nn.Embedding(N_STRESSES, width)
        self.place = nn.Embedding(N_PLACES, width)
        self.ending = nn.Embedding(len(ENDINGS), width)
        self.facts = nn.Linear(N_FACTS, width)
        for table in (self.phone, self.stress, self.place, self.ending):
            nn.init.normal_(table.weight, std=0.5)
        # Without bias: the zero vector is exactly the unconditioned voice, whatever others are learnt beside it.
        self.speaker = nn.Linear(SPEAKER_SIZE, condition, bias=False)
        self.reader = _Stack(width, width, config.n_reading, 5, width, condition, config.dropout)
        self.prosody = _Stack(width + config.noise, narrow, 3, 5, N_PROSODY, condition, config.dropout)
        self.contour = _Stack(narrow + config.noise + FRAME_FACTS + 2, narrow, 3, 9, 2, condition)
        self.to_contour = nn.Linear(width, narrow)
        self.sketcher = _Stack(width + FRAME_FACTS + 3, width, config.n_sketching, 9, width, condition)
        self.painter = _Stack(width + config.noise, width, config.n_painting, 9, N_MELS, condition)
        # Mean and spread over the training clips: of each number of the prosody, and of each mel band.
        self.register_buffer("prosody_mean", torch.zeros(N_PROSODY))
        self.register_buffer("prosody_spread", torch.ones(N_PROSODY))
        self.register_buffer("mel_mean", torch.full((N_MELS,), -5.0))
        self.register_buffer("mel_spread", torch.full((N_MELS,), 2.0))

    def read(self, symbols: dict[str, Tensor], speaker: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """What is said, (B, width, P), and the condition (B, c, 1) of a speaker vector (B, SPEAKER_SIZE).

        symbols: the fields of `Symbols` as (B, P) and (B, P, N_FACTS). mask: (B, 1, P).
        """
        condition = torch.tanh(self.speaker(speaker))[:, :, None]
        x = self.phone(symbols["phones"]) + self.stress(symbols["stresses"]) + self.place(symbols["places"])
        x = x + self.ending(symbols["endings"]) + self.facts(symbols["facts"])
        return self.reader(x.transpose(1, 2), condition, mask), condition

    def predict_prosody(self, said: Tensor, condition: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """(B, N_PROSODY, P) scaled log frames, log pitch and energy of each phone; noise (B, config.noise, P)."""
        return torch.as_tensor(self.prosody(torch.cat([said, noise], dim=1), condition, mask))

    def predict_contour(self, said: Tensor, condition: Tensor, frames: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """(B, 2, T) log pitch over the phones' course, scaled, and the logit of being voiced, frame by frame.

        said: spread over T frames.  frames: (B, FRAME_FACTS + 2, T), see `spread_over_frames`, with the course of the
        phones' pitch and energy.
        """
        narrow = self.to_contour(said.transpose(1, 2)).transpose(1, 2)
        return torch.as_tensor(self.contour(torch.cat([narrow, noise, frames], dim=1), condition, mask))

    def sketch(self, said: Tensor, condition: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, width, T): all of the mel frames that is not chance.

        frames: (B, FRAME_FACTS + 3, T): the facts of each frame, then scaled pitch, voiced (0 or 1) and energy.
        """
        return torch.as_tensor(self.sketcher(torch.cat([said, frames], dim=1), condition, mask))

    def paint(self, sketch: Tensor, condition: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """Natural-log mel frames (B, N_MELS, T); noise (B, config.noise, T)."""
        mel = self.painter(torch.cat([sketch, noise], dim=1), condition, mask)
        return torch.as_tensor(mel * self.mel_spread[:, None] + self.mel_mean[:, None])


def spread_over_frames(frames: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For one sentence with `frames` (P,) hops per phone and phone values (V, P): the phone of each frame (T,), four
    facts of each frame (4, T) and the values' course (V, T).

    The facts: how far the phone has come, 0..1; hops since its start and to its end, up to 1 at 16; its log length.
    The course runs in straight lines through the middle of each phone.
    """
    n_frames = int(frames.sum())
    owner = torch.repeat_interleave(torch.arange(frames.numel()), frames)
    ends = torch.cumsum(frames, 0)
    since = torch.arange(n_frames) - (ends - frames)[owner]
    length = frames[owner].float()
    share = (since + 0.5) / length
    facts = torch.stack([share, (since / 16).clamp(max=1), ((length - 1 - since) / 16).clamp(max=1), length.log() / 3])
    middles = (ends - frames / 2)[frames > 0]
    known = values[:, frames > 0]
    at = torch.arange(n_frames) + 0.5
    after = torch.searchsorted(middles, at).clamp(1, max(1, middles.numel() - 1))
    if middles.numel() < 2:
        return owner, facts, known[:, :1].expand(-1, n_frames)
    left, right = middles[after - 1], middles[after]
    weight = ((at - left) / (right - left)).clamp(0, 1)
    return owner, facts, known[:, after - 1] * (1 - weight) + known[:, after] * weight


def symbol_batch(batch: Sequence[Symbols], device: torch.device) -> tuple[dict[str, Tensor], Tensor]:
    """The symbols of several sentences as padded (B, P) tensors by name, and the mask (B, 1, P) of those that count."""
    names = [field.name for field in fields(Symbols)]
    rows = {name: [torch.from_numpy(getattr(symbols, name)) for symbols in batch] for name in names}
    padded = {name: pad_sequence(values, batch_first=True).to(device) for name, values in rows.items()}
    mask = pad_sequence([torch.ones(len(symbols)) for symbols in batch], batch_first=True)
    return padded, mask[:, None].to(device)
