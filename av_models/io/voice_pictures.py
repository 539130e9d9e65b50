"""Pictures of a voice: the curves of its training, and a sentence as waveform, pitch and phones."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.speech import SILENCE, Phone, Word

from .spectrum import draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_png", "overview_png", "speech_png"]

Point = tuple[float, Mapping[str, float]]

_DPI = 100
_IN_PER_S, _LEAST_IN, _MOST_IN = 2.2, 7.0, 30.0
_BLUE, _GREY, _RED = "#2f6db5", "#8a8f98", "#b5452f"
_COLUMNS = 1600


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


def speech_png(
    samples: NDArray[np.float32], rate_hz: int, words: Sequence[Word], phones: Sequence[Phone], title: str
) -> bytes:
    """Waveform, spectrogram with pitch, words and phones of one utterance."""
    seconds = len(samples) / rate_hz
    figure = _figure(float(np.clip(_IN_PER_S * seconds, _LEAST_IN, _MOST_IN)), 4.6)
    wave, spectrum, names = figure.subplots(3, 1, sharex=True, height_ratios=(2, 4, 1))
    wave.set_title(title, fontsize=9, loc="left")
    _wave(wave, samples, rate_hz)
    draw_spectrum(spectrum, samples, rate_hz)
    spectrum.set_ylabel("0-8 kHz, pitch to 500 Hz", fontsize=7)
    _tiers(names, words, phones, seconds)
    return _png(figure)


def overview_png(
    samples: NDArray[np.float32], rate_hz: int, pitch_hz: NDArray[np.float32], starts_s: Sequence[float], title: str
) -> bytes:
    """A whole script on one line: envelope, pitch and where each line begins. pitch_hz: evenly over the sound."""
    seconds = max(len(samples) / rate_hz, 1e-3)
    figure = _figure(16.0, 4.0)
    wave, melody = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    wave.set_title(title, fontsize=9, loc="left")
    _wave(wave, samples, rate_hz)
    heard = np.where(pitch_hz > 0, pitch_hz, np.nan)
    melody.plot(np.linspace(0, seconds, len(heard), endpoint=False), heard, ".", markersize=1.5, color=_BLUE)
    melody.set_ylabel("pitch, Hz", fontsize=8)
    melody.set_xlabel("s", fontsize=8)
    for number, start_s in enumerate(starts_s, start=1):
        for axes in (wave, melody):
            axes.axvline(start_s, color=_GREY, linewidth=0.6)
        if len(starts_s) <= 60:
            melody.annotate(str(number), (start_s, 1.0), xycoords=("data", "axes fraction"), fontsize=6, color=_GREY)
    melody.set_xlim(0, seconds)
    return _png(figure)


def _wave(axes: Axes, samples: NDArray[np.float32], rate_hz: int) -> None:
    """The envelope: lowest and highest sample of each column of the picture."""
    step = max(1, len(samples) // _COLUMNS)
    columns = samples[: len(samples) // step * step].reshape(-1, step)
    at_s = np.arange(len(columns)) * step / rate_hz
    axes.fill_between(at_s, columns.min(axis=1), columns.max(axis=1), color=_GREY, linewidth=0.3)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)


def _tiers(axes: Axes, words: Sequence[Word], phones: Sequence[Phone], seconds: float) -> None:
    for phone in phones:
        start, end = float(phone.start), float(phone.end)
        axes.axvline(start, 0, 0.5, color=_GREY, linewidth=0.5)
        if phone.label != SILENCE:
            colour = _RED if phone.label.islower() else "black"
            axes.text((start + end) / 2, 0.25, phone.label, ha="center", va="center", fontsize=6, color=colour)
    for word in words:
        axes.axvline(float(word.start), 0.5, 1, color=_GREY, linewidth=0.5)
        axes.text(float(word.start + word.end) / 2, 0.75, word.text, ha="center", va="center", fontsize=7)
    axes.set_xlim(0, max(seconds, 1e-3))
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xlabel("s", fontsize=8)


def _figure(wide_in: float, high_in: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(wide_in, high_in), dpi=_DPI, layout="constrained")


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
