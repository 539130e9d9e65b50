"""How far found times lie from true ones: the figures that alignment is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from av_models.domain.speech import BREATH, SILENCE, Phone, Word
from av_models.speech.arpabet import bare

__all__ = ["TOLERANCES_MS", "BoundaryScore", "boundary_errors", "errors_ms", "score_of"]

TOLERANCES_MS = (10, 20, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """Absolute errors. within: tolerance in ms -> share 0..1.  n: boundaries compared.  n_failed: true ones without a
    partner among the found; they count as outside of every tolerance, and not in the means."""

    mean_ms: float
    median_ms: float
    p95_ms: float
    within: Mapping[int, float]
    n: int
    n_failed: int


def boundary_errors(found: Sequence[Word | Phone], truth: Sequence[Word | Phone]) -> BoundaryScore:
    """Starts and ends of words, or starts of phones (silence and breath apart), found against true.

    Paired in order by text or by bare label. For several recordings: `score_of` of all their `errors_ms`.
    """
    signed, n_failed = errors_ms(found, truth)
    return score_of(signed, n_failed)


def score_of(signed_ms: Sequence[float], n_failed: int) -> BoundaryScore:
    """The figures of errors collected over many recordings."""
    errors = np.abs(np.asarray(signed_ms, dtype=np.float64))
    total = len(errors) + n_failed
    within = {limit: float((errors <= limit + 1e-6).sum()) / total if total else 0.0 for limit in TOLERANCES_MS}
    if not len(errors):
        return BoundaryScore(float("nan"), float("nan"), float("nan"), within, 0, n_failed)
    p95_ms = float(np.percentile(errors, 95))
    return BoundaryScore(float(errors.mean()), float(np.median(errors)), p95_ms, within, len(errors), n_failed)


def errors_ms(found: Sequence[Word | Phone], truth: Sequence[Word | Phone]) -> tuple[list[float], int]:
    """Found less true, in ms, for every boundary that has a partner, and how many have none."""
    true, other = [_named(spans) for spans in (truth, found)]
    matcher = SequenceMatcher(None, [name for name, _ in true], [name for name, _ in other], autojunk=False)
    errors: list[float] = []
    n_matched = 0
    for block in matcher.get_matching_blocks():
        for place in range(block.size):
            right, ours = true[block.a + place][1], other[block.b + place][1]
            errors.append(float(ours.start - right.start) * 1000)
            if isinstance(right, Word):
                errors.append(float(ours.end - right.end) * 1000)
            n_matched += 1
    per_span = 2 if truth and isinstance(truth[0], Word) else 1
    return errors, (len(true) - n_matched) * per_span


def _named(spans: Sequence[Word | Phone]) -> list[tuple[str, Word | Phone]]:
    named = [(span.text if isinstance(span, Word) else bare(span.label), span) for span in spans]
    return [(name, span) for name, span in named if name not in (SILENCE, BREATH)]
