"""Two small charts as SVG text: lips against speech, and the course of a training. Colours come from the page's CSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["lip_chart", "training_chart"]

Floats = NDArray[np.float64]

_PX_PER_S = 64
_HEIGHT_PX = 190
_TOP_PX, _BOTTOM_PX, _LEFT_PX = 26, 26, 44


def lip_chart(
    time_s: Floats, gap: Floats, target: Floats, closures: Sequence[Mapping[str, Any]], closed_gap: float
) -> str:
    """Lip gap (n,) over time with the target scaled onto it, and a mark for every p, b, m: dot hit, cross miss."""
    duration_s = float(time_s[-1]) if len(time_s) else 1.0
    width_px = max(900, round(duration_s * _PX_PER_S) + _LEFT_PX + 12)
    wanted = _onto(target, gap)
    top = float(np.nanmax([np.nanmax(gap, initial=0.1), np.nanmax(wanted, initial=0.1), 0.1])) * 1.08
    floor_px = _HEIGHT_PX - _BOTTOM_PX

    def x(seconds: float) -> float:
        return _LEFT_PX + seconds * (width_px - _LEFT_PX - 12) / max(duration_s, 1e-6)

    def y(value: float) -> float:
        return floor_px - max(value, 0.0) / top * (floor_px - _TOP_PX)

    parts = [
        *_time_axis(duration_s, x, floor_px),
        *_value_axis(np.arange(0, top, 0.1 if top > 0.15 else 0.05), y, width_px - 12),
        f'<line class="limit" x1="{_LEFT_PX}" x2="{width_px - 12}" y1="{y(closed_gap):.1f}" y2="{y(closed_gap):.1f}"/>',
        _line("target", time_s, wanted, x, y),
        _line("gap", time_s, gap, x, y),
        *(_closure_mark(closure, x) for closure in closures),
    ]
    title = "Gap between the lips over mouth width, measured on the master, against what the speech asks for"
    return _svg("lips", width_px, _HEIGHT_PX, title, parts)


def training_chart(curve: Sequence[Mapping[str, Any]]) -> str:
    """Held-out quality in dB over training seconds for both people; '' with fewer than two points."""
    if len(curve) < 2:
        return ""
    width_px, height_px = 560, 230
    seconds = np.array([point["train_s"] for point in curve], float)
    both = {name: np.array([point[f"{name}_db"] for point in curve], float) for name in ("source", "actor")}
    low = float(np.floor(min(series.min() for series in both.values())))
    high = float(np.ceil(max(series.max() for series in both.values())))
    floor_px = height_px - _BOTTOM_PX

    def x(value: float) -> float:
        return _LEFT_PX + value * (width_px - _LEFT_PX - 60) / float(seconds.max())

    def y(value: float) -> float:
        return floor_px - (value - low) / max(high - low, 1e-6) * (floor_px - _TOP_PX)

    parts = _value_axis(np.linspace(low, high, 5), y, width_px - 60)
    for value in np.linspace(0, float(seconds.max()), 5):
        parts.append(f'<text x="{x(value):.1f}" y="{height_px - 8}" text-anchor="middle">{value:.0f} s</text>')
    higher = max(both, key=lambda name: both[name][-1])
    for name, series in both.items():
        parts.append(_line(name, seconds, series, x, y))
        # Apart by at least the height of a letter, however close the curves end.
        down_px = -3 if name == higher else 11
        at = f'x="{x(seconds[-1]) + 6:.1f}" y="{y(series[-1]) + down_px:.1f}"'
        parts.append(f'<text class="{name}" {at}>{name}</text>')
    return _svg("training", width_px, height_px, "Held-out faces through their own decoder, PSNR in dB", parts)


def _onto(target: Floats, gap: Floats) -> Floats:
    """The target, scaled and moved by least squares onto the gap, so that both share one axis."""
    seen = np.isfinite(target) & np.isfinite(gap)
    if seen.sum() < 2 or np.std(target[seen]) < 1e-9:
        return np.full_like(target, np.nan)
    slope, offset = np.polyfit(target[seen], gap[seen], 1)
    return np.asarray(target * max(slope, 0.0) + offset)


def _closure_mark(closure: Mapping[str, Any], x: Any) -> str:
    left, right = x(closure["start_s"]), x(closure["end_s"])
    middle, kind = (left + right) / 2, "hit" if closure["hit"] else "miss"
    sign = (
        f'<circle class="hit" cx="{middle:.1f}" cy="9" r="4"/>'
        if closure["hit"]
        else f'<path class="miss" d="M{middle - 4:.1f} 5l8 8m0-8l-8 8"/>'
    )
    about = escape(f"{closure['phone']} in “{closure['word']}” at {closure['start_s']:.2f} s: {kind}")
    size = f'width="{max(right - left, 2):.1f}" height="{_HEIGHT_PX - 17 - _BOTTOM_PX}"'
    band = f'<rect class="band {kind}" x="{left:.1f}" y="17" {size}/>'
    return f"<g><title>{about}</title>{band}{sign}</g>"


def _time_axis(duration_s: float, x: Any, floor_px: int) -> list[str]:
    return [
        f'<line class="grid" x1="{x(second):.1f}" x2="{x(second):.1f}" y1="17" y2="{floor_px}"/>'
        f'<text x="{x(second):.1f}" y="{floor_px + 17}" text-anchor="middle">{second} s</text>'
        for second in range(int(duration_s) + 1)
    ]


def _value_axis(values: Floats, y: Any, right_px: int) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT_PX}" x2="{right_px}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text x="{_LEFT_PX - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        for value in values
    ]


def _line(kind: str, xs: Floats, ys: Floats, x: Any, y: Any) -> str:
    """One polyline per stretch without NaN."""
    parts: list[str] = []
    stretch: list[str] = []
    for one_x, one_y in zip(xs, ys, strict=True):
        if np.isfinite(one_y):
            stretch.append(f"{x(float(one_x)):.1f},{y(float(one_y)):.1f}")
        elif stretch:
            parts.append(" ".join(stretch))
            stretch = []
    return "".join(f'<polyline class="{kind}" points="{points}"/>' for points in (*parts, " ".join(stretch)) if points)


def _svg(kind: str, width_px: int, height_px: int, title: str, parts: Sequence[str]) -> str:
    size = f'width="{width_px}" height="{height_px}" viewBox="0 0 {width_px} {height_px}"'
    name = f"chart-{kind}"
    head = f'<svg class="chart {kind}" role="img" aria-labelledby="{name}" {size}><title id="{name}">{title}</title>'
    return f"{head}{''.join(parts)}</svg>"
