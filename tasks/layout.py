"""Lines laid one after the other: which footage carries each, and when it is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.edit import Anchor, Fit, PhraseFit, Placement, SoundAnchor
from av_models.domain.time import frames_covering
from tasks.conforming import conformed
from tasks.performance import Performance
from tasks.phrase_fits import advice_on, phrase_fits
from tasks.planning import Planned

if TYPE_CHECKING:
    from av_models.lips.lay import Laid

__all__ = ["FIRST_LEAD_S", "LAST_TAIL_S", "Layout"]

FIRST_LEAD_S = Fraction(30, 100)
LINE_GAP_S = Fraction(30, 100)
PARAGRAPH_GAP_S = Fraction(45, 100)
LAST_TAIL_S = Fraction(60, 100)
MOST_PAUSE_S = 4.0
"""A longer pause of the actor between two lines is cut out, as an editor would."""

_AFTER_SPEECH_S = 0.08
_OVERHANG_S = 0.1
"""Where the actor goes on at once, the end of a line may sound into the next one's picture: the programme is mixed."""

_OFF_S = 0.08
"""Two frames of film."""


@dataclass
class Layout:
    """One line after the other; `reached` is the place in the footage, on its grid, at which the last one ended."""

    lines: Sequence[Planned]
    performance: Performance
    reached: float | None = None
    first_frame: int = 0

    def placements(self) -> tuple[Placement, ...]:
        made = []
        for index, line in enumerate(self.lines):
            placement = self._driven(index) if line.is_driven else self._kept(index)
            self.first_frame += placement.n_frames
            made.append(placement)
        return tuple(made)

    def _driven(self, index: int) -> Placement:
        """The footage plays under speech that it does not say."""
        line = self.lines[index]
        lead = _lead(self.lines, index)
        tail = LAST_TAIL_S if index == len(self.lines) - 1 else Fraction(0)
        n = frames_covering(lead + line.alignment.speech.duration + tail, self.performance.rate)
        path, how, note = self._path_of_driven(index, n)
        starts = [lead + part.phrase.start for part in line.parts]
        ends = [lead + part.phrase.end for part in line.parts]
        fits = phrase_fits(line, list(zip(starts, ends, strict=True)), n, self.performance.rate, note)
        self.reached = float(path[-1]) + 1
        return Placement(line.alignment, self.first_frame, n, lead, self._anchors(path), how, fits, (), note)

    def _path_of_driven(self, index: int, n: int) -> tuple[np.ndarray, str, str]:
        """Positions (n,) on the grid, how they were made, and what should be said about the footage."""
        from av_models.lips.conform import best_stretch, line_path, play, travel

        rate, seen = self.performance.rate, self.performance.seen
        first, last = best_stretch(~(seen["away"] | seen["hidden"]), seen["cut"], rate)
        n_all = len(self.performance.times)
        if len(self.lines) == 1 and n <= n_all and not (seen["away"] | seen["hidden"]).any():
            first, last = 0, n_all - 1
        note = self._left_out(first, last)
        arrive = self._entry(index + 1)
        if self._is_kept(index - 1) or arrive is not None:
            start = self.reached if self._is_kept(index - 1) and self.reached is not None else float(first)
            start = min(max(start, first), last)
            try:
                if arrive is not None and first <= arrive <= last:
                    return travel(n, start, arrive, first, last, rate), "looped", note
            except ValueError:
                pass  # the next line is too far away: the picture is cut there
            return first + play(n, start - first, 1, last - first + 1), "cut", note
        n_lines, rest = len(self.lines), self._rest(first, last)
        path, how = line_path(index, n_lines, n, rest - first, last - first + 1, rate, seen["blink"][first : last + 1])
        return first + path, how, note

    def _kept(self, index: int) -> Placement:
        """The actor's own lips: the programme follows the footage where the sound is conformed, the voice elsewhere."""
        from av_models.lips.lay import lay_line

        line, performance = self.lines[index], self.performance
        enter = self._start_frame(index)
        before = self._before_guide(line)
        guide = next(part.guide for part in line.parts if part.guide is not None) if before is not None else None
        first_s = float(_lead(self.lines, index))
        if guide is not None and before is not None:
            first_s = guide.start_s - performance.second(enter) - before
        laid = lay_line(line.alignment, line.parts, first_s)
        alignment, sound = conformed(line.alignment, laid.time_map) if laid.time_map else (line.alignment, None)
        n = self._n_frames(index, enter, laid)
        path, how = self._path_of_kept(line, laid, enter, n)
        self.reached = float(path[-1]) + 1
        fits = phrase_fits(line, laid.spans, n, performance.rate, "")
        sound_map = (
            tuple(SoundAnchor(*pair) for pair in zip(laid.time_map.spoken_s, laid.time_map.heard_s, strict=True))
            if laid.time_map
            else ()
        )
        advice = " ".join([*advice_on(fits), *self._missed(line, laid, path), *self._unseen(path, fits)])
        anchors = self._anchors(path)
        start = laid.speech_start
        return Placement(alignment, self.first_frame, n, start, anchors, how, fits, sound_map, advice, sound)

    def _path_of_kept(self, line: Planned, laid: Laid, enter: int, n: int) -> tuple[np.ndarray, str]:
        from av_models.lips.conform import folded, straightened
        from av_models.lips.lay import pins_of
        from av_models.lips.picture_path import Pin, retimed_path

        performance, rate = self.performance, float(self.performance.rate)
        if all(part.fit is Fit.PICTURE for part in line.parts):
            path, turned = folded(enter + np.arange(n, dtype=float), len(performance.times), performance.rate)
            return path, "looped" if turned else "kept"
        pins = [Pin(0.0, performance.second(enter), 3.0), *pins_of(line.parts, laid)]
        middles = (np.arange(n - 1) + 0.5) / rate
        own, pause = np.zeros(n - 1, bool), np.ones(n - 1, bool)
        for part, wanted_s, (start, end) in zip(line.parts, laid.wanted_s, laid.spans, strict=True):
            pause &= ~((middles > float(start)) & (middles < float(end)))
            if part.is_conformed:
                own |= (middles > wanted_s) & (middles < wanted_s + part.length_s)
        seconds = retimed_path(n, performance.rate, pins, performance.blinks, own, pause)
        path, turned = folded(performance.positions(seconds), len(performance.times), performance.rate)
        return straightened(path), "looped" if turned else "retimed"

    def _n_frames(self, index: int, enter: int, laid: Laid) -> int:
        """Up to where the next line takes over; longer if the speech is not over by then."""
        line, performance = self.lines[index], self.performance
        over_s = max(float(laid.spans[-1][1]), laid.wanted_s[-1] + line.parts[-1].length_s)
        rate = performance.rate
        spare_s = -_OVERHANG_S if self._follows(index + 1) else _AFTER_SPEECH_S
        heard_out = -int(-(float(laid.spans[-1][1]) + spare_s) * float(rate) // 1)
        conformed = all(part.is_conformed for part in line.parts)
        leave = self._leave(index)
        if leave is not None and conformed:
            return max(round(leave) - enter, heard_out, 2)
        last_guide = line.parts[-1].guide
        tail_s = float(LAST_TAIL_S) if index == len(self.lines) - 1 else float(LINE_GAP_S)
        if leave is not None and last_guide is not None:
            tail_s = performance.second(leave) - last_guide.end_s
        return max(-int(-(over_s + max(tail_s, 0.0)) * float(rate) // 1), heard_out, 2)

    def _start_frame(self, index: int) -> int:
        """Where in the footage a kept line begins: where the one before it ended, or shortly before its own words."""
        if self._follows(index) and self.reached is not None:
            return round(self.reached)
        entry = self._entry(index)
        return round(entry) if entry is not None else round(self.reached or 0.0)

    def _entry(self, index: int) -> float | None:
        """Where in the footage a kept line would begin by itself, on the grid; None for other lines."""
        if not self._is_kept(index):
            return None
        line = self.lines[index]
        before = self._before_guide(line)
        if before is None:
            return None
        start_s = next(part.guide.start_s for part in line.parts if part.guide is not None) - before
        boundary = self._pause_before(index)
        lead_s = float(FIRST_LEAD_S) if boundary is None else boundary / 2
        return float(np.floor(max(self.performance.frame(start_s - lead_s), 0.0) + 1e-6))

    def _leave(self, index: int) -> float | None:
        """Where in the footage a kept line ends, on the grid; None where nothing tells."""
        line = self.lines[index]
        guided = [part for part in line.parts if part.guide is not None]
        if not guided or guided[-1].guide is None:
            return None
        following = self._entry(index + 1) if self._follows(index + 1) else None
        if following is not None:
            return following
        tail_s = LAST_TAIL_S if index == len(self.lines) - 1 else LINE_GAP_S
        last = len(self.performance.times)
        return min(float(np.ceil(self.performance.frame(guided[-1].guide.end_s + float(tail_s)))), float(last))

    def _pause_before(self, index: int) -> float | None:
        """Seconds of the footage between two kept lines that follow each other in it; None if they do not."""
        if not (self._is_kept(index) and self._is_kept(index - 1)):
            return None
        before = [part.guide for part in self.lines[index - 1].parts if part.guide is not None]
        after = [part.guide for part in self.lines[index].parts if part.guide is not None]
        if not before or not after:
            return None
        pause_s = after[0].start_s - before[-1].end_s
        return pause_s if -0.3 <= pause_s <= MOST_PAUSE_S else None

    def _follows(self, index: int) -> bool:
        return self._pause_before(index) is not None

    def _is_kept(self, index: int) -> bool:
        return 0 <= index < len(self.lines) and not self.lines[index].is_driven

    @staticmethod
    def _before_guide(line: Planned) -> float | None:
        """Seconds of speech of a line before its first phrase that has something to follow; None if none has."""
        for part in line.parts:
            if part.guide is not None:
                return float(part.phrase.start - line.parts[0].phrase.start)
        return None

    def _rest(self, first: int, last: int) -> float:
        """The moment of rest, or the one nearest to it that may be shown."""
        return float(min(max(self.performance.rest, first), last))

    def _anchors(self, path: np.ndarray) -> tuple[Anchor, ...]:
        from av_models.lips.conform import anchors_of, whole_at_cuts

        return anchors_of(whole_at_cuts(path, self.performance.seen["cut"]), self.performance.times)

    def _left_out(self, first: int, last: int) -> str:
        """What the stretch first..last of the footage was chosen for."""
        if (first, last) == (0, len(self.performance.times) - 1):
            return ""
        span = f"{self.performance.second(first):.1f} to {self.performance.second(last):.1f} s"
        return f"Only {span} of the footage is used: elsewhere the mouth is hidden, the face away, or another shot."

    def _missed(self, line: Planned, laid: Laid, path: np.ndarray) -> list[str]:
        """Phrases whose picture cannot be retimed far enough."""
        from av_models.lips.lay import pins_of

        seconds = np.array([self.performance.second(float(position)) for position in path])
        at_s = np.arange(len(path)) / float(self.performance.rate)
        told = []
        for k, part in enumerate(line.parts):
            alone = [replace(one, guide=None) if n != k else one for n, one in enumerate(line.parts)]
            pins = pins_of(alone, laid) if part.fit is Fit.SOUND else []
            off = [abs(float(np.interp(pin.at_s, at_s, seconds)) - pin.footage_s) for pin in pins]
            if off and np.percentile(off, 90) > _OFF_S:
                told.append(
                    f"In phrase {k + 1} the picture stays up to {1000 * max(off):.0f} ms off the sound: "
                    "the voice's tempo is too far from the actor's."
                )
        return told

    def _unseen(self, path: np.ndarray, fits: Sequence[PhraseFit]) -> list[str]:
        """Phrases whose own lips cannot be seen well."""
        seen = self.performance.seen
        poor = seen["away"] | seen["hidden"]
        shown = poor[np.clip(np.rint(path).astype(int), 0, len(poor) - 1)]
        told = [
            k for k, fit in enumerate(fits, 1) if shown[fit.first_frame : fit.first_frame + fit.n_frames].mean() > 0.2
        ]
        told_of = ", ".join(map(str, told))
        return [f"In phrase {told_of} the actor's mouth is hidden or turned away; use other footage."] if told else []


def _lead(lines: Sequence[Planned], index: int) -> Fraction:
    """Silence before a line. It belongs to the line's own shot, so that a line's length concerns nobody else."""
    if index == 0:
        return FIRST_LEAD_S
    line, before = (lines[i].alignment.speech.utterance.line for i in (index, index - 1))
    return PARAGRAPH_GAP_S if line.paragraph != before.paragraph else LINE_GAP_S
