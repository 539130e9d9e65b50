"""How long each phone lasts in a speech that is conformed to a picture: who gives way, and who never does."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.lips.sound_map import RATE_LIMITS, STEP_LIMIT, Pull, Segment, exact, heard_lengths

LINE = (("sil", 0.1), ("HH", 0.06), ("AH0", 0.05), ("L", 0.07), ("OW1", 0.18), ("sil", 0.2), ("M", 0.08), ("AY1", 0.2))
LINE = (*LINE, ("B", 0.09), ("AO1", 0.15), ("T", 0.08), ("sil", 0.1))


def segments(line: tuple[tuple[str, float], ...] = LINE) -> list[Segment]:
    return [Segment(label, length_s, k in (0, len(line) - 1)) for k, (label, length_s) in enumerate(line)]


def rates(parts: list[Segment], lengths: np.ndarray) -> list[float]:
    return [part.length_s / length for part, length in zip(parts, lengths, strict=True) if not part.is_pause]


@pytest.mark.parametrize("seed", range(12))
def test_no_wish_breaks_a_limit(seed: int) -> None:
    """Words wanted anywhere: too early, too late, in a heap."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["AA1", "IY0", "S", "T", "B", "M", "sil"], 60)
    parts = [Segment(str(label), float(rng.uniform(0.02, 0.2))) for label in labels]
    wanted = np.sort(rng.uniform(0, rng.uniform(2, 14), 15))
    lengths = heard_lengths(parts, [Pull(4 * k, float(at)) for k, at in enumerate(wanted)])
    spoken = [part.length_s / float(length) for part, length in zip(parts, exact(lengths), strict=True)]
    heard = [rate for part, rate in zip(parts, spoken, strict=True) if not part.is_pause]
    assert min(heard) >= RATE_LIMITS[0] and max(heard) <= RATE_LIMITS[1]
    for k in range(len(parts) - 1):
        if not (parts[k].is_pause or parts[k + 1].is_pause):
            assert max(spoken[k] / spoken[k + 1], spoken[k + 1] / spoken[k]) <= 1 + STEP_LIMIT
    assert all(length >= 0.02 - 1e-6 for part, length in zip(parts, lengths, strict=True) if part.is_pause)


def test_nothing_wanted_nothing_changed() -> None:
    parts = segments()
    assert heard_lengths(parts, []) == pytest.approx([part.length_s for part in parts])


@pytest.mark.parametrize("later_s", [-0.15, 0.4])
def test_pauses_give_way_first(later_s: float) -> None:
    parts = segments()
    start = sum(part.length_s for part in parts[:6])
    lengths = heard_lengths(parts, [Pull(1, 0.1), Pull(6, start + later_s), Pull(11, start + later_s + 0.6)])
    assert lengths[5] == pytest.approx(0.2 + later_s, abs=0.01)
    assert np.abs(np.array(rates(parts, lengths)) - 1).max() < 0.02


def test_vowels_give_way_before_consonants() -> None:
    parts = segments()
    lengths = heard_lengths(parts, [Pull(6, 0.66), Pull(11, 0.66 + 0.6 + 0.03)])
    change = lengths / np.array([part.length_s for part in parts]) - 1
    assert lengths[6:11].sum() == pytest.approx(0.63, abs=0.007)
    assert min(change[7], change[9]) > 2 * max(change[6], change[8], change[10])


def test_what_must_stay_stays() -> None:
    parts = [Segment(part.label, part.length_s, k >= 6) for k, part in enumerate(segments())]
    lengths = heard_lengths(parts, [Pull(6, 0.7), Pull(11, 2.0)])
    assert lengths[6:] == pytest.approx([part.length_s for part in parts[6:]])


def test_a_silence_is_put_in_only_where_it_may_be() -> None:
    parts = segments()
    parts.insert(3, Segment("sil", 0.0))
    pulls = [Pull(1, 0.1), Pull(4, 0.4), Pull(6, 0.65)]
    assert heard_lengths(parts, pulls)[3] > 0.1
    assert heard_lengths(parts, [])[3] == pytest.approx(0, abs=1e-6)


def test_sums_stay_true_after_rounding() -> None:
    lengths = np.random.default_rng(0).uniform(0.01, 0.2, 500)
    assert float(sum(exact(lengths))) == pytest.approx(lengths.sum(), abs=1e-6)
