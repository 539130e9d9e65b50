"""The programme's sound in its final coding, before there is a picture: it can be measured and made again cheaply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .coding import AAC_BIT_RATE, EXACT_TIMESCALE
from .disk import new_file
from .loudness import CODEC_MARGIN_DB, PROGRAMME_RATE_HZ, Loudness, level, measure_loudness
from .sound_track import Sound, blocks_of, write_sound

__all__ = ["Chapter", "encode_levelled", "encode_sound"]

_PIECE = 1024 * 48
_MOST_ROUNDS = 3
_SAFETY_DB = 0.1


@dataclass(frozen=True, slots=True)
class Chapter:
    """start, end: seconds in the programme."""

    title: str
    start: Fraction
    end: Fraction


def encode_sound(sound: Sound, out: Path, codec: str, chapters: Sequence[Chapter] = ()) -> None:
    """Write mono or stereo float sound at 48 kHz as stereo AAC (192 kbit/s) or 'pcm_s24le', with chapters.

    Mono goes to both speakers as it is. The container says how many samples there are, to the sample; AAC's priming
    is in its edit list.  out: .m4a or .mov.  Errors: ResourceError (disk full).
    """
    import av

    with new_file(out) as part:
        settings = {"movie_timescale": str(EXACT_TIMESCALE)}
        with av.open(str(part), "w", format="mp4" if codec == "aac" else "mov", options=settings) as container:
            stream: Any = container.add_stream(codec, rate=PROGRAMME_RATE_HZ, layout="stereo")
            if codec == "aac":
                stream.bit_rate = AAC_BIT_RATE
            container.set_chapters([_as_av(number, chapter) for number, chapter in enumerate(chapters)])
            resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=PROGRAMME_RATE_HZ)
            done = 0
            for block in blocks_of(sound, _PIECE):
                planes = np.ascontiguousarray(np.broadcast_to(block, (len(block), 2)).T, np.float32)
                frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = PROGRAMME_RATE_HZ, done, Fraction(1, PROGRAMME_RATE_HZ)
                done += len(block)
                for converted in resampler.resample(frame):
                    container.mux(stream.encode(converted))
            container.mux(stream.encode(None))


def encode_levelled(
    sound: Sound, out: Path, codec: str, target_lufs: float, ceiling_dbtp: float, chapters: Sequence[Chapter] = ()
) -> Loudness:
    """Level, limit and encode; the encoded file is measured, and made again should the codec have pushed a peak over
    the ceiling. Returns what the file measures."""
    margin_db = CODEC_MARGIN_DB if codec == "aac" else _SAFETY_DB
    levelled_path = out.with_suffix(".f32")
    try:
        for _ in range(_MOST_ROUNDS):
            blocks = level(sound, PROGRAMME_RATE_HZ, target_lufs, ceiling_dbtp, margin_db)
            encode_sound(write_sound(levelled_path, blocks, sound.n_channels), out, codec, chapters)
            found = measure_loudness(out)
            if found.true_peak_dbtp <= ceiling_dbtp:
                break
            margin_db += found.true_peak_dbtp - ceiling_dbtp + _SAFETY_DB
    finally:
        levelled_path.unlink(missing_ok=True)
    return found


def _as_av(number: int, chapter: Chapter) -> Any:
    start, end = (round(time * EXACT_TIMESCALE) for time in (chapter.start, chapter.end))
    time_base = Fraction(1, EXACT_TIMESCALE)
    return {"id": number, "start": start, "end": end, "time_base": time_base, "metadata": {"title": chapter.title}}
