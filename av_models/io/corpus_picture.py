"""A corpus at a glance: lengths, pitch, phones and what was refused, as one picture."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["corpus_png"]

_WIDE_IN, _HIGH_IN, _DPI = 11.0, 7.0, 100
_BLUE, _RED, _GREY = "#2f6db5", "#b5452f", "#8a8f98"
_FEW = 20


def corpus_png(facts: Mapping[str, Any], title: str) -> bytes:
    """facts: as `av_models.speech.corpus.summary.summary` gives them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDE_IN, _HIGH_IN), dpi=_DPI, layout="constrained")
    grid = figure.subplot_mosaic(
        [["length", "pitch"], ["phones", "phones"], ["refused", "refused"]], height_ratios=(4, 4, 3)
    )
    minutes = facts["seconds"] / 60
    figure.suptitle(f"{title}: {facts['clips']} clips, {minutes:.1f} min; {facts['refused']} refused")
    _bars(grid["length"], facts["length_s"]["edges"], facts["length_s"]["clips"], "Length of a clip, s", "clips")
    _bars(grid["pitch"], facts["pitch_hz"]["edges"], facts["pitch_hz"]["frames"], "Pitch, Hz", "frames")
    _phones(grid["phones"], facts["phones"])
    _refused(grid["refused"], facts["reasons"])
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def _bars(axes: Axes, edges: list[float], counts: list[int], label: str, unit: str) -> None:
    axes.stairs(counts, edges, fill=True, color=_BLUE)
    axes.set_xlabel(label)
    axes.set_ylabel(unit)
    _plain(axes)


def _phones(axes: Axes, counts: Mapping[str, int]) -> None:
    """Logarithmic, as TH and ZH are some hundred times rarer than AH; those that are missing are named in red."""
    names = list(counts)
    colours = [_BLUE if counts[name] >= _FEW else _RED for name in names]
    axes.bar(range(len(names)), [max(counts[name], 0.5) for name in names], color=colours)
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), names, fontsize=7)
    axes.set_xlim(-0.6, len(names) - 0.4)
    for tick, name in zip(axes.get_xticklabels(), names, strict=True):
        tick.set_color(_RED if counts[name] == 0 else "black")
    axes.set_ylabel("times said")
    axes.set_xlabel(f"Phones; fewer than {_FEW} times in red")
    _plain(axes)


def _refused(axes: Axes, reasons: Mapping[str, int]) -> None:
    axes.set_xlabel("Refused clips by reason")
    if not reasons:
        axes.set_axis_off()
        axes.text(0, 0.5, "No clip was refused.", color=_GREY)
        return
    names = list(reasons)[:8]
    axes.barh(range(len(names)), [reasons[name] for name in names], color=_GREY)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
