"""The suite `faces`: swaps beside the exact truth, training, speed, memory, find and follow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.edit import SwappedClip
from av_models.domain.face import SwapModel, TrainingOptions
from av_models.domain.swap import ColorMatch, FaceSize, SwapOptions
from av_models.swap.presets import preset_of, size_of
from flows.bench_faces_kills import kill_rows
from flows.bench_faces_start import head_start_rows
from tasks.artifacts import show_picture
from tasks.bench_faces import (
    LookTargets,
    Paper,
    Sitting,
    curve_points,
    opening_row,
    score_rows,
    targets_for,
    worse_than,
)
from tasks.bench_faces_clips import Exam, exact_lips, open_exams
from tasks.bench_faces_follow import measure_following
from tasks.bench_faces_rate import flat_after_s
from tasks.bench_faces_render import rendered
from tasks.bench_faces_sheet import swap_sheet
from tasks.bench_faces_speed import measure_pace, peak_memory
from tasks.bench_faces_training import Lesson, gathered, lesson
from tasks.training_job import TrainingJob
from tasks.workspace import media_dir, samples_dir

__all__ = ["faces_rows"]

_DRAFT = TrainingOptions(budget_s=0.0, size_px=0, batch=0)
_MINUTES = (5.0, 20.0)
_CURVE_MINUTES = (1.0, 2.0, 5.0, 10.0)
"""The longest training is looked at on the way, in the middle of its schedule; its end is the last point."""

_TARGET_PX, _AIMED_PX = 128, 256
_NAMED = ("light", "temporal", "perceptual", "adversarial", "learning_rate")
_QUICK_STEPS, _QUICK_FRAMES = 100, 60
_PACE_FRAMES, _FOLLOW_FRAMES, _MEMORY_FRAMES = 96, 120, 96
_CHOICES = SwapOptions(color=ColorMatch.NONE), SwapOptions(size=FaceSize.HEAD, reshape=0.0)

_RIVAL = (
    "faceswap, model original at 64 px, 14 and 19.5 minutes on 2 idle cores, measured elsewhere on actor_b: "
    "fit_ssim 0.636 and 0.659, fit_psnr 19.9 and 20.4 dB, id_want 0.54 and 0.55, mouth gain 0.21 and 0.19"
)


def faces_rows(
    quick: bool,
    clips: str = "",
    minutes: Sequence[float] = (),
    out: str = "",
    training: TrainingOptions = _DRAFT,
    head_start: bool = False,
    kills: int = 0,
) -> Iterator[BenchRow]:
    """All rows. quick: 100 steps and 60 frames instead of minutes and whole clips.

    clips: folder as `tasks.bench_faces_clips` describes it; the samples and their truth if empty.  minutes: of
    training; if empty those of `training`, else 5 and 20 for a draft, else the preset's own.  out: folder of the
    pictures and of faces.json.  training: what else training is asked for.  head_start, kills: measure that alone.
    """
    folder = (Path(out) if out else media_dir() / "out" / "bench") / "faces"
    exams = open_exams(Path(clips) if clips else samples_dir())
    plans = _plans(training, quick, minutes)
    if head_start:
        yield from head_start_rows(exams[0], plans[0], _name(plans[0]), quick, folder)
        return
    if kills:
        yield from kill_rows(exams[0], plans[0], kills)
        return
    yield shown("rival", "faceswap", None, note=_RIVAL)
    yield from _follow_rows(exams[0], quick)
    papers: dict[str, dict[str, Paper]] = {}
    for exam in exams:
        yield from _exam_rows(exam, plans, quick, folder, papers.setdefault(exam.name, {}), exam is exams[0])
    yield from _comparison_rows(papers)
    _keep(folder, papers)


def _plans(options: TrainingOptions, quick: bool, minutes: Sequence[float]) -> list[TrainingOptions]:
    """The shortest training first. Counted steps are a single one."""
    if quick or options.max_steps:
        return [replace(options, max_steps=options.max_steps or _QUICK_STEPS)]
    usual = _MINUTES if options.preset == _DRAFT.preset else (preset_of(options.preset).plan.budget_s / 60,)
    own = (options.budget_s / 60,) if options.budget_s else usual
    return [replace(options, budget_s=60 * one) for one in sorted(minutes or own)]


def _exam_rows(
    exam: Exam, plans: Sequence[TrainingOptions], quick: bool, folder: Path, papers: dict[str, Paper], first: bool
) -> Iterator[BenchRow]:
    n_frames = min(exam.actor.n_frames, _QUICK_FRAMES) if quick else exam.actor.n_frames
    sitting = Sitting(exam, n_frames)
    yield from _scale_rows(sitting, papers)
    swaps: list[SwappedClip] = []
    for options in plans:
        job = gathered(exam, options)
        looks = _looks(options) if options is plans[-1] else ()
        found = lesson(job, [60 * one for one in looks])
        name, part = _name(options), f"{exam.name}, {_name(options)}"
        swaps.append(rendered(found.model, n_frames))
        papers[name] = sitting.score(swaps[-1])
        yield from _training_rows(part, found)
        yield from score_rows(part, papers[name], _targets(options, found.model), f"{n_frames} frames")
        yield from _curve_rows(sitting, part, found, looks, papers[name], folder)
    yield from _choice_rows(sitting, part, found)
    _show_sheet(sitting, swaps, folder)
    if first:
        yield from _speed_rows(job, found, quick)


def _scale_rows(sitting: Sitting, papers: dict[str, Paper]) -> Iterator[BenchRow]:
    """The actor untouched and the truth itself, so that all other figures have a scale."""
    for name, paper in (("untouched", sitting.untouched()), ("truth", sitting.perfect())):
        if paper is None or paper.whole is None:
            continue
        papers[name] = paper
        part, score = f"{sitting.exam.name}, {name}", paper.whole
        yield shown(part, "fit_ssim", round(score.fit_ssim, 3))
        yield shown(part, "fit_psnr", round(score.fit_psnr, 2), "dB", "100: equal" if name == "truth" else "")
        yield shown(part, "plain ssim", round(score.ssim, 3))
        if paper.face is not None:
            yield shown(part, "as pasted ssim", round(paper.face.ssim, 3), note="beside the face on the actor's head")
            yield shown(part, "as pasted psnr", round(paper.face.psnr, 2), "dB")
        yield shown(part, "id_want", round(score.id_want, 3))
        yield shown(part, "mouth correlation", round(score.mouth_r, 3), "r", f"gain {score.mouth_gain:.3f}")
        yield opening_row(part, paper)
        yield shown(part, "flicker", round(score.flicker_ratio, 3))


def _training_rows(part: str, found: Lesson) -> Iterator[BenchRow]:
    model = found.model
    note = f"{model.n_steps} steps in {model.train_s / 60:.1f} min, stopped by: {model.stopped_by}; {_load()}"
    yield shown(part, "training, a step", round(found.s_per_step, 3), "s", note)
    share = f"{model.size_px} px; {found.cores:.2f} processors worked for it"
    yield shown(part, "training, faces", round(found.faces_per_s, 1), "/s", share)
    yield from _rate_rows(part, found)
    flat_s = flat_after_s(found.curve)
    still = f"it still gains, or too little lies behind: {model.train_s / 60:.1f} min in all"
    told = still if flat_s is None else "from there on it gains no more than 0.1 dB"
    yield shown(part, "held-out curve is flat after", None if flat_s is None else round(flat_s / 60, 2), "min", told)
    for person, held in zip(("source", "actor"), found.held_out, strict=True):
        note = f"SSIM {held.ssim:.3f}, frames that training never saw, through their own decoder"
        yield shown(part, f"held-out {person}", round(held.psnr_db, 2), "dB", note)


def _rate_rows(part: str, found: Lesson) -> Iterator[BenchRow]:
    """The aim was set for one GPU at 256 px and more; a processor's share is shown beside it."""
    if found.rate is None:
        return
    yield shown(part, "matrix rate", round(found.rate.flops / 1e12, 3), "TFLOP/s", found.rate.what)
    share, name = round(100 * found.of_rate, 1), "training, of the matrix rate"
    note = "multiplications and additions of the median step"
    aimed = found.rate.device == "cuda" and found.model.size_px >= _AIMED_PX
    yield at_least(part, name, share, 35, "%", note) if aimed else shown(part, name, share, "%", note)


