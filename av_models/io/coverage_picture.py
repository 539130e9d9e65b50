"""A clip's coverage of a face as a picture: where the head was turned, and how far the mouth opened."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np

__all__ = ["coverage_png"]

_BLUE, _GREY = "#2b6cb0", "#718096"
_TITLE_LETTERS = 130


def coverage_png(
    seen: Sequence[Sequence[int]],
    yaw_edges: Sequence[float],
    pitch_edges: Sequence[float],
    mouth: Sequence[int],
    mouth_edges: Sequence[float],
    title: str,
) -> bytes:
    """PNG: a map of faces by turn and nod, and a histogram of the mouth. seen: (P, Y) faces between the edges."""
    from matplotlib.figure import Figure

    # Figure without pyplot: no global state, so threads may draw at once.
    figure = Figure(figsize=(11, 4.2), dpi=100, facecolor="white", layout="constrained")
    figure.suptitle("\n".join(textwrap.wrap(title, _TITLE_LETTERS)), fontsize=10)
    turns, lips = figure.subplots(1, 2, width_ratios=(1.7, 1))
    counts = np.asarray(seen, float)
    shown = np.where(counts > 0, np.log10(np.maximum(counts, 1)) + 0.3, np.nan)
    turns.pcolormesh(yaw_edges, pitch_edges, shown, cmap="Blues", vmin=0, edgecolors="#e2e8f0", linewidth=0.8)
    for row, column in np.argwhere(counts > 0):
        x = (yaw_edges[column] + yaw_edges[column + 1]) / 2
        y = (pitch_edges[row] + pitch_edges[row + 1]) / 2
        color = "white" if shown[row, column] > 0.6 * np.nanmax(shown) else "black"
        turns.text(x, y, f"{int(counts[row, column])}", ha="center", va="center", fontsize=8, color=color)
    turns.invert_yaxis()
    turns.set_xlabel("turned to the picture's left  ←  degrees  →  right", fontsize=9)
    turns.set_ylabel("down  ←  nod, degrees  →  up", fontsize=9)
    turns.set_title("faces by turn of the head", fontsize=10, color=_GREY)
    lips.bar(mouth_edges[:-1], mouth, width=np.diff(mouth_edges), align="edge", color=_BLUE, edgecolor="white")
    lips.set_xlabel("height of the mouth's opening over its width", fontsize=9)
    lips.set_title("faces by opening of the mouth", fontsize=10, color=_GREY)
    for side in ("top", "right"):
        lips.spines[side].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
