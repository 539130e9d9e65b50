"""How fast faces are laid in beside what cannot be avoided, and how much memory training and rendering take.

All three are timed in turns on the same frames, so that other work on the machine weighs on each of them alike.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from av_models.domain.edit import Shot
from av_models.domain.face import SwapModel
from tasks.bench_faces_render import whole_shot
from tasks.training_job import TrainingJob
from tasks.workspace import store

__all__ = ["Pace", "Peak", "measure_pace", "peak_memory"]

ROUNDS = 3
_LOOK_EVERY_S = 0.05
_TRAINED_STEPS = 12
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a frame: of the whole stage, of the network alone, of decoding and encoding alone. Medians of rounds."""

    swap_s: float
    network_s: float
    codec_s: float

    @property
    def of_network(self) -> float:
        """Frames per second of the stage over those of the network alone."""
        return self.network_s / self.swap_s

    @property
    def over_parts(self) -> float:
        """Time of the stage over that of its unavoidable parts one after the other."""
        return self.swap_s / (self.network_s + self.codec_s)


def measure_pace(model: SwapModel, n_frames: int) -> Pace:
    """Everything on the first frames of the actor's footage, after one round that nobody times."""
    shot = whole_shot(model, n_frames)
    works = (lambda: _swap(shot), lambda: _network(model, shot), lambda: _codec(shot))
    for work in works[:2]:
        work()  # loads weights and warms caches, once
    taken = np.array([[_seconds(work) for work in works] for _ in range(ROUNDS)])
    return Pace(*(np.median(taken, axis=0) / len(shot.plate_s)).tolist())


def _seconds(work: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _swap(shot: Shot) -> None:
    from tasks.swapping import swap_shot

    swap_shot.fn(shot)


def _network(model: SwapModel, shot: Shot) -> None:
    """As many faces through the network as the shot has frames, in batches as large as the stage's."""
    from tasks.painting import MOST_IN_BATCH
    from tasks.plates import ready_painter

    face = shot.faces[0]
    painter = ready_painter(face.weights, face.match.data)[0]
    mouths = store().arrays(face.mouth)["mouth"]
    crop = np.full((painter.input_px, painter.input_px, 3), 128, np.uint8)
    for first in range(0, len(mouths), MOST_IN_BATCH):
        part = mouths[first : first + MOST_IN_BATCH]
        painter.paint_tensors(np.repeat(crop[None], len(part), 0), part)


def _codec(shot: Shot) -> None:
    """The same frames decoded, turned into RGB and back, and encoded as the stage encodes its result."""
    from av_models.io.video import VideoWriter, read_pairs_at
    from tasks.swapping import CLIP_CRF, CLIP_PRESET

    footage = shot.faces[0].track.footage
    width, height = footage.width_px // 2 * 2, footage.height_px // 2 * 2
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "swapped.mp4"
        with VideoWriter(path, width, height, Fraction(shot.rate), CLIP_CRF, CLIP_PRESET) as out:
            for before, _, _ in read_pairs_at(store().path(footage.media), shot.plate_s):
                out.write(np.asarray(before.rgb()[:height, :width], np.uint8))


@dataclass(frozen=True, slots=True)
class Peak:
    """Most memory that was in use, in MB of 10^6 bytes. resident: of the process.  accelerator: what torch took of it,
    None without one."""

    resident_mb: float
    accelerator_mb: float | None


def peak_memory(job: TrainingJob, model: SwapModel, n_frames: int) -> Peak:
    """Of a fresh process that trains a few steps and renders; not a number where that failed."""
    import psutil

    shot = whole_shot(model, n_frames)
    context = multiprocessing.get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    process = context.Process(target=_train_and_render, args=(job, shot, told))
    process.start()
    largest = 0
    while process.is_alive():
        try:
            largest = max(largest, psutil.Process(process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        process.join(_LOOK_EVERY_S)
    process.join()
    if process.exitcode != 0:
        return Peak(float("nan"), None)
    return Peak(largest / _MB, heard.recv() if heard.poll() else None)


def _train_and_render(job: TrainingJob, shot: Shot, told: Connection) -> None:
    import torch

    from tasks.bench_faces_training import lesson

    lesson(replace(job, options=replace(job.options, max_steps=_TRAINED_STEPS)), how_fast=False)
    _swap(shot)
    if torch.cuda.is_available():
        told.send(torch.cuda.max_memory_allocated() / _MB)
