"""Scores of swaps as rows beside their targets, and a picture of how they grow with the minutes of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.edit import SwappedClip
from tasks.bench_faces_clips import Exam, clip_from, clip_of, exact_eyes, exact_lips, seen_in
from tasks.progress import Progress

if TYPE_CHECKING:
    from av_models.forensics.swap_score import Likeness, SwapScore, Truth
    from av_models.forensics.swap_score_faces import SeenClip

__all__ = ["LookTargets", "Paper", "Sitting", "curve_points", "likeness_rows", "opening_row", "score_rows",
           "targets_for", "worse_than"]  # fmt: skip

_LARGER_IS_BETTER = ("ssim", "psnr", "fit_ssim", "fit_psnr", "id_side", "mouth_r", "eyes_blink")
_SMALLER_IS_BETTER = ("id_want", "lm_eyes", "lm_mouth", "motion_err")
_NEAR_ONE = ("mouth_gain", "flicker_ratio")
"""Which way each figure is good, for the comparison of one actor with another."""


@dataclass(frozen=True, slots=True)
class LookTargets:
    """Of one length of training, at 128 px on two cores. ssim, psnr: as pasted, beside the source's face on the actor's
    head.  id_want: None where none was set."""

    fit_ssim: float
    fit_psnr: float
    ssim: float
    psnr: float
    id_want: float | None = None


_LOOKS = ("fit_ssim", "fit_psnr", "ssim", "psnr")
_SAME_MINUTES, _IN_TIME = 0.01, 1.02

_TARGETS = {5: LookTargets(0.74, 22, 0.70, 20.5), 20: LookTargets(0.82, 25, 0.76, 22, 0.34)}


def targets_for(asked: float | None, used: float) -> LookTargets | None:
    """For minutes that were asked for, and those that training really used; None for a length that nobody set a target
    for, and for counted steps.

    On a slow machine a training may be lengthened. It is held to more then: to what lies between the targets, as it
    lies between their minutes.
    """
    lengths = sorted(_TARGETS)
    at = next((length for length in lengths if asked and abs(asked - length) < _SAME_MINUTES), None)
    if at is None or used <= at * _IN_TIME or at == lengths[-1]:
        return _TARGETS.get(at) if at is not None else None
    longer = lengths[lengths.index(at) + 1]
    share = min((used - at) / (longer - at), 1.0)
    first, last = _TARGETS[at], _TARGETS[longer]
    mixed = {name: (1 - share) * getattr(first, name) + share * getattr(last, name) for name in _LOOKS}
    return LookTargets(**mixed, id_want=last.id_want if share == 1 else first.id_want)


@dataclass(frozen=True, slots=True)
class Paper:
    """What a swap scored: beside the whole truth and beside the face on the actor's head, None where there is none;
    likeness: what can be told without a truth.  opening_r: see `swap_score.opening_r`, None where it is not known."""

    whole: SwapScore | None
    face: SwapScore | None
    likeness: Likeness
    opening_r: float | None = None

    def as_json(self) -> dict[str, object]:
        parts = {"whole": self.whole, "face": self.face, "likeness": self.likeness}
        told: dict[str, object] = {
            name: {key: _or_none(value) for key, value in asdict(part).items()} if part else None
            for name, part in parts.items()
        }
        return told | {"opening_r": self.opening_r}


class Sitting:
    """One exam, ready to score any swap of its actor. n_frames: how many of the actor's frames are looked at."""

    def __init__(self, exam: Exam, n_frames: int) -> None:
        self.exam, self.n_frames = exam, n_frames
        self.actor = seen_in(exam.actor, n_frames)
        self.source = seen_in(exam.source, exam.source.n_frames)
        self.eyes, self.lips = exact_eyes(exam.labels, n_frames), exact_lips(exam.labels, n_frames)

    @cached_property
    def answers(self) -> tuple[Truth | None, Truth | None]:
        """The whole truth, and the face on the actor's head."""
        from av_models.forensics.swap_score import Truth

        found: list[Truth | None] = []
        for footage in (self.exam.truth, self.exam.face_truth):
            if footage is None:
                found.append(None)
                continue
            seen = seen_in(footage, self.n_frames)
            found.append(Truth(clip_of(footage, self.n_frames), seen, self.actor, self.source, self.eyes))
        return found[0], found[1]

    def score(self, clip: SwappedClip) -> Paper:
        """Look at a swap and compare."""
        from av_models.forensics.swap_score_faces import see_clip

        opened = clip_from(clip.video, self.n_frames)
        places = self.answers[0].truth.landmarks if self.answers[0] else self.actor.landmarks
        with Progress("score the swap", self.n_frames, "frame", self.exam.name) as progress:
            seen = see_clip(opened(), places, progress.reach)
        return self._paper(opened, seen)

    def untouched(self) -> Paper:
        """The actor as he is: the floor."""
        return self._paper(clip_of(self.exam.actor, self.n_frames), self.actor)

    def perfect(self) -> Paper | None:
        """The whole truth beside itself: how a perfect result scores, the ceiling of all that dlib measures."""
        if self.exam.truth is None:
            return None
        return self._paper(clip_of(self.exam.truth, self.n_frames), seen_in(self.exam.truth, self.n_frames))

    def _paper(self, clip: object, seen: SeenClip) -> Paper:
        from av_models.forensics.swap_score import compare_faces, judge_swap, opening_r

        whole, face = (judge_swap(clip, seen, answer) if answer else None for answer in self.answers)  # type: ignore[arg-type]
        right = self.answers[0].truth if self.answers[0] else self.actor
        opening = _or_none(opening_r(seen, self.lips)) if self.lips is not None else None
        return Paper(whole, face, compare_faces(seen, right, self.source, self.actor), opening)


