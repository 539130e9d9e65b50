"""The suite `faces`, with --kills N: what `kill -9` costs a training, N times in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from av_models.domain.bench import BenchRow, at_most, shown
from av_models.domain.face import TrainingOptions
from tasks.bench_faces_clips import Exam
from tasks.bench_faces_kills import killed_again
from tasks.bench_faces_training import gathered

__all__ = ["kill_rows"]

_STEPS_A_KILL = 20
_MOST_LOST_S, _MOST_APART_DB = 30, 0.1
"""0.1 dB: what held-out faces may differ by and still be called flat, see `bench_faces_rate.flat_after_s`."""


def kill_rows(exam: Exam, options: TrainingOptions, n_kills: int) -> Iterator[BenchRow]:
    """options: if they count no steps, as many are counted as so many kills leave time for."""
    counted = replace(options, max_steps=options.max_steps or _STEPS_A_KILL * n_kills)
    found = killed_again(gathered(exam, counted), n_kills)
    part = f"{exam.name}, {len(found.lost_s)} kills in a row"
    mean_s = sum(found.lost_s) / max(len(found.lost_s), 1)
    note = f"of training; {mean_s:.1f} s on the mean, {sum(found.lost_s):.0f} s in all"
    most_s = round(max(found.lost_s), 2) if found.lost_s else None  # done before the first kill: nothing is known
    yield at_most(part, "lost by one kill", most_s, _MOST_LOST_S, "s", note)
    killed, alone = found.held_db
    told = f"{killed:.3f} and {alone:.3f} dB after {found.steps} steps"
    yield at_most(part, "apart from one left alone", round(abs(killed - alone), 3), _MOST_APART_DB, "dB", told)
    yield shown(part, "all weights equal to the bit", float(found.same), note="1: they are")
