"""The course of a training as a picture: held-out quality over minutes, what it was stopped by."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["curve_png"]

_COLOURS = {"source": "#2f6db5", "actor": "#8a8f98"}
_DPI = 110


def curve_png(curve: Sequence[Mapping[str, Any]], title: str) -> bytes:
    """curve: points with `train_s`, `step`, `source_db` and `actor_db`; steps stand on a second axis above."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    minutes = [point["train_s"] / 60 for point in curve]
    for person, colour in _COLOURS.items():
        values = [point[f"{person}_db"] for point in curve]
        axes.plot(minutes, values, "o-", color=colour, markersize=3, linewidth=1.4, label=f"{person}, repainted")
    axes.set_xlabel("minutes of training", fontsize=8)
    axes.set_ylabel("held-out faces, PSNR in dB", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left")
    axes.grid(color="#e3e5e8", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    if curve:
        axes.set_xlim(left=0)
        axes.legend(fontsize=8, frameon=False, loc="lower right")
        last = curve[-1]
        said = f"{last['step']} steps, {last['source_db']:.1f} dB"
        axes.annotate(
            said, (minutes[-1], last["source_db"]), (-4, 6), textcoords="offset points", fontsize=8, ha="right"
        )
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
