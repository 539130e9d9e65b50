"""Pictures for people: contact sheets, waveforms with words and phones, and two clips side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.speech import BREATH, SILENCE, Phone, Word
from av_models.domain.time import timecode

from .label import label_font
from .spectrum import draw_spectrum
from .video import VideoWriter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from moviepy import VideoClip
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

__all__ = ["contact_sheet", "decode_image", "encode_jpeg", "side_by_side", "waveform_plot"]

Rgb = NDArray[np.uint8]

_PAPER, _CARD, _RULE = (246, 246, 244), (255, 255, 255), (222, 222, 218)
_INK, _FAINT = (32, 34, 38), (112, 116, 124)
_GAP_PX, _EDGE_PX, _CAPTION_PX, _TITLE_PX = 10, 20, 12, 19

_WAVE, _WORD, _VOWEL, _CONSONANT, _QUIET = "#3b6ea5", "#1d1f23", "#f2d9b8", "#d8e3ef", "#f3f3f1"
_DOUBT, _UNSURE = "#c0392b", 0.3
_INCHES_PER_S, _LEAST_INCHES, _MOST_INCHES, _COLUMNS_PER_INCH = 2.1, 9.0, 120.0, 150


def encode_jpeg(rgb: Rgb, quality: int = 88) -> bytes:
    """JPEG of H x W x 3 uint8, without chroma subsampling, so that small red lips stay sharp."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=quality, subsampling=0)
    return data.getvalue()


