"""How like a cloned voice is its speaker, by the seconds that it was cloned from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

__all__ = ["likeness_png"]

_COLOURS = {"encode": "#2f6db5", "adapt": "#c8622d", "adapt+vocoder": "#5b8f4d"}
_LABEL_PT = {"encode": -14, "adapt": 7, "adapt+vocoder": 7}
_GREY = "#8a8f98"
_DPI = 110
_NAMES = {
    "encode": "measured (encode)",
    "adapt": "taught (adapt)",
    "adapt+vocoder": "taught, with its vocoder",
}


def likeness_png(
    points: Mapping[str, Sequence[tuple[float, float]]], before: float, ceiling: float | None, judged_on: str
) -> bytes:
    """Likeness over seconds on a logarithmic axis. points: (seconds, likeness) by method.

    before: of the voice that was started from.  ceiling: of the sample to itself, if it is known.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator

    figure = Figure(figsize=(7.0, 4.0), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for level, name in ((before, "the voice it was made from"), (ceiling, "the sample itself")):
        if level is not None:
            axes.axhline(level, color=_GREY, linewidth=1, linestyle="--")
            axes.annotate(
                name,
                (1, level),
                (-4, 4),
                ("axes fraction", "data"),
                "offset points",
                ha="right",
                fontsize=8,
                color=_GREY,
            )
    for method, found in points.items():
        xs, ys = zip(*sorted(found), strict=True)
        axes.plot(xs, ys, "o-", color=_COLOURS[method], label=_NAMES[method])
        for x, y in zip(xs, ys, strict=True):
            axes.annotate(
                f"{y:.2f}", (x, y), (0, _LABEL_PT[method]), textcoords="offset points", ha="center", fontsize=8
            )
    everything = [before, *(y for found in points.values() for _, y in found), *([ceiling] if ceiling else [])]
    axes.set_ylim(min(everything) - 0.06, max(everything) + 0.06)
    axes.set_xscale("log")
    seconds = sorted({round(x, 1) for found in points.values() for x, _ in found})
    axes.set_xlim(seconds[0] / 1.6, seconds[-1] * 1.6)
    axes.xaxis.set_major_locator(FixedLocator(seconds))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{one:g}" for one in seconds], fontsize=8)
    axes.set_xlabel("seconds of the sample", fontsize=9)
    axes.set_ylabel(f"likeness to {judged_on}", fontsize=9)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="center left")
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