def _choice_rows(sitting: Sitting, part: str, found: Lesson) -> Iterator[BenchRow]:
    """What users may ask for instead, each beside the answer that shows it: the whole head in the source's own
    complexion, and the face drawn out to fill the actor's head, which stays as it was filmed."""
    whole, face = (sitting.score(rendered(found.model, sitting.n_frames, options)) for options in _CHOICES)
    if whole.whole is not None:
        note = f"fit_ssim {whole.whole.fit_ssim:.3f}; the truth has the source's own complexion"
        yield shown(part, "with color=none, fit_psnr", round(whole.whole.fit_psnr, 2), "dB", note)
    if face.face is not None:
        note = f"{face.face.psnr:.2f} dB; the truth's face fills the actor's head"
        yield shown(part, "with size=head, reshape=0, as pasted ssim", round(face.face.ssim, 3), "", note)


def _curve_rows(
    sitting: Sitting, part: str, found: Lesson, looks: Sequence[float], end: Paper, folder: Path
) -> Iterator[BenchRow]:
    """Quality over minutes of training: one row a point, and a picture."""
    from av_models.io.disk import new_file
    from av_models.io.voice_pictures import curves_png

    if end.whole is None or not looks:
        return
    points = [(found.model.train_s / 60, end.whole)]
    for model in found.on_the_way:
        score = sitting.score(rendered(model, sitting.n_frames)).whole
        assert score is not None
        points.append((model.train_s / 60, score))
        note = f"fit_psnr {score.fit_psnr:.2f} dB, id_want {score.id_want:.3f}, step {model.n_steps}"
        yield shown(part, f"on the way, {model.train_s / 60:.1f} min", round(score.fit_ssim, 3), "fit_ssim", note)
    picture = curves_png({f"{part}: over minutes of training": curve_points(points)})
    with new_file(folder / f"{sitting.exam.name}.png") as file:
        file.write_bytes(picture)
    show_picture("bench-faces-curve", picture, part)


