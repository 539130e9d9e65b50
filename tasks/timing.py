"""The edit as a stage: where every line lies, which footage carries it, and how lips and sound come together."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.edit import Fit, Lips, LipsChoice, Timeline
from av_models.domain.face import FaceTrack
from av_models.domain.speech import Alignment
from tasks.caching import stage
from tasks.layout import FIRST_LEAD_S, LAST_TAIL_S, Layout
from tasks.performance import Performance
from tasks.planning import Planned, plan_lines

__all__ = ["FIRST_LEAD_S", "LAST_TAIL_S", "fit_performance"]


@stage("3")
def fit_performance(alignments: tuple[Alignment, ...], actor: FaceTrack, fit: Fit, lips: Lips) -> Timeline:
    """Lay the lines one after the other, find the actor's frames that carry each, and conform what must be.

    lips: KEEP never lets the speech move them, DRIVE always does; AUTO leaves it to `fit`.
    """
    performance = Performance(actor)
    lines, heard = plan_lines(alignments, performance, fit, lips)
    placements = Layout(lines, performance).placements()
    return Timeline(performance.rate, placements, _lips(lines, fit, lips, heard))


def _lips(lines: Sequence[Planned], fit: Fit, lips: Lips, heard: str) -> LipsChoice:
    """What the lips do on the whole, with the reason."""
    fits = [part.fit for line in lines for part in line.parts]
    n_driven = sum(one is Fit.DRIVE for one in fits)
    mode = Lips.DRIVE if n_driven else Lips.KEEP
    if n_driven == len(fits):
        if fit is Fit.DRIVE or lips is Lips.DRIVE:
            return LipsChoice(mode, "The lips follow the speech, as asked.")
        return LipsChoice(mode, f"The actor does not say these words, so the speech drives the lips. {heard}".strip())
    said = [part.guide is not None and part.guide.said for line in lines for part in line.parts]
    own = "The actor says these words" if all(said) else f"The actor says {sum(said)} of {len(fits)} phrases"
    if n_driven:
        return LipsChoice(mode, f"{own}: those lips are kept, the speech drives the others. {heard}".strip())
    asked = ", as asked" if lips is Lips.KEEP else ""
    return LipsChoice(mode, f"{own}, and the actor's own lips are kept{asked}." + ("" if all(said) else f" {heard}"))
