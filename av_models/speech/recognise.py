"""Words that a recogniser hears without knowing the text, and how many of them are wrong.

pocketsphinx with the model of English that comes in its package: weak beside today's, but offline, and the same for
everybody; compare its errors on synthetic speech with those on recordings, never by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["recognise", "word_errors"]

_RATE_HZ = 16_000
_PADDING_S = 0.2
_LEVEL = 0.5


def recognise(samples: np.ndarray, rate_hz: int) -> tuple[str, ...]:
    """Lower-case words heard in mono float samples (n,)."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound
    peak = float(np.abs(sound).max(initial=0.0))
    padded = np.pad(sound * (32767 * _LEVEL / max(peak, 1e-4)), round(_PADDING_S * _RATE_HZ))
    noisy = padded + np.random.default_rng(0).normal(0, 3.0, padded.size)
    decoder = _decoder()
    decoder.reinit_feat()  # else its means and its idea of the noise come from what was heard before
    decoder.start_utt()
    decoder.process_raw(np.asarray(np.clip(np.rint(noisy), -32768, 32767), "<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    words = found.hypstr.split() if found is not None else []
    return tuple(re.sub(r"\(\d+\)$", "", word) for word in words)


def word_errors(heard: Sequence[str], said: Sequence[str]) -> int:
    """Fewest words to put in, to take out or to change (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, start=1):
        before, row[0] = row[0], number
        for column, other in enumerate(heard, start=1):
            change = before + (word != other)
            before = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]


@lru_cache(maxsize=1)
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(loglevel="FATAL")
