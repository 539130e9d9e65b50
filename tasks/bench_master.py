"""Does a finished file keep sound and picture together: at the mux stage, and after an hour?"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.bench import BenchRow, at_most, shown
from av_models.domain.errors import UnderstudyError

__all__ = ["hour_rows", "mux_rows"]

_PART = "master"
_RATES = tuple(Fraction(text) for text in ("24000/1001", "25", "30000/1001", "50", "60000/1001"))
_HOUR_RATE = Fraction(30000, 1001)
_MINUTE_FRAMES = 1798


def mux_rows(quick: bool) -> Iterator[BenchRow]:
    """Flashes and beeps through every coding of a master, read back as a player shows and plays them."""
    from av_models.domain.production import Preset
    from av_models.io.flash_beep import mux_offset_s

    for preset in Preset:
        rates = _RATES[1:2] if quick else _RATES
        try:
            late_ms = [1000 * mux_offset_s(preset, rate, 4) for rate in rates]
        except UnderstudyError as error:
            yield at_most(_PART, f"{preset}: sound late", None, 15, "ms", error.message)
            continue
        note = ", ".join(f"{float(rate):.3f}" for rate in rates) + " frames a second"
        yield at_most(_PART, f"{preset}: sound late at most", round(max(late_ms), 3), 15, "ms", note)
        yield at_most(_PART, f"{preset}: sound early at most", round(-min(late_ms), 3), 5, "ms", note)


def hour_rows() -> Iterator[BenchRow]:
    """An hour at 29.97 frames a second, looped from one minute, beside six minutes of the same."""
    short, long = (_in_own_process(minutes) for minutes in (6, 60))
    note = "29.97 frames a second, flash and beep every second"
    yield at_most(_PART, "an hour: change of the offset", round(long.drift_ms, 3), 5, "ms", note)
    yield at_most(_PART, "an hour: largest offset", round(long.largest_ms, 3), 15, "ms", note)
    yield shown(_PART, "an hour: peak memory", round(long.peak_mb), "MB", "of the largest process that writes it")
    ratio = round(long.peak_mb / short.peak_mb, 3)
    yield at_most(_PART, "memory of an hour over six minutes", ratio, 1.25, "", f"six minutes: {short.peak_mb:.0f} MB")


class _Run:
    """drift_ms: change of the offset from beginning to end.  largest_ms: away from zero."""

    def __init__(self, offsets: list[tuple[float, float]], peak_mb: float) -> None:
        at_s, late_s = np.array(offsets).T
        slope = np.polyfit(at_s, late_s, 1)[0] if len(at_s) > 1 else 0.0
        self.drift_ms = abs(float(slope * np.ptp(at_s))) * 1000
        self.largest_ms = float(np.abs(late_s).max()) * 1000
        self.peak_mb = peak_mb


def _in_own_process(minutes: int) -> _Run:
    """A process of its own, so that its largest memory is known."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return _Run(*pool.apply(_programme, (minutes,)))


def _programme(minutes: int) -> tuple[list[tuple[float, float]], float]:
    from av_models.domain.production import Preset
    from av_models.io.coded_sound import encode_sound
    from av_models.io.flash_beep import av_offsets_s, flash_and_beep
    from av_models.io.mux import write_master_file
    from av_models.io.sound_track import write_sound

    with tempfile.TemporaryDirectory(prefix="understudy-hour-") as name:
        folder = Path(name)
        clip = folder / "minute.mp4"
        samples = flash_and_beep(clip, _HOUR_RATE, 60)
        track = write_sound(folder / "sound.f32", _minutes(samples, minutes), 1)
        encode_sound(track, folder / "sound.m4a", "aac")
        (folder / "none.srt").write_text("")
        out, size = folder / "master.mp4", (320, 180)
        write_master_file(
            [clip] * minutes, folder / "sound.m4a", folder / "none.srt", None, out, _HOUR_RATE, *size, "draft", "",
            "en", preset=Preset.H264, bit_depth=8,
        )  # fmt: skip
        peak_mb = _peak_mb()  # before it is read back, which holds the whole sound
        return list(av_offsets_s(out)), peak_mb


def _peak_mb() -> float:
    """Largest resident size of this process or of a finished child, in MB of 10^6 bytes.

    `getrusage` of a new process begins with the size of the one that started it; the kernel's own mark does not.
    """
    import resource

    children_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = Path("/proc/self/status")
    if not status.is_file():
        return max(children_kb, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024 / 1e6
    own_kb = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return max(children_kb, own_kb) * 1024 / 1e6


def _minutes(samples: NDArray[np.float32], minutes: int) -> Iterator[NDArray[np.float32]]:
    """The sound of each minute at its own place: at 29.97 a minute of pictures is no whole number of samples."""
    from av_models.domain.time import sample_at
    from av_models.io.loudness import PROGRAMME_RATE_HZ

    for minute in range(minutes):
        start, end = (sample_at(n * _MINUTE_FRAMES / _HOUR_RATE, PROGRAMME_RATE_HZ) for n in (minute, minute + 1))
        block = np.zeros((end - start, 1), np.float32)
        length = min(len(block), len(samples))
        block[:length, 0] = samples[:length]
        yield block
