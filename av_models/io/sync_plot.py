"""A picture of lips against speech: the gap that was seen, the opening that the speech asks for, and every closure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.sync import LipSync

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sync_plot"]

Floats = NDArray[np.float64]

_GAP, _TARGET, _HIT, _MISS, _QUIET = "#8a3b12", "#1f5fa8", "#17693a", "#b3261e", "#70747c"
_ROW_S, _MOST_ROWS = 15.0, 24
_WIDTH_IN, _ROW_IN, _HEAD_IN = 13.0, 1.55, 1.9


def sync_plot(time_s: Floats, gap: Floats, target: Floats, sync: LipSync, title: str, verdict: str) -> bytes:
    """PNG. The offset of every stretch on top, then 15 s a row (of the first six minutes).

    time_s, gap, target: (n,), NaN without a face; the target is scaled onto the gap.
    """
    from matplotlib.figure import Figure

    n_rows = int(min(max(np.ceil(float(time_s[-1]) / _ROW_S), 1), _MOST_ROWS))
    height_in = _HEAD_IN + n_rows * _ROW_IN + 0.5
    # Figure without pyplot: no global state, so threads may draw at once.
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=100, facecolor="white")
    rows = figure.subplots(n_rows + 1, 1, gridspec_kw={"height_ratios": [1.1, *([1.0] * n_rows)]}, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.055, right=0.985, top=1 - 0.75 / height_in, bottom=0.45 / height_in, hspace=0.42)
    figure.text(0.055, 1 - 0.26 / height_in, title, fontsize=12, fontweight="bold", va="center")
    figure.text(0.055, 1 - 0.52 / height_in, verdict, fontsize=10, color=_QUIET, va="center")
    _draw_course(rows[0], sync, float(time_s[-1]))
    wanted = scaled_onto(target, gap)
    top = max(float(np.nanmax(gap, initial=0.1)), float(np.nanmax(wanted, initial=0.1)), 0.1) * 1.15
    for number, axes in enumerate(rows[1:]):
        _draw_row(axes, number * _ROW_S, time_s, gap, wanted, sync, top)
    rows[1].legend(loc="upper right", fontsize=7, ncols=2, frameon=False)
    rows[-1].set_xlabel("seconds", fontsize=8, color=_QUIET, labelpad=1)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()


def scaled_onto(target: Floats, gap: Floats) -> Floats:
    """The target, scaled and moved by least squares onto the gap, so that both share one axis; NaN if it cannot be."""
    seen = np.isfinite(target) & np.isfinite(gap)
    if seen.sum() < 2 or np.std(target[seen]) < 1e-9:
        return np.full_like(target, np.nan)
    slope, level = np.polyfit(target[seen], gap[seen], 1)
    return np.asarray(target * max(slope, 0.0) + level)


def _draw_course(axes: Axes, sync: LipSync, end_s: float) -> None:
    """Offsets of the stretches, the whole with its error, and what EBU R37 allows at the output."""
    shown = [one.offset_ms for one in sync.stretches]
    if sync.offset_ms is not None:
        shown.append(sync.offset_ms)
        error = 2 * (sync.offset_error_ms or 0.0)
        axes.axhspan(sync.offset_ms - error, sync.offset_ms + error, color=_TARGET, alpha=0.18, lw=0)
        axes.axhline(sync.offset_ms, color=_TARGET, lw=1.5)
    axes.plot([one.at_s for one in sync.stretches], [one.offset_ms for one in sync.stretches], "o", ms=4, color=_GAP)
    for limit in (-60, 40):
        axes.axhline(limit, color=_MISS, lw=0.8, ls=(0, (2, 3)))
    low, high = min([-75.0, *shown]), max([55.0, *shown])
    axes.set_ylim(low - 15, high + 15)
    axes.set_xlim(0, max(end_s, 1.0))
    axes.text(1.0, 1.02, "sound early (+) or late (-), ms; dotted: EBU R37 at the output", fontsize=7, color=_QUIET,
              ha="right", va="bottom", transform=axes.transAxes)  # fmt: skip
    _quiet(axes)


def _draw_row(
    axes: Axes, start_s: float, time_s: Floats, gap: Floats, wanted: Floats, sync: LipSync, top: float
) -> None:
    part = (time_s >= start_s - 0.2) & (time_s <= start_s + _ROW_S + 0.2)
    axes.plot(time_s[part], wanted[part], color=_TARGET, lw=1.1, ls="--", label="asked for by the speech")
    axes.plot(time_s[part], gap[part], color=_GAP, lw=1.4, label="gap between the lips")
    axes.axhline(sync.closed_gap, color=_QUIET, lw=0.8, ls=(0, (2, 3)))
    for one in sync.closures:
        if start_s - 0.2 <= one.start_s <= start_s + _ROW_S:
            colour = _HIT if one.hit else _MISS
            axes.axvspan(one.start_s, one.end_s, color=colour, alpha=0.16 if one.hit else 0.3, lw=0)
            marker, y = ("o", 0.94 * top) if one.hit else ("x", 0.94 * top)
            axes.plot([(one.start_s + one.end_s) / 2], [y], marker, ms=4, color=colour)
            axes.text(one.end_s, 0.94 * top, f" {one.phone.lower()}", fontsize=7, color=colour, va="center")
    axes.set_xlim(start_s, start_s + min(_ROW_S, max(float(time_s[-1]), 1.0)))
    axes.set_ylim(0, top)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    axes.tick_params(labelsize=7, colors=_QUIET, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x", color="#e6e3dc", lw=0.6)
