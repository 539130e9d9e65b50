"""A blink is a blink on both faces, whatever the reader's numbers for shut are."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.swap.lids import MOST_GAIN, lid_gain, lid_levels


def readings(opened: float, shut: float) -> np.ndarray:
    """400 frames with four blinks of eight frames, and the reader's noise."""
    values = np.full(400, opened) + np.random.default_rng(0).normal(0, 0.1, 400)
    for first in (40, 140, 250, 330):
        values[first : first + 8] += np.hanning(8) / np.hanning(8).max() * (shut - opened)
    return values


def test_shut_lids_of_one_are_shut_lids_of_the_other() -> None:
    source, person = lid_levels(readings(0.2, 3.2)), lid_levels(readings(0.5, 2.6))
    gain = lid_gain(source, person)
    assert gain == pytest.approx(3.0 / 2.1, rel=0.08)
    assert source[0] + gain * (2.6 - person[0]) == pytest.approx(3.2, abs=0.25)


@pytest.mark.parametrize(("source", "person"), [((0.2, 3.2), (0.5, 0.9)), ((0.2, 0.6), (0.5, 2.6))])
def test_who_never_blinks_is_no_measure(source, person) -> None:
    assert lid_gain(source, person) == 1.0


def test_a_few_odd_frames_do_not_tear_the_eyes_open() -> None:
    assert lid_gain((0.0, 9.0), (0.0, 1.1)) == MOST_GAIN


def test_no_reader_no_levels() -> None:
    assert lid_levels(np.zeros(0)) == (0.0, 0.0)