def _speed_rows(job: TrainingJob, found: Lesson, quick: bool) -> Iterator[BenchRow]:
    pace = measure_pace(found.model, _QUICK_FRAMES // 2 if quick else _PACE_FRAMES)
    note = f"network alone {1 / pace.network_s:.1f}, decode and encode alone {1 / pace.codec_s:.1f} frames/s, in turns"
    yield shown("speed", "swap", round(1 / pace.swap_s, 2), "frames/s", f"{note}; {_load()}")
    yield at_least("speed", "swap over network alone", round(100 * pace.of_network, 1), 60, "%", "frames per second")
    parts = "frame's time; both files that a shot writes are encoded"
    yield at_most("speed", "swap over network plus codecs", round(pace.over_parts, 3), 1.0, "x", parts)
    frames = _QUICK_FRAMES // 2 if quick else _MEMORY_FRAMES
    peak = peak_memory(job, found.model, frames)
    resident = None if peak.resident_mb != peak.resident_mb else round(peak.resident_mb)
    note = "4 GiB; a process of its own, resident"
    yield at_most("memory", "training and rendering", resident, 4295, "MB", note)
    if peak.accelerator_mb is not None:
        yield shown("memory", "of the accelerator", round(peak.accelerator_mb), "MB", "the most that torch allocated")


def _follow_rows(exam: Exam, quick: bool) -> Iterator[BenchRow]:
    n_frames = min(exam.actor.n_frames, _QUICK_FRAMES // 2 if quick else _FOLLOW_FRAMES)
    found = measure_following(exam.actor, n_frames, exact_lips(exam.labels, n_frames))
    note = f"processor time, {n_frames} frames of {exam.actor.name}, decoding included; {found.fps:.1f} frames/s"
    yield at_least("follow", "over detecting each frame", round(found.speed_up, 2), 5, "x", note)
    yield at_most("follow", "boxes apart, 95th percentile", round(found.box_px, 2), 3, "px", "against the same")
    yield at_least(
        "follow", "jitter taken away", round(found.jitter, 2), 4, "x", "one frame with fresh grain, 40 times"
    )
    if found.lag_frames is not None:
        lag = round(abs(found.lag_frames), 3)
        yield at_most("follow", "lips late or early", lag, 0.25, "frames", "against the exact opening")


def _comparison_rows(papers: dict[str, dict[str, Paper]]) -> Iterator[BenchRow]:
    """Every further actor beside the first, at each length of training."""
    first, *others = papers
    for other in others:
        for name, paper in papers[other].items():
            before = papers[first].get(name)
            if name in ("untouched", "truth") or before is None or before.whole is None or paper.whole is None:
                continue
            share, figure = worse_than(before.whole, paper.whole)
            both = [f"{getattr(one, figure):.3f}" for one in (paper.whole, before.whole)]
            note = f"the worst figure: {figure}, {both[0]} beside {both[1]}"
            yield at_most(f"{other}, {name}", f"worse than {first}", round(100 * share, 1), 10, "%", note)


def _show_sheet(sitting: Sitting, swaps: Sequence[SwappedClip], folder: Path) -> None:
    from av_models.io.disk import new_file
    from av_models.io.preview import encode_jpeg

    sheet = swap_sheet(sitting, swaps)
    with new_file(folder / f"{sitting.exam.name}.jpg") as part:
        part.write_bytes(encode_jpeg(sheet))
    show_picture("bench-faces-sheet", sheet, f"{sitting.exam.name}; swaps, the shortest training first; truths")


def _keep(folder: Path, papers: dict[str, dict[str, Paper]]) -> None:
    """faces.json: every figure of every swap, by actor and training."""
    from av_models.io.disk import new_file

    told: dict[str, Any] = {
        actor: {name: paper.as_json() for name, paper in found.items()} for actor, found in papers.items()
    }
    with new_file(folder / "faces.json") as part:
        part.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores"


def _looks(options: TrainingOptions) -> tuple[float, ...]:
    whole = _minutes(options)
    return tuple(one for one in _CURVE_MINUTES if whole is not None and one < whole)


def _minutes(options: TrainingOptions) -> float | None:
    return None if options.max_steps else options.budget_s / 60


def _targets(options: TrainingOptions, model: SwapModel) -> LookTargets | None:
    """They were set for 128 px, and count by the minutes that training really used."""
    return targets_for(_minutes(options), model.train_s / 60) if model.size_px == _TARGET_PX else None


def _name(options: TrainingOptions) -> str:
    """Preset, size, what else was asked for, and how long."""
    whole, preset = _minutes(options), preset_of(options.preset)
    asked = [f"{name} {value:g}" for name in _NAMED if (value := getattr(options, name)) is not None]
    if options.batch not in (0, preset.plan.batch):
        asked.append(f"batch {options.batch}")
    if options.architecture != _DRAFT.architecture:
        asked.append(options.architecture)
    length = f"{options.max_steps} steps" if whole is None else f"{whole:g} min"
    return " ".join([options.preset, f"{size_of(options)} px", *asked, length])
