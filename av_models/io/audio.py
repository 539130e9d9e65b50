"""Sound in and out: mono float32 between -1 and 1, counted in samples, in step with the picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.time import sample_at

from .container import open_media
from .disk import new_file

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

__all__ = ["read_audio", "read_wav", "wav_bytes", "write_wav"]

Samples = NDArray[np.float32]

_JITTER_S = Fraction(1, 100)
_CENTRE_GAIN = 0.7071


def read_audio(path: Path, rate_hz: int) -> Samples:
    """The first sound track as mono at `rate_hz`; sample 0 falls on the first picture, where the file has one.

    A track that starts later begins with silence, one that starts earlier is cut; holes in it become silence.
    Errors: MediaError when there is no sound or it cannot be decoded.
    """
    import soxr

    with open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(str(path), "it has no sound", "Give a file with a sound track.")
        native_hz = container.streams.audio[0].rate
        resampler = soxr.ResampleStream(native_hz, rate_hz, 1, dtype="float32", quality="HQ")
        blocks = [resampler.resample_chunk(block) for block in _mono_blocks(container, path)]
        blocks.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(blocks)


def write_wav(path: Path, samples: Samples, rate_hz: int) -> None:
    """Write mono 16-bit WAV. Errors: ResourceError (disk full), InputError (folder not writable)."""
    data = wav_bytes(samples, rate_hz)
    with new_file(path, len(data)) as part:
        part.write_bytes(data)


def wav_bytes(samples: Samples, rate_hz: int) -> bytes:
    """A mono 16-bit WAV file. samples: (N,) float, -1..1; what lies beyond is clipped. Equal samples, equal bytes."""
    import soundfile

    if samples.ndim != 1:
        raise ValueError(f"expected mono samples (N,), got {samples.shape}")
    whole = np.clip(np.rint(samples.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)
    data = io.BytesIO()
    soundfile.write(data, whole, rate_hz, format="WAV", subtype="PCM_16")
    return data.getvalue()


def read_wav(wav: Path | bytes) -> tuple[Samples, int]:
    """(samples (N,) float32, rate_hz) of a WAV file or its bytes; channels are averaged, nothing is resampled."""
    import soundfile

    try:
        samples, rate_hz = soundfile.read(io.BytesIO(wav) if isinstance(wav, bytes) else wav, dtype="float32")
    except (soundfile.LibsndfileError, OSError) as error:
        name = "the sound" if isinstance(wav, bytes) else str(wav)
        raise MediaError(name, "it is not a WAV file that can be read", "Export it as 16-bit WAV.") from error
    return (samples if samples.ndim == 1 else samples.mean(axis=1)), rate_hz


def _mono_blocks(container: InputContainer, path: Path) -> Iterator[Samples]:
    """Decoded sound at its own rate, with silence for late starts and holes, without what lies before the picture."""
    import av

    stream = container.streams.audio[0]
    to_float = av.AudioResampler(format="fltp")
    zero = _picture_start(container)
    reached = 0
    try:
        for coded in container.decode(stream):
            for frame in to_float.resample(coded):
                due = reached if frame.time is None else sample_at(_time_of(frame) - zero, stream.rate)
                block = _to_mono(frame)
                if due - reached > (_JITTER_S * stream.rate if reached else 0):
                    yield np.zeros(due - reached, np.float32)
                    reached = due
                block = block[max(0, -due) :]
                reached += len(block)
                yield block
    except av.error.FFmpegError as error:
        at = f"{reached / stream.rate:.2f} s"
        raise MediaError(str(path), "its sound cannot be decoded", "Copy or export it again.", at) from error


def _picture_start(container: InputContainer) -> Fraction:
    for stream in container.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return stream.start_time * Fraction(stream.time_base)
    return Fraction(0)


def _time_of(frame: AudioFrame) -> Fraction:
    return Fraction(frame.pts or 0) * Fraction(frame.time_base or 0)


def _to_mono(frame: AudioFrame) -> Samples:
    """The mean of two channels; of more, front left, right and centre (FFmpeg's order), as dialogue lies there."""
    planes: NDArray[Any] = frame.to_ndarray()
    if len(planes) < 3:
        return planes.mean(axis=0, dtype=np.float32)
    return (planes[0] + planes[1] + _CENTRE_GAIN * 2 * planes[2]) / np.float32(2 + 2 * _CENTRE_GAIN)
