"""The finished programme: one FFmpeg graph from swapped clips, sound, captions, label and timecode to one file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError
from av_models.domain.production import Preset, Profile
from av_models.domain.time import sample_at

from .coding import EXACT_TIMESCALE, Coding, coding_of
from .container import main_picture_stream, open_media, picture_table
from .disk import disk_errors, new_file
from .ffmpeg_command import run_graph
from .join import concat_list
from .label import label_font_file
from .loudness import PROGRAMME_RATE_HZ

__all__ = ["write_master_file"]

_CODED_SOUND = (".m4a", ".mov")
"""Endings of sound that `encode_sound` has made: it is taken over as it is."""

# Shares of the picture's shorter side: smaller than the label, upper left, where neither it nor captions are.
_LETTERS, _MARGIN = 0.034, 0.036

_MP4_LANGUAGES = (
    "ar:ara bg:bul ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle "
    "gl:glg he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz ko:kor lt:lit lv:lav mk:mkd "
    "ms:msa nb:nob ne:nep nl:nld nn:nno no:nor pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa "
    "ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie zh:zho"
)
"""ISO 639-2/T codes, the only ones that MP4 holds, after those of BCP 47."""
_QUICKTIME_LANGUAGES = (
    "cy:wel de:ger el:gre fa:per ga:iri hr:hr_ hy:arm is:ice ka:geo mk:mac ms:may nb:nor nl:dut nn:nor sq:alb sr:sr_ "
    "sv:sve zh:chi"
)
"""QuickTime numbers languages; where FFmpeg's name for such a number is another, that one, with _ for a space."""


def write_master_file(
    clips: Sequence[Path],
    audio: Path,
    captions_srt: Path,
    label: NDArray[np.uint8] | None,
    out: Path,
    rate: Fraction,
    width: int,
    height: int,
    profile: str,
    title: str,
    language: str,
    timecode: bool = False,
    preset: Preset = Preset.H264,
    bit_depth: int = 8,
    burn_in: str | None = None,
) -> None:
    """Join `clips` (equal size, `rate`) with sound and a caption track; the index comes first.

    Picture n is shown at exactly n / rate. The sound lasts as long as the picture: what `encode_sound` has made is
    taken over with its chapters, anything else is taken for mono, and padded with silence or cut.
    label: RGBA of the frame's size, laid over every picture.  profile: 'draft' or 'final'.  language: BCP 47.
    captions_srt: may hold no cue.  timecode: adds a track that counts from 00:00:00:00.  burn_in: text in the picture,
    upper left, with the timecode after it.  BT.709 and limited range are tagged in the stream and in the container, as
    far as they have a place for it.
    Errors: InputError for a size that cannot be coded, MediaError when a clip does not fit, ResourceError when the disk
    is full.
    """
    if not clips or width % 2 or height % 2:
        raise InputError(f"{len(clips)} clips of {width}x{height} px make no master.", "Crop to even sides.")
    if label is not None and label.shape != (height, width, 4):
        raise ValueError(f"expected a label of {(height, width, 4)}, got {label.shape}")
    coding = coding_of(preset, bit_depth, Profile(profile), rate, width, height)
    n_frames = sum(_count_frames(clip, width, height) for clip in clips)
    with disk_errors(out), tempfile.TemporaryDirectory(prefix="understudy-mux-") as folder, new_file(out) as part:
        picture = _picture(clips, Path(folder), label, burn_in, rate, coding)
        streams = [picture, _sound(audio, Fraction(n_frames) / rate), *_captions(captions_srt)]
        settings = _settings(rate, coding, title, language, has_captions=len(streams) > 2)
        settings |= {"c:a": "copy"} if audio.suffix in _CODED_SOUND else coding.sound_settings
        if timecode:
            settings["timecode"] = "00:00:00:00"
        graph = _ffmpeg().output(*streams, str(part), **settings)
        run_graph(graph, out, "writing the master")
        written = len(picture_table(part).pts)
        if written != n_frames:
            problem = f"{written} frames were written, the clips hold {n_frames}"
            raise MediaError(str(out), problem, "Run again; if it happens again, the clips in the store are damaged.")


