from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from av_models.io.master_check import bt709_in_container, bt709_in_stream
from av_models.io.video import VideoWriter


def test_colour_tags_are_read_from_both_places(tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp4"
    with VideoWriter(path, 64, 64, Fraction(25), 20, "veryfast") as writer:
        for level in range(12):
            writer.write(np.full((64, 64, 3), 10 * level, np.uint8))
    assert bt709_in_stream(path) and bt709_in_container(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"colr", b"free"))
    assert bt709_in_stream(path) and not bt709_in_container(path)


@pytest.mark.parametrize("n_minutes", [1, 7])
def test_looped_sound_keeps_to_the_sample(n_minutes: int) -> None:
    from tasks.bench_master import _HOUR_RATE, _MINUTE_FRAMES, _minutes

    blocks = list(_minutes(np.ones(2_879_000, np.float32), n_minutes))
    exact = n_minutes * _MINUTE_FRAMES / _HOUR_RATE * 48_000
    assert abs(sum(map(len, blocks)) - exact) <= 0.5
