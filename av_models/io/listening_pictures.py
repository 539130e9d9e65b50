"""The results of a listening test as one picture: shares with their intervals, and every clip by itself."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["results_png"]

Facts = Mapping[str, Any]

_DPI, _WIDE_IN = 110, 8.5
_BLUE, _RUST, _GREY = "#2f6db5", "#b5532f", "#8a8f98"
_CAP = 3
_MOST_CHARS = 48


def results_png(facts: Facts) -> bytes:
    """facts: as `av_models.forensics.listening.judge_answers` gives them, with the names of the voices."""
    from matplotlib.figure import Figure

    rows = [row for row in _shares(facts) if row[1]["share"] is not None]
    panels = [(clips, looks, title) for clips, looks, title in _panels(facts) if clips]
    heights = [0.5 * len(rows) + 0.7, *(0.24 * len(clips) + 0.7 for clips, _, _ in panels)]
    figure = Figure(figsize=(_WIDE_IN, sum(heights)), dpi=_DPI, layout="constrained")
    axes = list(figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
    _draw_shares(axes[0], rows)
    for one, (clips, looks, title) in zip(axes[1:], panels, strict=True):
        _draw_clips(one, clips, looks, title)
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def _shares(facts: Facts) -> list[tuple[str, Facts, str]]:
    rows: list[tuple[str, Facts, str]] = []
    if judged := facts["judged"]:
        rows.append(("recordings taken\nfor recordings", judged["recordings"], _BLUE))
        rows.append((f"{facts['voice']} taken\nfor recordings", judged["syntheses"], _RUST))
        rows.append(("right answers", judged["right"], _GREY))
    if preferred := facts["preferred"]:
        rows.append((f"{facts['voice']} preferred\nto {facts['against']}", preferred["voice"], _RUST))
    return rows


def _panels(facts: Facts) -> Iterator[tuple[Sequence[Facts], list[tuple[str, str]], str]]:
    """Clips, colour and marker of each, title."""
    if judged := facts["judged"]:
        looks = [(_BLUE, "o") if one["truth"] == "recording" else (_RUST, "s") for one in judged["clips"]]
        yield judged["clips"], looks, "each clip taken for a recording (answers): recordings round, syntheses square"
    if preferred := facts["preferred"]:
        pairs = preferred["pairs"]
        yield pairs, [(_RUST, "s")] * len(pairs), f"each pair: {facts['voice']} chosen (answers)"


def _draw_shares(axes: Any, rows: Sequence[tuple[str, Facts, str]]) -> None:
    """Wilson's interval thick, that over listeners thin with caps."""
    for place, (_, one, colour) in enumerate(rows):
        axes.plot([100 * one["low"], 100 * one["high"]], [place, place], color=colour, linewidth=5, alpha=0.45)
        if one["listeners_low"] is not None:
            ends = [100 * one["listeners_low"], 100 * one["listeners_high"]]
            axes.plot(ends, [place, place], color=colour, linewidth=1, marker="|", markersize=3 * _CAP)
        axes.plot([100 * one["share"]], [place], "o", color=colour)
        axes.annotate(
            f"{100 * one['share']:.0f} % of {one['n']}", (100 * one["share"], place), (0, 7),
            textcoords="offset points", ha="center", fontsize=7,
        )  # fmt: skip
    _finish(axes, [name for name, _, _ in rows], "shares, 95 % intervals")
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _draw_clips(axes: Any, clips: Sequence[Facts], looks: Sequence[tuple[str, str]], title: str) -> None:
    for place, (one, (colour, marker)) in enumerate(zip(clips, looks, strict=True)):
        if one["share"] is not None:
            axes.plot([100 * one["low"], 100 * one["high"]], [place, place], color=colour, linewidth=3, alpha=0.3)
            axes.plot([100 * one["share"]], [place], marker, color=colour, markersize=4)
    _finish(axes, [f"{_short(one['text'])} ({one['n']})" for one in clips], title)
    axes.set_ylim(len(clips) - 0.4, -0.6)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1].rstrip() + "…"


def _finish(axes: Any, names: Sequence[str], title: str) -> None:
    axes.axvline(50, color=_GREY, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("%", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_title(title, fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
