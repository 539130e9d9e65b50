"""An actor's own closures survive on another face, and on the way from driven to performed lips."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from av_models.lips.blend import blended, driven_share
from av_models.lips.carry import carry_between
from av_models.lips.closing import PRESSED, hold_closures
from av_models.lips.drive import drive, table_model
from av_models.lips.mouth import GAP, LOWER, OUTER_GAP, UPPER, WIDTH, MouthScale, mouth_scale
from av_models.lips.mouth_score import opening_share
from tests.lips.mouths_made import FACE, line, middles


def talker(shut_raw: float, open_raw: float, share_open: float, seed: int) -> np.ndarray:
    """Raw codes (400,8): a tenth of the frames shut, the others somewhere up to open_raw."""
    rng = np.random.default_rng(seed)
    opening = np.concatenate([np.zeros(40), rng.beta(2 * share_open, 2 * (1 - share_open), 360)])
    codes = np.full((400, 8), 0.3) + rng.normal(0, 0.004, (400, 8))
    codes[:, GAP] = shut_raw + opening * (open_raw - shut_raw)
    codes[:, [OUTER_GAP, LOWER]] += codes[:, [GAP]]
    return codes


@pytest.fixture
def pair() -> tuple[np.ndarray, MouthScale, np.ndarray, MouthScale]:
    actor, source = talker(0.015, 0.11, 0.3, seed=1), talker(0.03, 0.18, 0.6, seed=2)
    return actor, mouth_scale(actor), source, mouth_scale(source)


def test_shut_lips_arrive_shut_and_half_of_the_way_counts_for_open_ones(
    pair: tuple[np.ndarray, MouthScale, np.ndarray, MouthScale],
) -> None:
    actor, actor_scale, source, source_scale = pair
    normal = actor_scale.normalise(actor)
    carry = carry_between(*pair)
    carried = carry.over(normal)
    shut = source_scale.normalise(source)[:40, GAP].mean()
    apart = shut - carry.gain[GAP] * normal[:40, GAP].mean()
    assert abs(apart) > 0.4
    assert carried[:40, GAP].mean() == pytest.approx(shut, abs=0.1)
    upper = normal[:, GAP] >= 0
    moved = carried - carry.gain[GAP] * normal
    assert moved[upper, GAP] == pytest.approx(np.full(upper.sum(), apart / 2), abs=0.05)
    assert np.array_equal(carried[upper][:, [WIDTH, UPPER]], normal[upper][:, [WIDTH, UPPER]])


def test_who_opens_the_mouth_wide_does_so_on_a_source_who_mumbled() -> None:
    """And the other way round. Inner lips of one are measured half as large as they are: that is how they are seen."""
    mumbled, usual, lively = (talker(0.02, wide, 0.4, seed=6) for wide in (0.06, 0.1, 0.18))
    badly_seen = usual.copy()
    badly_seen[:, GAP] *= 0.5

    def widest(actor: np.ndarray, source: np.ndarray) -> float:
        scales = mouth_scale(actor), mouth_scale(source)
        carried = carry_between(actor, scales[0], source, scales[1]).over(scales[0].normalise(actor))
        return float(np.percentile(scales[1].restore(carried)[:, GAP], 95))

    as_usual = widest(usual, usual)
    assert widest(mumbled, usual) < 0.8 * as_usual and 1.2 * as_usual < widest(lively, usual)
    assert widest(badly_seen, usual) == pytest.approx(as_usual, rel=0.1)


def test_somebody_who_hardly_speaks_keeps_the_lips_shut() -> None:
    """The middle of such a clip is a shut mouth, that of a talking source is not; and a tremble is no speech."""
    rng = np.random.default_rng(4)
    silent = np.full((400, 8), 0.3) + rng.normal(0, 0.004, (400, 8))
    silent[:, GAP] = 0.02 + rng.normal(0, 0.003, 400)
    source = talker(0.03, 0.18, 0.6, seed=2)
    scales = mouth_scale(silent), mouth_scale(source)
    carried = scales[1].restore(carry_between(silent, scales[0], source, scales[1]).over(scales[0].normalise(silent)))
    assert np.median(scales[1].restore(scales[0].normalise(silent))[:, GAP]) > 0.08
    assert np.percentile(carried[:, GAP], 99) < 0.07


def test_the_order_of_openings_is_kept(pair: tuple[np.ndarray, MouthScale, np.ndarray, MouthScale]) -> None:
    normal = pair[1].normalise(pair[0])
    order = np.argsort(normal[:, GAP])
    assert (np.diff(carry_between(*pair).over(normal)[order, GAP]) >= -1e-5).all()


def test_an_actor_who_never_shuts_the_lips_is_not_shut(
    pair: tuple[np.ndarray, MouthScale, np.ndarray, MouthScale],
) -> None:
    actor = talker(0.12, 0.3, 0.4, seed=3)
    scale = mouth_scale(actor)
    normal = scale.normalise(actor)
    carry = carry_between(actor, scale, *pair[2:])
    assert np.allclose(carry.over(normal), normal * np.array(carry.gain), atol=1e-5)


def test_a_nearly_shut_m_is_shut_and_an_open_one_left() -> None:
    times = middles(0.9, 25)
    performed = np.zeros((len(times), 8))
    performed[8, GAP] = -1.0
    held = hold_closures(performed, line("AA1", "M", "AA1", each_s=0.3), times, FACE)
    assert held[8, GAP] == pytest.approx(FACE.closed[GAP] - PRESSED)
    assert np.array_equal(held[:4], performed[:4].astype(np.float32))
    untouched = hold_closures(performed * 0 + 1.0, line("AA1", "M", "AA1", each_s=0.3), times, FACE)
    assert untouched == pytest.approx(np.ones_like(performed))


def test_driven_and_performed_lips_meet_without_a_jump_and_closures_stay_shut() -> None:
    rate = Fraction(25)
    phones = line("AA1", "P", "AA1", "P", "AA1", each_s=0.16)
    times = middles(0.8, rate)
    drives = np.arange(len(times)) < 6
    share = driven_share(drives, rate)
    assert share[0] == 1 and share[-1] == 0
    assert 0 < share[5] < 1 and share[5] > share[6] > 0
    performed = np.full((len(times), 8), 0.8, np.float32)
    mixed = blended(drive(phones, times, table_model(FACE)), performed, share, phones, times, FACE)
    assert -0.1 < opening_share(mixed, FACE)[5] < 0.01
    assert np.array_equal(mixed[10:], performed[10:])


def test_all_of_one_kind_is_passed_through() -> None:
    assert np.array_equal(driven_share(np.ones(9, bool), Fraction(25)), np.ones(9))
    assert np.array_equal(driven_share(np.zeros(9, bool), Fraction(25)), np.zeros(9))
