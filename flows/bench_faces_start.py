"""The suite `faces`, with --head-start: how many minutes it saves that training does not begin from nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from av_models.domain.bench import BenchRow, shown
from av_models.domain.face import TrainingOptions
from tasks.artifacts import show_picture
from tasks.bench_faces import Sitting
from tasks.bench_faces_clips import Exam
from tasks.bench_faces_render import rendered
from tasks.bench_faces_start import Start, both_starts, reached_after
from tasks.bench_faces_training import gathered

__all__ = ["head_start_rows"]

_KEPT, _KEPT_QUICK = (0.2, 0.5, 1.0), (1.0,)
"""Shares of the training after which a swap is looked at: from nothing no mask is known before the first step."""
_FRAMES, _QUICK_FRAMES = 96, 12

Curve = Sequence[tuple[float, float]]


def head_start_rows(exam: Exam, options: TrainingOptions, named: str, quick: bool, folder: Path) -> Iterator[BenchRow]:
    """Two trainings of the same length in turns, one picture, and the minutes between them.  named: the training."""
    starts = both_starts(gathered(exam, options), _KEPT_QUICK if quick else _KEPT)
    part = f"{exam.name}, {named}, head start"
    yield from _saved_rows(part, "held-out source", "dB", [start.curve for start in starts], _steps(starts))
    panels: dict[str, dict[str, Curve]] = {
        "held-out faces of the source, dB": {start.name: start.curve for start in starts}
    }
    if exam.truth is not None:
        n_frames = min(exam.actor.n_frames, _QUICK_FRAMES if quick else _FRAMES)
        looks = _looks(Sitting(exam, n_frames), starts)
        panels["fit_ssim beside the truth"] = {start.name: look for start, look in zip(starts, looks, strict=True)}
        yield from _saved_rows(part, "fit_ssim", "", looks, f"{n_frames} frames")
    _show(panels, part, folder / f"{exam.name}-head-start.png")


def _looks(sitting: Sitting, starts: Sequence[Start]) -> list[Curve]:
    """Beside the whole truth, at the moments that were kept."""
    found: list[Curve] = []
    for start in starts:
        curve = []
        for minutes, model in start.models:
            score = sitting.score(rendered(model, sitting.n_frames)).whole
            assert score is not None
            curve.append((minutes, score.fit_ssim))
        found.append(curve)
    return found


def _saved_rows(part: str, figure: str, unit: str, curves: Sequence[Curve], note: str) -> Iterator[BenchRow]:
    """curves: with the head start, from nothing. What the first has when it is first looked at, the other has later."""
    with_it, plain = curves
    first, last = with_it[0], with_it[-1]
    grown = f"after {last[0]:.1f} min {last[1]:.3f}; {note}"
    yield shown(
        part, f"{figure} with the head start, at first", round(first[1], 3), unit, f"at {first[0]:.2f} min, {grown}"
    )
    told = f"at {plain[0][0]:.1f} min {plain[0][1]:.3f}, at {plain[-1][0]:.1f} min {plain[-1][1]:.3f}"
    yield shown(part, f"{figure} from nothing, at the end", round(plain[-1][1], 3), unit, told)
    reached = reached_after(plain, first[1])
    if reached is None:
        best = f"not reached from nothing in {plain[-1][0]:.1f} min: {max(value for _, value in plain):.3f} at best"
        yield shown(part, f"minutes saved, {figure}", None, "min", best)
    else:
        saved = f"from nothing it takes {reached:.1f} min to what is there after {first[0]:.2f}"
        yield shown(part, f"minutes saved, {figure}", round(reached - first[0], 2), "min", saved)


def _steps(starts: Sequence[Start]) -> str:
    return ", ".join(f"{start.n_steps} steps {start.name}" for start in starts)


def _show(panels: dict[str, dict[str, Curve]], part: str, path: Path) -> None:
    from av_models.io.disk import new_file
    from av_models.io.head_start_curve import head_start_png

    picture = head_start_png(panels, part)
    with new_file(path) as file:
        file.write_bytes(picture)
    show_picture("bench-faces-head-start", picture, part)
