"""Pictures of a voice: the curves of its training, and all that it said in one script."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curves_png", "overview_png"]

Floats = NDArray[np.float32]
Point = tuple[float, Mapping[str, float]]

_DPI = 100
_BLUE, _GREY = "#2f6db5", "#8a8f98"
_MOST_NUMBERS = 60


def curves_png(curves: Mapping[str, Sequence[Point]]) -> bytes:
    """Held-out figures over seconds of training. curves: by network, points of (seconds, figures by name)."""
    figure = _figure(11.0, 2.6 * max(1, len(curves)))
    rows = figure.subfigures(max(1, len(curves)), 1, squeeze=False)[:, 0]
    for row, (part, points) in zip(rows, curves.items(), strict=False):
        names = list(points[-1][1]) if points else []
        row.suptitle(part, fontsize=10)
        axes = row.subplots(1, max(1, len(names)), squeeze=False)[0]
        for one, name in zip(axes, names, strict=False):
            one.plot(
                [seconds for seconds, _ in points], [values.get(name, np.nan) for _, values in points], color=_BLUE
            )
            one.set_title(name, fontsize=8)
            one.tick_params(labelsize=7)
            one.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def overview_png(envelope: Floats, pitch_hz: Floats, seconds: float, starts_s: Sequence[float], title: str) -> bytes:
    """A whole script on one axis: how loud, how high, and where each line begins.

    envelope: (n,) peaks, pitch_hz: (m,) with 0 where there is no voice; both evenly over `seconds`.
    """
    figure = _figure(16.0, 4.0)
    wave, melody = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    wave.set_title(title, fontsize=9, loc="left")
    at_s = np.linspace(0, seconds, len(envelope), endpoint=False)
    wave.fill_between(at_s, -envelope, envelope, color=_GREY, linewidth=0.3)
    wave.set_yticks([])
    wave.spines[["top", "right", "left"]].set_visible(False)
    heard = np.where(pitch_hz > 0, pitch_hz, np.nan)
    melody.plot(np.linspace(0, seconds, len(heard), endpoint=False), heard, ".", markersize=1.5, color=_BLUE)
    melody.set_ylabel("pitch, Hz", fontsize=8)
    melody.set_xlabel("s", fontsize=8)
    for number, start_s in enumerate(starts_s, start=1):
        for axes in (wave, melody):
            axes.axvline(start_s, color=_GREY, linewidth=0.6)
        if len(starts_s) <= _MOST_NUMBERS:
            place = (start_s, 1.0)
            melody.annotate(str(number), place, xycoords=("data", "axes fraction"), fontsize=6, color=_GREY)
    melody.set_xlim(0, max(seconds, 1e-3))
    return _png(figure)


def _figure(wide_in: float, high_in: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(wide_in, high_in), dpi=_DPI, layout="constrained")


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
