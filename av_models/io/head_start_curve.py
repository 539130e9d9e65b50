"""Two trainings of the same minutes as a picture: with a head start, and from nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

__all__ = ["head_start_png"]

_COLOURS = "#2f6db5", "#8a8f98"
_DPI = 90

Curve = Sequence[tuple[float, float]]
"""(minutes, value), in order of time."""


def head_start_png(panels: Mapping[str, Mapping[str, Curve]], title: str) -> bytes:
    """panels: what is measured -> name of the training -> its curve; the first training stands out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * max(1, len(panels)), 3.2), dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=9)
    row = figure.subplots(1, max(1, len(panels)), squeeze=False)[0]
    for axes, (measured, curves) in zip(row, panels.items(), strict=False):
        for colour, (name, curve) in zip(_COLOURS, curves.items(), strict=False):
            axes.plot(*zip(*curve, strict=True), "o-", color=colour, markersize=3, linewidth=1.4, label=name)
        axes.set_xlabel("minutes, closed forms included", fontsize=8)
        axes.set_ylabel(measured, fontsize=8)
        axes.set_xlim(left=0)
        axes.grid(color="#e3e5e8", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.legend(fontsize=8, frameon=False, loc="lower right")
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
