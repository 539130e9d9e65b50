"""Phrases found in a longer recording, wherever they are: pocketsphinx's search for key phrases, many in one pass."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np

from av_models.speech.arpabet import bare

__all__ = ["spot"]

_RATE_HZ = 16_000
_FRAME_S = 0.01
_THRESHOLD = "1e-20"
"""Phrases of a clip's own speech were found at 1e-10 to 1e-50 alike, foreign ones at none of them."""

_PADDING_S = 0.2
_LOUDEST = 0.5


def spot(
    samples: np.ndarray, rate_hz: int, phrases: Sequence[Sequence[Sequence[str]]]
) -> tuple[tuple[int, float, float], ...]:
    """(phrase, start, end in seconds) of every place in float samples (n,) that sounds like one, in order of time.

    phrases: for each the ARPAbet phones of its words. Short phrases are found where they are not: check what is found.
    """
    from pocketsphinx import Decoder

    if not phrases or samples.size == 0:
        return ()
    spotter = Decoder(lm=None, dict=None, bestpath=False, loglevel="FATAL")
    rows = []
    for number, words in enumerate(phrases):
        keys = [f"p{number}w{index}" for index in range(len(words))]
        for key, phones in zip(keys, words, strict=True):
            spotter.add_word(key, " ".join(bare(phone) for phone in phones), False)
        rows.append(f"{' '.join(keys)} /{_THRESHOLD}/\n")
    # The search takes several phrases from a file only; given one by one they would cost a pass each.
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as listed:
        listed.writelines(rows)
        listed.flush()
        spotter.add_kws("phrases", listed.name)
    spotter.activate_search("phrases")
    spotter.start_utt()
    spotter.process_raw(_pcm(samples, rate_hz), full_utt=True)
    spotter.end_utt()
    found = [
        (int(one.word[1:].partition("w")[0]), one.start_frame * _FRAME_S, (one.end_frame + 1) * _FRAME_S)
        for one in spotter.seg() or ()
        if one.word.startswith("p")
    ]
    moved = ((k, max(0.0, start_s - _PADDING_S), end_s - _PADDING_S) for k, start_s, end_s in found)
    return tuple(sorted(moved, key=lambda one: one[1]))


def _pcm(samples: np.ndarray, rate_hz: int) -> bytes:
    """16 kHz int16 at a steady level between quiet noise."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound
    peak = float(np.abs(sound).max())
    padded = np.pad(sound * (32767 * _LOUDEST / max(peak, 1e-4)), round(_PADDING_S * _RATE_HZ))
    noisy = padded + np.random.default_rng(0).normal(0, 3.0, padded.size)
    return np.asarray(np.clip(np.rint(noisy), -32768, 32767), "<i2").tobytes()