def decode_image(data: bytes) -> Rgb:
    """H x W x 3 uint8 of a JPEG or PNG. Errors: MediaError when it is neither."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise MediaError("the picture", "it is not a JPEG or PNG that can be read", "Export it again.") from error


def contact_sheet(tiles: Sequence[tuple[Rgb, str]], columns: int, tile_px: int, title: str) -> Rgb:
    """A sheet of captioned pictures, each fitted into a square of `tile_px`. title may hold several lines.

    Captions are cut with an ellipsis to the width of their tile; a caption may hold a line break.
    """
    from PIL import Image

    caption_lines = max((caption.count("\n") + 1 for _, caption in tiles), default=1)
    card_px = (tile_px, tile_px + caption_lines * (_CAPTION_PX + 5) + 9)
    rows = -(-len(tiles) // columns)
    head_px = _EDGE_PX + len(title.splitlines()) * (_TITLE_PX + 7) + 4
    width_px = 2 * _EDGE_PX + columns * (card_px[0] + _GAP_PX) - _GAP_PX
    sheet = Image.new("RGB", (width_px, head_px + rows * (card_px[1] + _GAP_PX) - _GAP_PX + _EDGE_PX), _PAPER)
    _draw_title(sheet, title)
    for number, (rgb, caption) in enumerate(tiles):
        row, column = divmod(number, columns)
        place = _EDGE_PX + column * (card_px[0] + _GAP_PX), head_px + row * (card_px[1] + _GAP_PX)
        sheet.paste(_card(rgb, caption, card_px), place)
    return np.asarray(sheet)


def waveform_plot(
    samples: NDArray[np.float32],
    rate_hz: int,
    words: Sequence[Word],
    phones: Sequence[Phone],
    doubts: Sequence[tuple[float, float, str]] = (),
    begin_s: float = 0.0,
    pitch_hz: NDArray[np.float32] | None = None,
) -> bytes:
    """PNG: the wave with words over it, spectrogram with pitch, and phones, on one time axis. samples: (N,), -1..1.

    doubts: start, end in seconds and a name, marked in red; unsure phones are hatched.  begin_s: what the axis calls
    the first sample; all times count from there.  pitch_hz: as `draw_spectrum` takes it.
    """
    from matplotlib.figure import Figure

    duration_s = max(len(samples) / rate_hz, 0.1)
    width_in = min(max(_LEAST_INCHES, duration_s * _INCHES_PER_S), _MOST_INCHES)
    # Figure without pyplot: no global state, so threads may draw at once.
    figure = Figure(figsize=(width_in, 3.9), dpi=110, facecolor="white")
    rows = {"height_ratios": (4, 3, 1.05), "hspace": 0.04}
    wave, spectrum, lane = figure.subplots(3, 1, sharex=True, gridspec_kw=rows)
    figure.subplots_adjust(left=0.35 / width_in, right=1 - 0.25 / width_in, top=0.97, bottom=0.12)
    _draw_wave(wave, samples, rate_hz, int(width_in * _COLUMNS_PER_INCH))
    _draw_words(wave, words)
    draw_spectrum(spectrum, samples, rate_hz, pitch_hz)
    _draw_phones(lane, phones, duration_s / width_in)
    _draw_doubts(wave, lane, doubts)
    wave.set_xlim(0, duration_s)
    if begin_s:
        lane.xaxis.set_major_formatter(lambda time_s, _: f"{time_s + begin_s:.6g}")
    lane.set_xlabel("seconds", fontsize=8, color="#70747c", labelpad=1)
    lane.tick_params(axis="x", labelsize=8, colors="#70747c", length=3)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()


def side_by_side(
    left: Iterator[Rgb],
    right: Iterator[Rgb],
    n_frames: int,
    out: Path,
    rate: Fraction,
    names: tuple[str, str] = ("actor", "swapped"),
) -> None:
    """A silent H.264 of two clips next to each other with their names and the timecode.

    Both are shown picture by picture at `rate`, the higher one as high as the other. Errors: those of reading the
    clips, ResourceError (disk full).
    """
    from moviepy import VideoClip

    first, second = (_as_clip(pictures, n_frames, rate) for pictures in (left, right))
    height_px = min(first.h, second.h) // 2 * 2
    first, second = (clip if clip.h == height_px else clip.resized(height=height_px) for clip in (first, second))
    # Set next to each other here: clips_array would mix both as floats with masks, at twice the cost.
    pair = VideoClip(lambda t: np.hstack([first.get_frame(t), second.get_frame(t)]), duration=first.duration)
    width_px = pair.w // 2 * 2
    with VideoWriter(out, width_px, height_px, rate, 20, "superfast") as writer:
        for n in range(n_frames):
            # Half a picture later, so that float time never falls back to the one before.
            rgb = np.asarray(pair.get_frame(float((n + Fraction(1, 2)) / rate)), np.uint8)
            writer.write(_with_names(rgb[:height_px, :width_px], first.w, names, timecode(n, rate)))


def _as_clip(pictures: Iterator[Rgb], n_frames: int, rate: Fraction) -> VideoClip:
    """A MoviePy clip of pictures that `video.py` decodes: true colour, turned upright, one picture held."""
    from moviepy import VideoClip

    shown, index = next(pictures), 0

    def at(time_s: float) -> Rgb:
        nonlocal shown, index
        while index < min(int(Fraction(time_s) * rate), n_frames - 1):
            shown, index = next(pictures), index + 1
        return shown

    return VideoClip(at, duration=float(n_frames / rate))


def _with_names(rgb: Rgb, split_px: int, names: tuple[str, str], code: str) -> Rgb:
    """Drawn on the foot of the picture alone: blending the whole of it would take longer than encoding it."""
    from PIL import Image, ImageDraw

    shown = rgb.copy()
    shown[:, split_px - 1 : split_px + 1] = shown[:, split_px - 1 : split_px + 1] // 3 + 160
    size_px = max(11, rgb.shape[0] // 26)
    edge = size_px // 2
    foot_px = min(rgb.shape[0], 2 * size_px + 2 * edge)
    foot = Image.fromarray(shown[-foot_px:])
    draw = ImageDraw.Draw(foot, "RGBA")
    font, base = _name_font(size_px), foot_px - edge - edge // 2
    for text, x, anchor in (
        (names[0], edge, "ls"),
        (names[1], split_px + edge, "ls"),
        (code, foot.width - edge, "rs"),
    ):
        box = draw.textbbox((x, base), text, font=font, anchor=anchor)
        plate = (box[0] - edge // 2, box[1] - edge // 2, box[2] + edge // 2, box[3] + edge // 2)
        draw.rounded_rectangle(plate, edge // 2, fill=(12, 12, 12, 170))
        draw.text((x, base), text, font=font, fill=(255, 255, 255), anchor=anchor)
    shown[-foot_px:] = np.asarray(foot)
    return shown


@lru_cache(maxsize=2)
def _name_font(size_px: int) -> FreeTypeFont:
    return label_font(size_px)


def _draw_title(sheet: Image, title: str) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(title.splitlines()):
        font = label_font(_TITLE_PX) if number == 0 else label_font(_TITLE_PX - 5, bold=False)
        place = (_EDGE_PX, _EDGE_PX - 4 + number * (_TITLE_PX + 7))
        draw.text(place, _cut_to(line, font, sheet.width - 2 * _EDGE_PX), font=font, fill=_FAINT if number else _INK)


def _card(rgb: Rgb, caption: str, size_px: tuple[int, int]) -> Image:
    """A picture in a square over its caption."""
    from PIL import Image, ImageDraw

    tile_px, font = size_px[0], label_font(_CAPTION_PX, bold=False)
    card = Image.new("RGB", size_px, _CARD)
    tile = _fitted(rgb, tile_px)
    card.paste(tile, ((tile_px - tile.width) // 2, (tile_px - tile.height) // 2))
    draw = ImageDraw.Draw(card)
    for number, line in enumerate(caption.splitlines()):
        place = (6, tile_px + 5 + number * (_CAPTION_PX + 5))
        draw.text(place, _cut_to(line, font, tile_px - 12), font=font, fill=_INK)
    draw.rectangle((0, 0, size_px[0] - 1, size_px[1] - 1), outline=_RULE)
    return card


def _fitted(rgb: Rgb, side_px: int) -> Image:
    from PIL import Image

    scale = side_px / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS)


def _cut_to(text: str, font: FreeTypeFont, width_px: int) -> str:
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength(f"{text}…") > width_px:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _draw_wave(axes: Axes, samples: NDArray[np.float32], rate_hz: int, columns: int) -> None:
    edges = np.linspace(0, len(samples), min(columns, max(1, len(samples))) + 1).astype(int)
    starts = edges[:-1]
    low = np.minimum.reduceat(samples, starts) if len(samples) else np.zeros(1)
    high = np.maximum.reduceat(samples, starts) if len(samples) else np.zeros(1)
    axes.fill_between(starts / rate_hz, low, high, color=_WAVE, linewidth=0.4, step="post")
    peak = max(0.05, float(np.abs(samples).max(initial=0)))
    axes.set_ylim(-1.1 * peak, 1.5 * peak)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelbottom=False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_words(axes: Axes, words: Sequence[Word]) -> None:
    top = axes.get_ylim()[1]
    for word in words:
        axes.axvspan(float(word.start), float(word.end), color="#eef1f5", zorder=0, linewidth=0)
        axes.axvline(float(word.start), color="#c5ccd6", linewidth=0.7, zorder=0)
        middle = float(word.start + word.end) / 2
        axes.text(middle, top * 0.96, word.text, ha="center", va="top", fontsize=9, color=_WORD, clip_on=True)


def _draw_doubts(wave: Axes, lane: Axes, doubts: Sequence[tuple[float, float, str]]) -> None:
    foot = wave.get_ylim()[0]
    for start, end, name in doubts:
        wave.axvspan(start, end, color=_DOUBT, alpha=0.16, zorder=0, linewidth=0)
        lane.plot((start, end), (0.03, 0.03), color=_DOUBT, linewidth=3, solid_capstyle="butt")
        wave.text(
            (start + end) / 2, foot * 0.95, name, ha="center", va="bottom", fontsize=8, color=_DOUBT, clip_on=True
        )


def _draw_phones(axes: Axes, phones: Sequence[Phone], s_per_inch: float) -> None:
    for phone in phones:
        start, end = float(phone.start), float(phone.end)
        quiet = phone.label in (SILENCE, BREATH)
        colour = _QUIET if quiet else _VOWEL if phone.label[-1:].isdigit() else _CONSONANT
        unsure = phone.confidence is not None and phone.confidence < _UNSURE
        axes.axvspan(
            start, end, facecolor=colour, edgecolor=_DOUBT if unsure else colour, linewidth=0, hatch="////" * unsure
        )
        axes.axvline(start, color="white", linewidth=0.8)
        label = "" if phone.label == SILENCE else phone.label.rstrip("012")
        # A letter of 7 points takes about 0.075 inches: names that would overlap their neighbours are left out.
        if (end - start) / s_per_inch > 0.075 * len(label):
            axes.text((start + end) / 2, 0.5, label, ha="center", va="center", fontsize=7, color="#33363c")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
