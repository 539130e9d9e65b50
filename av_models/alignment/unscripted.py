"""Phones of a sound whose words are not known: pocketsphinx walks from phone to phone with a bigram model of English.

About every second phone is heard wrong, but mostly as one that looks alike on the lips; that, and when it begins, is
what a measurement of lips needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from av_models.domain.speech import SILENCE, Phone

__all__ = ["hear_phones"]

_PIECE_S, _SEARCHED_S = 30.0, 8.0
_QUIET_S = 0.02
_PADDING_FRAMES = 20
_NOT_SPEECH = ("SIL", "+SPN+", "+NSN+")
_RATE_HZ, _FRAME = 16_000, Fraction(1, 100)
# As in `sphinx`: a frame's window reaches past its nominal 10 ms, so boundaries come out early.
_LAG = Fraction(8, 1000)


def hear_phones(samples: np.ndarray, rate_hz: int) -> tuple[Phone, ...]:
    """ARPAbet phones without stress, and silence, over mono float samples (n,); cut into pieces of half a minute."""
    decoder = _decoder()
    phones: list[Phone] = []
    for start, end in _pieces(samples, rate_hz):
        zero = Fraction(start, rate_hz)
        phones += _heard(decoder, samples[start:end], rate_hz, zero, Fraction(end, rate_hz))
    return tuple(phones)


def _decoder() -> Any:
    import pocketsphinx

    model = Path(pocketsphinx.__file__).parent / "model" / "en-us"
    return pocketsphinx.Decoder(
        hmm=str(model / "en-us"),
        allphone=str(model / "en-us-phone.lm.bin"),
        lm=None,
        dict=None,
        bestpath=False,
        lw=2.0,
        beam=1e-20,
        pbeam=1e-20,
        loglevel="FATAL",
    )


def _heard(decoder: Any, samples: np.ndarray, rate_hz: int, zero: Fraction, end: Fraction) -> Iterator[Phone]:
    decoder.start_utt()
    decoder.process_raw(_pcm(samples, rate_hz), full_utt=True)
    decoder.end_utt()
    reached = zero
    for segment in decoder.seg() or ():
        until = zero + (segment.end_frame + 1 - _PADDING_FRAMES) * _FRAME + _LAG
        until = min(max(until, reached), end)
        if until > reached:
            yield Phone(SILENCE if segment.word in _NOT_SPEECH else str(segment.word), reached, until)
        reached = until
    if end > reached:
        yield Phone(SILENCE, reached, end)


def _pieces(samples: np.ndarray, rate_hz: int) -> Iterator[tuple[int, int]]:
    """Of at most half a minute, cut at the quietest moment of the last eight seconds."""
    start, longest, searched = 0, round(_PIECE_S * rate_hz), round(_SEARCHED_S * rate_hz)
    quiet = max(1, round(_QUIET_S * rate_hz))
    while len(samples) - start > longest:
        tail = samples[start + longest - searched : start + longest]
        energy = np.convolve(tail.astype(np.float64) ** 2, np.ones(quiet), mode="valid")
        cut = start + longest - searched + int(np.argmin(energy)) + quiet // 2
        yield start, cut
        start = cut
    if len(samples) > start:
        yield start, len(samples)


def _pcm(samples: np.ndarray, rate_hz: int) -> bytes:
    """16 kHz int16 at a steady level, with quiet noise before and after so that silence can be recognised as such."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound
    peak = float(np.abs(sound).max())
    level = 0.5 / peak if peak > 1e-4 else 1.0
    padded = np.pad(sound * (level * 32767), round(float(_PADDING_FRAMES * _FRAME) * _RATE_HZ))
    noise = np.random.default_rng(0).normal(0, 3.0, padded.size)
    return np.asarray(np.clip(np.rint(padded + noise), -32768, 32767), dtype="<i2").tobytes()