def _wanted(targets: LookTargets | None, name: str) -> float | None:
    wanted: float | None = None if targets is None else getattr(targets, name)
    return wanted


def score_rows(part: str, paper: Paper, targets: LookTargets | None, note: str = "") -> Iterator[BenchRow]:
    """A swap beside its truth; without one, what can be told of any footage. targets: None shows the look alone."""
    if paper.whole is None:
        yield from likeness_rows(part, paper.likeness, "against the actor's own lips; no truth to compare with")
        return
    score = paper.whole
    yield _look(part, "fit_ssim", score.fit_ssim, _wanted(targets, "fit_ssim"), "", note)
    yield _look(part, "fit_psnr", score.fit_psnr, _wanted(targets, "fit_psnr"), "dB", note)
    if paper.face is not None:
        yield _look(
            part, "as pasted ssim", paper.face.ssim, _wanted(targets, "ssim"), "", "truth: face on actor's head"
        )
        yield _look(part, "as pasted psnr", paper.face.psnr, _wanted(targets, "psnr"), "dB", "the same")
    yield shown(part, "plain ssim", _r(score.ssim), note="size and place count; the actor himself: see the floor")
    yield shown(part, "size beside the truth's", _r(1 / score.fit_scale), "x", "1 over fit_scale")
    yield _lower(part, "id_want", paper.likeness.id_want, _wanted(targets, "id_want"))
    yield shown(part, "id_actor", _r(score.id_actor), note="distance to the actor")
    yield at_least(part, "nearer to source", _r(100 * score.id_side, 1), 100, "%", "of every fifth frame")
    yield shown(part, "landmarks, mouth", _r(score.lm_mouth), "of eyes' distance")
    yield shown(part, "landmarks, eyes", _r(score.lm_eyes), "of eyes' distance")
    yield at_least(part, "mouth correlation", _r(score.mouth_r), 0.92, "r", "with the truth's opening")
    yield at_most(part, "mouth gain away from 1", _r(abs(score.mouth_gain - 1)), 0.15, "", f"{score.mouth_gain:.3f}")
    yield opening_row(part, paper)
    yield _blink_row(part, score)
    yield at_most(part, "flicker away from 1", _r(abs(score.flicker_ratio - 1)), 0.2, "", f"{score.flicker_ratio:.3f}")


def opening_row(part: str, paper: Paper) -> BenchRow:
    opening = None if paper.opening_r is None else _r(paper.opening_r)
    return shown(part, "mouth beside the exact opening", opening, "r", "as landmarks see it; compare the truth's own")


def likeness_rows(part: str, found: Likeness, note: str) -> Iterator[BenchRow]:
    yield shown(part, "id_want", _r(found.id_want), note="distance to the source")
    yield shown(part, "id_actor", _r(found.id_actor), note="distance to the actor")
    yield at_least(part, "nearer to source", _r(100 * found.id_side, 1), 100, "%", "of every fifth frame")
    yield shown(part, "mouth correlation", _r(found.mouth_r), "r", note)
    yield shown(part, "mouth gain", _r(found.mouth_gain), "", note)


def worse_than(first: SwapScore, other: SwapScore) -> tuple[float, str]:
    """By how much the worst figure of one clip is worse than another's, as a share, and which it is.

    Figures whose best value is 1 are compared by their distance from 1, in shares of 1; all others by their ratio.
    """
    found: dict[str, float] = {}
    for name in _LARGER_IS_BETTER:
        before, after = getattr(first, name), getattr(other, name)
        found[name] = (before - after) / abs(before) if before else 0.0
    for name in _SMALLER_IS_BETTER:
        before, after = getattr(first, name), getattr(other, name)
        found[name] = (after - before) / before if before else 0.0
    for name in _NEAR_ONE:
        found[name] = abs(getattr(other, name) - 1) - abs(getattr(first, name) - 1)
    told = {name: share for name, share in found.items() if share == share}
    worst = max(told, key=lambda name: told[name])
    return told[worst], worst


def curve_points(points: Sequence[tuple[float, SwapScore]]) -> list[tuple[float, Mapping[str, float]]]:
    """(minutes, figures) for the picture, in order of time."""
    names = ("fit_ssim", "fit_psnr", "id_want", "mouth_r", "mouth_gain", "flicker_ratio")
    return [(minutes, {name: getattr(score, name) for name in names}) for minutes, score in sorted(
        points, key=lambda point: point[0])]  # fmt: skip


def _blink_row(part: str, score: SwapScore) -> BenchRow:
    name = "blinks below other frames"
    if score.eyes_blink != score.eyes_blink or score.eyes_open != score.eyes_open:
        return shown(part, name, None, note="no exact blink is known, or nobody blinks in these frames")
    note = f"SSIM round the eyes {score.eyes_blink:.3f} and {score.eyes_open:.3f}"
    return at_most(part, name, _r(score.eyes_open - score.eyes_blink), 0.05, "", note)


def _look(part: str, name: str, value: float, target: float | None, unit: str, note: str) -> BenchRow:
    measured = _r(value)
    return (
        shown(part, name, measured, unit, note)
        if target is None
        else at_least(part, name, measured, target, unit, note)
    )


def _lower(part: str, name: str, value: float, target: float | None) -> BenchRow:
    note = "mean distance to the source"
    return (
        shown(part, name, _r(value), note=note) if target is None else at_most(part, name, _r(value), target, "", note)
    )


def _r(value: float, digits: int = 3) -> float:
    return round(float(value), digits)


def _or_none(value: float) -> float | None:
    return None if value != value else value