def _count_frames(clip: Path, width: int, height: int) -> int:
    with open_media(clip) as container:
        stream = main_picture_stream(container, clip)
        if (stream.width, stream.height) != (width, height):
            problem = f"it measures {stream.width}x{stream.height} px, the programme {width}x{height} px"
            raise MediaError(str(clip), problem, "Swap all shots again from one footage.")
    return len(picture_table(clip).pts)


def _picture(
    clips: Sequence[Path],
    folder: Path,
    label: NDArray[np.uint8] | None,
    burn_in: str | None,
    rate: Fraction,
    coding: Coding,
) -> Any:
    """Clips one after the other. The demuxer opens one at a time, so memory does not grow with their number."""
    joined = _ffmpeg().input(str(concat_list(clips, folder)), format="concat", safe=0).video
    # Times are counted anew: container rounding at the joints would add up to drift.
    shown = joined.filter("settb", expr=f"{rate.denominator}/{rate.numerator}").filter("setpts", "N")
    if label is not None:
        shown = shown.overlay(_ffmpeg().input(_label_file(label, folder)), x=0, y=0, format=coding.overlay)
    if burn_in is not None:
        shown = shown.filter("drawtext", **_burnt(burn_in, rate))
    return shown.filter("format", coding.pixel_format).filter(
        "setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="limited"
    )


def _burnt(text: str, rate: Fraction) -> dict[str, Any]:
    """Settings of FFmpeg's drawtext, in shares of the picture's shorter side."""
    return {
        "fontfile": label_font_file(bold=False),
        # No-break spaces: the filter would strip plain ones.
        "text": f"{text}\u00a0\u00a0",
        "timecode": "00:00:00:00",
        "rate": f"{rate.numerator}/{rate.denominator}",
        "fontsize": f"max(6,{_LETTERS}*min(w,h))",
        "fontcolor": "white",
        "box": 1,
        "boxcolor": "black@0.55",
        "boxborderw": 5,
        "x": f"max(5,{_MARGIN}*min(w,h))",
        "y": f"max(5,{_MARGIN}*min(w,h))",
    }


def _label_file(label: NDArray[np.uint8], folder: Path) -> str:
    from PIL import Image

    place = folder / "label.png"
    Image.fromarray(label).save(place)
    return str(place)


def _sound(audio: Path, duration: Fraction) -> Any:
    heard = _ffmpeg().input(str(audio)).audio
    if audio.suffix in _CODED_SOUND:
        return heard
    n_samples = sample_at(duration, PROGRAMME_RATE_HZ)
    # Plain upmixing would lower mono by 3 dB; both speakers get the very samples.
    return (
        heard.filter("channelmap", map="0|0", channel_layout="stereo")
        .filter("aresample", PROGRAMME_RATE_HZ)
        .filter("apad", whole_len=n_samples)
        .filter("atrim", end_sample=n_samples)
    )


def _captions(captions_srt: Path) -> list[Any]:
    """The caption input; FFmpeg takes an SRT without a cue for a broken file, so such a one is left out."""
    if "-->" not in captions_srt.read_text(encoding="utf-8"):
        return []
    return [_ffmpeg().input(str(captions_srt), format="srt", sub_charenc="UTF-8")["s"]]


def _settings(rate: Fraction, coding: Coding, title: str, language: str, has_captions: bool) -> dict[str, Any]:
    code = _language(language, coding.container)
    captions = {"c:s": "mov_text", "metadata:s:s:0": f"language={code}", "disposition:s:0": "default"}
    return {
        "f": coding.container,
        **coding.picture,
        "pix_fmt": coding.pixel_format,
        "r": f"{rate.numerator}/{rate.denominator}",
        "fps_mode": "cfr",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        "movflags": "+faststart+write_colr",
        "movie_timescale": EXACT_TIMESCALE,
        # Only what we say about the whole; chapters keep their names.
        "map_metadata:g": -1,
        "metadata:s:a:0": f"language={code}",
        "metadata:g": f"title={title}",
        **(captions if has_captions else {}),
    }


def _language(tag: str, container: str) -> str:
    """The code that the container knows for a BCP 47 tag, 'und' for none."""
    known = _MP4_LANGUAGES if container == "mp4" else f"{_MP4_LANGUAGES} {_QUICKTIME_LANGUAGES}"
    codes = dict(pair.split(":") for pair in known.split())
    return codes.get(tag.lower().split("-")[0], "und").replace("_", " ")


def _ffmpeg() -> Any:
    import ffmpeg

    return ffmpeg
