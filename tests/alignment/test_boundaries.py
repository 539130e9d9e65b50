from __future__ import annotations

import numpy as np
import pytest
import soxr

from av_models.alignment.boundaries import refine_boundaries, spread_apart
from av_models.domain.speech import SILENCE
from av_models.speech.arpabet import bare
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

RATE_HZ = 16_000


@pytest.mark.parametrize("shift_s", [-0.02, 0.02])
def test_boundaries_that_are_off_come_back(shift_s: float) -> None:
    line = read_script("The wizard sat by the open window and counted seven ships.").lines[0]
    said = get_engine("espeak").synthesize(line, {"variant": "m3", "rate_wpm": "150"}, (), "en-us", 1)
    sound = soxr.resample(said.samples, said.rate_hz, RATE_HZ)
    names = ["SIL" if phone.label == SILENCE else bare(phone.label) for phone in said.phones]
    true = np.array([float(phone.start) for phone in said.phones[1:]])
    found = refine_boundaries(sound, np.clip(true + shift_s, 0, len(sound) / RATE_HZ), names)
    assert np.median(np.abs(found - true)) < 0.005
    assert np.mean(np.abs(found - true) < 0.015) > 0.8
    assert np.all(np.diff(found) > 0.0049)


def test_no_boundaries_are_no_trouble() -> None:
    assert refine_boundaries(np.zeros(100, np.float32), [], ["SIL"]).size == 0


def test_times_are_spread_apart_and_stay_near() -> None:
    times = spread_apart(np.array([0.1, 0.3, 0.29, 0.291, 0.9]), 0.01, 1.0)
    assert np.all(np.diff(times) >= 0.01 - 1e-9)
    assert abs(times[0] - 0.1) < 1e-9 and abs(times[-1] - 0.9) < 1e-9
    assert abs(times[1:4].mean() - 0.2937) < 0.001


def test_more_boundaries_than_fit_share_what_there_is() -> None:
    times = spread_apart(np.full(30, 0.05), 0.005, 0.06)
    assert np.all(np.diff(times) > 0) and times[0] >= 0 and times[-1] <= 0.06
