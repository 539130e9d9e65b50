"""What a corpus is like: how much of it is good, why the rest is not, how long, how high and with which sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import CONSONANTS, VOWELS, bare

__all__ = ["LENGTH_EDGES_S", "PITCH_EDGES_HZ", "phone_counts", "pitch_counts", "summary"]

Row = Mapping[str, Any]

LENGTH_EDGES_S = tuple(range(0, 15))
PITCH_EDGES_HZ = tuple(range(60, 521, 10))
_SPEECH_PHONES = (*sorted(VOWELS), *sorted(CONSONANTS))
_FEW = 20


def pitch_counts(pitch_hz: np.ndarray) -> list[int]:
    """How often each pitch is heard. pitch_hz: (n,), 0 where there is no voice."""
    return [int(number) for number in np.histogram(pitch_hz[pitch_hz > 0], PITCH_EDGES_HZ)[0]]


def phone_counts(phones: Sequence[Phone]) -> Counter[str]:
    """By ARPAbet without stress; breaths count, silence does not."""
    return Counter(bare(phone.label) for phone in phones if phone.label != SILENCE)


def summary(rows: Sequence[Row], phones: Mapping[str, int], pitch: Sequence[int], unheard: Sequence[str]) -> Row:
    """Everything of the report but the clips themselves. rows: see `tasks.corpus`; good ones have no faults."""
    good = [row for row in rows if not row["faults"]]
    refused = [row for row in rows if row["faults"]]
    lengths = [row["duration_s"] for row in good]
    texts = Counter(row["prompt"] for row in good)
    return {
        "clips": len(good),
        "held_out": sum(row["held_out"] for row in good),
        "seconds": round(sum(lengths), 2),
        "refused": len(refused),
        "refused_seconds": round(sum(row["duration_s"] for row in refused), 2),
        "reasons": dict(Counter(_kind(fault) for row in refused for fault in row["faults"]).most_common()),
        "notes": dict(Counter(note for row in good for note in row["notes"]).most_common()),
        "prompts": len(texts),
        "repeated_prompts": sum(number > 1 for number in texts.values()),
        "transcripts_without_recording": list(unheard[:50]),
        "length_s": {"edges": list(LENGTH_EDGES_S), "clips": np.histogram(lengths, LENGTH_EDGES_S)[0].tolist()},
        "pitch_hz": {"edges": list(PITCH_EDGES_HZ), "frames": [int(number) for number in pitch]},
        "phones": {phone: int(phones.get(phone, 0)) for phone in (*_SPEECH_PHONES, BREATH)},
        "missing_phones": [phone for phone in _SPEECH_PHONES if not phones.get(phone)],
        "rare_phones": [phone for phone in _SPEECH_PHONES if 0 < phones.get(phone, 0) < _FEW],
        "over_noise_db": _quantiles([row["speech_db"] - row["noise_db"] for row in good]),
    }


def _kind(fault: str) -> str:
    """A reason without its figures, so that reasons can be counted."""
    return fault.partition(" (")[0].partition(":")[0]


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    low, middle, high = np.percentile(values, (5, 50, 95))
    return {"p5": round(float(low), 1), "median": round(float(middle), 1), "p95": round(float(high), 1)}
