"""Words that a recogniser hears without knowing the text, and how many of them are wrong.

Whisper tiny.en where the extra `bench` is installed, else pocketsphinx with the model of English in its package: weak,
but there for everybody. Compare the errors on synthetic speech with those on recordings, never by themselves.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from av_models.domain.errors import InputError

__all__ = ["recognise", "recogniser", "sound_alike", "word_errors"]

_RATE_HZ = 16_000
_PADDING_S = 0.2
_LEVEL = 0.5
_POCKETSPHINX = "pocketsphinx"
_one_at_a_time = threading.Lock()


def recogniser() -> str:
    """The name of the one that listens here."""
    from .whisper import NAME, whisper_there

    return NAME if whisper_there() else _POCKETSPHINX


def recognise(samples: np.ndarray, rate_hz: int, by: str = "") -> tuple[str, ...]:
    """Lower-case words, as spoken, heard in mono float samples (n,). They do not depend on what was heard before.

    by: 'pocketsphinx', or '' for the best that is installed.
    """
    if (by or recogniser()) == _POCKETSPHINX:
        return _by_pocketsphinx(samples, rate_hz)
    from .whisper import transcribe

    return _as_spoken(transcribe(samples, rate_hz))


def word_errors(heard: Sequence[str], said: Sequence[str]) -> int:
    """Fewest words to put in, to take out or to change (Levenshtein); words that sound alike are the same word."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, start=1):
        before, row[0] = row[0], number
        for column, other in enumerate(heard, start=1):
            change = before + (not sound_alike(word, other))
            before = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]


def sound_alike(one: str, other: str) -> bool:
    """Whether two English words can be said alike, as 'harbor' and 'harbour': a listener cannot tell them apart."""
    return one == other or not _ways(one).isdisjoint(_ways(other))


@lru_cache(maxsize=4096)
def _ways(word: str) -> frozenset[tuple[str, ...]]:
    from .arpabet import bare
    from .phones import pronunciations

    return frozenset(tuple(bare(phone) for phone in way) for way in pronunciations(word))


def _as_spoken(written: str) -> tuple[str, ...]:
    """'200 yards' -> two hundred yards."""
    from .corpus.sentences import line_of

    plain = re.sub(r"\([^)]*\)|\[[^\]]*\]|[♪…_|<>]", " ", written)  # what is heard besides words, as "[music]"
    if not re.search(r"\w", plain):
        return ()
    try:
        return line_of(plain, "en-us").spoken
    except InputError:
        return tuple(re.findall(r"[a-z']+", plain.lower()))


def _by_pocketsphinx(samples: np.ndarray, rate_hz: int) -> tuple[str, ...]:
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound
    peak = float(np.abs(sound).max(initial=0.0))
    padded = np.pad(sound * (32767 * _LEVEL / max(peak, 1e-4)), round(_PADDING_S * _RATE_HZ))
    noisy = padded + np.random.default_rng(0).normal(0, 3.0, padded.size)
    pcm = np.asarray(np.clip(np.rint(noisy), -32768, 32767), "<i2").tobytes()
    decoder = _decoder()
    with _one_at_a_time:
        decoder.reinit_feat()  # else its means and its idea of the noise come from what was heard before
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
    words = found.hypstr.split() if found is not None else []
    return tuple(re.sub(r"\(\d+\)$", "", word) for word in words)


@lru_cache(maxsize=1)
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(loglevel="FATAL")
