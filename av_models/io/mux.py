"""The finished programme: one FFmpeg graph from swapped clips, speech, captions and label to one MP4."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError
from av_models.domain.time import sample_at

from .container import main_picture_stream, open_media, picture_table
from .disk import disk_errors, new_file
from .ffmpeg_command import run_graph
from .loudness import PROGRAMME_RATE_HZ

__all__ = ["write_master_file"]

Profile = Literal["draft", "final"]

_ENCODING: dict[Profile, dict[str, str | int]] = {
    "draft": {"preset": "veryfast", "crf": 19},
    "final": {"preset": "slow", "crf": 16},
}
_KEY_PICTURE_S = 2

_MP4_LANGUAGES = (
    "ar:ara bg:bul ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle "
    "gl:glg he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz ko:kor lt:lit lv:lav mk:mkd "
    "ms:msa nb:nob ne:nep nl:nld nn:nno no:nor pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa "
    "ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie zh:zho"
)
"""ISO 639-2/T codes, the only ones that MP4 holds, after those of BCP 47."""


def write_master_file(
    clips: Sequence[Path],
    audio: Path,
    captions_srt: Path,
    label: NDArray[np.uint8] | None,
    out: Path,
    rate: Fraction,
    width: int,
    height: int,
    profile: Profile,
    title: str,
    language: str,
    timecode: bool = False,
) -> None:
    """Join `clips` (equal size, `rate`) to H.264 with AAC 48 kHz stereo 192 kbit/s and a caption track, faststart.

    Picture n is shown at exactly n / rate; the sound (mono; padded with silence or cut) lasts as long as the picture.
    label: RGBA of the frame's size, laid over every picture.  language: BCP 47.  captions_srt: may hold no cue.
    timecode: adds a track that counts from 00:00:00:00.  BT.709 is tagged in the stream and in the container.
    Errors: InputError for odd sizes, MediaError when a clip does not fit, ResourceError when the disk is full.
    """
    if not clips or width % 2 or height % 2:
        raise InputError(f"{len(clips)} clips of {width}x{height} px make no master.", "Crop to even sides.")
    if label is not None and label.shape != (height, width, 4):
        raise ValueError(f"expected a label of {(height, width, 4)}, got {label.shape}")
    n_frames = sum(_count_frames(clip, width, height) for clip in clips)
    with disk_errors(out), tempfile.TemporaryDirectory(prefix="understudy-mux-") as folder, new_file(out) as part:
        picture = _picture(clips, Path(folder), label, rate)
        streams = [picture, _sound(audio, Fraction(n_frames) / rate), *_captions(captions_srt)]
        settings = _settings(rate, profile, title, language, has_captions=len(streams) > 2)
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


def _picture(clips: Sequence[Path], folder: Path, label: NDArray[np.uint8] | None, rate: Fraction) -> Any:
    """Clips one after the other. The demuxer opens one at a time, so memory does not grow with their number."""
    listing = folder / "clips.txt"
    quoted = (str(clip.resolve()).replace("'", r"'\''") for clip in clips)
    listing.write_text("".join(f"file '{name}'\n" for name in quoted), encoding="utf-8")
    joined = _ffmpeg().input(str(listing), format="concat", safe=0).video
    # Times are counted anew: container rounding at the joints would add up to drift.
    counted = joined.filter("settb", expr=f"{rate.denominator}/{rate.numerator}").filter("setpts", "N")
    if label is not None:
        counted = counted.overlay(_ffmpeg().input(_label_file(label, folder)), x=0, y=0, format="yuv420")
    return counted.filter("format", "yuv420p").filter(
        "setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="limited"
    )


def _label_file(label: NDArray[np.uint8], folder: Path) -> str:
    from PIL import Image

    place = folder / "label.png"
    Image.fromarray(label).save(place)
    return str(place)


def _sound(audio: Path, duration: Fraction) -> Any:
    n_samples = sample_at(duration, PROGRAMME_RATE_HZ)
    # Plain upmixing would lower mono by 3 dB; both speakers get the very samples.
    return (
        _ffmpeg()
        .input(str(audio))
        .audio.filter("channelmap", map="0|0", channel_layout="stereo")
        .filter("aresample", PROGRAMME_RATE_HZ)
        .filter("apad", whole_len=n_samples)
        .filter("atrim", end_sample=n_samples)
    )


def _captions(captions_srt: Path) -> list[Any]:
    """The caption input; FFmpeg takes an SRT without a cue for a broken file, so such a one is left out."""
    if "-->" not in captions_srt.read_text(encoding="utf-8"):
        return []
    return [_ffmpeg().input(str(captions_srt), format="srt", sub_charenc="UTF-8")["s"]]


def _settings(rate: Fraction, profile: Profile, title: str, language: str, has_captions: bool) -> dict[str, Any]:
    codes = dict(pair.split(":") for pair in _MP4_LANGUAGES.split())
    code = codes.get(language.lower().split("-")[0], "und")
    captions = {"c:s": "mov_text", "metadata:s:s:0": f"language={code}", "disposition:s:0": "default"}
    return {
        "f": "mp4",
        "c:v": "libx264",
        **_ENCODING[profile],
        "pix_fmt": "yuv420p",
        "r": f"{rate.numerator}/{rate.denominator}",
        "fps_mode": "cfr",
        "g": round(_KEY_PICTURE_S * rate),
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        "c:a": "aac",
        "b:a": "192k",
        "ar": PROGRAMME_RATE_HZ,
        "ac": 2,
        "movflags": "+faststart+write_colr",
        "map_metadata": -1,
        "metadata:s:a:0": f"language={code}",
        "metadata:g": f"title={title}",
        **(captions if has_captions else {}),
    }


def _ffmpeg() -> Any:
    import ffmpeg

    return ffmpeg
