"""A folder of recordings with its transcripts, and the sound of one of them a block at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.corpus import Recording
from av_models.domain.errors import InputError, MediaError

from .consent_records import file_digest
from .container import open_media
from .transcripts import Transcripts, read_transcripts, text_beside

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["FoundRecordings", "SoundSource", "find_recordings", "folder_seal", "recorded_files", "sound_source"]

Samples = NDArray[np.float32]

_SUFFIXES = {".wav", ".flac", ".mp3", ".opus", ".ogg", ".oga", ".m4a", ".aac", ".aif", ".aiff", ".wma", ".webm", ".mka"}
_LOOKED_AT_S = 60
_ONE_SIDED = 0.03
"""15 dB: less than this beside the other channel is what leaks over."""
_TABLES = ("transcripts.tsv", "transcripts.csv", "metadata.tsv", "metadata.csv", "transcripts.txt")
_NO_TEXT = (
    "Give --transcripts FILE with an id and a text on each line (tsv, csv or id|text), "
    "or put NAME.txt beside each recording."
)


@dataclass(frozen=True, slots=True)
class FoundRecordings:
    """recordings: by name.  seal: of all files.  unheard: names of transcripts without a recording."""

    recordings: tuple[Recording, ...]
    seal: str
    unheard: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundSource:
    """What a file of sound says about itself. rate_hz: of its own.  seconds: as announced, 0 if it does not say."""

    path: Path
    rate_hz: int
    n_channels: int
    codec: str
    seconds: float

    def blocks(self, rate_hz: int) -> Iterator[Samples]:
        """The sound as mono at `rate_hz`, a block at a time. MediaError when it cannot be decoded."""
        import soxr

        stream = soxr.ResampleStream(self.rate_hz, rate_hz, 1, dtype="float32", quality="VHQ")
        shares = _shares(self.path) if self.n_channels > 1 else np.ones(1, np.float32)
        with open_media(self.path) as container:
            for planes in _planes(container, self.path):
                block = np.ascontiguousarray(shares @ planes[: len(shares)])
                yield np.asarray(stream.resample_chunk(block), np.float32)
        yield np.asarray(stream.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)


def find_recordings(
    folder: Path, transcripts: Path | None, on_progress: Callable[[int, int], None] | None = None
) -> FoundRecordings:
    """Every file of sound below `folder` with its text. on_progress: files done, files in all.

    transcripts: a table of ids and texts; None takes one of the usual names in the folder, else NAME.txt beside each
    recording. Raises InputError when there are no recordings, or no text for any of them.
    """
    paths = recorded_files(folder)
    table = transcripts or next((folder / name for name in _TABLES if (folder / name).is_file()), None)
    texts = read_transcripts(table) if table else None
    recordings = []
    for number, path in enumerate(paths, start=1):
        name = path.relative_to(folder).with_suffix("").as_posix()
        text = texts.text_of(name) if texts else text_beside(path)
        recordings.append(Recording(name, path.relative_to(folder).as_posix(), file_digest(path), text or ""))
        if on_progress:
            on_progress(number, len(paths))
    if not any(one.text for one in recordings):
        raise _no_texts(folder, table, paths, texts)
    return FoundRecordings(tuple(recordings), folder_seal(one.digest for one in recordings), _unheard(texts))


def recorded_files(folder: Path) -> list[Path]:
    """Files of sound in a folder and below it, in order of their names. InputError when there are none."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}.", "Give the folder with the recordings.")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
    if not paths:
        raise InputError(
            f"There are no recordings in {folder}.", f"Put files there that end in {', '.join(sorted(_SUFFIXES))}."
        )
    return paths


def folder_seal(digests: Iterable[str]) -> str:
    """One SHA-256 for many files: over their digests in order, so that names and folders do not matter."""
    return hashlib.sha256("\n".join(sorted(set(digests))).encode()).hexdigest()


def sound_source(path: Path) -> SoundSource:
    """Open a file and look at it. MediaError when it holds no sound."""
    with open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(str(path), "it has no sound", "Give a file with a sound track.")
        stream = container.streams.audio[0]
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if not stream.rate or not stream.channels:
            raise MediaError(str(path), "its sound has neither a rate nor channels", "Export it again as WAV.")
        return SoundSource(path, stream.rate, stream.channels, stream.codec_context.name, seconds)


def _planes(container: InputContainer, path: Path) -> Iterator[Samples]:
    """Decoded sound at its own rate, (channels, n) at a time."""
    import av

    to_float = av.AudioResampler(format="fltp")
    n_done, rate_hz = 0, container.streams.audio[0].rate
    try:
        for coded in container.decode(container.streams.audio[0]):
            for frame in to_float.resample(coded):
                planes = np.asarray(frame.to_ndarray(), np.float32)
                n_done += planes.shape[1]
                yield planes
    except av.error.FFmpegError as error:
        at = f"{n_done / rate_hz:.2f} s"
        raise MediaError(str(path), "its sound cannot be decoded", "Copy or export it again.", at) from error


def _shares(path: Path) -> Samples:
    """How much of each of the first two channels to take, by what they hold in the first minute.

    A voice on one channel alone is taken from there, and so is one whose channels would cancel each other out.
    """
    power, product, n_seen = np.zeros(2), 0.0, 0
    with open_media(path) as container:
        rate_hz = container.streams.audio[0].rate
        for planes in _planes(container, path):
            pair = planes[:2].astype(np.float64)
            power += np.square(pair).sum(axis=1)
            product += float(pair[0] @ pair[1])
            n_seen += pair.shape[1]
            if n_seen > _LOOKED_AT_S * rate_hz:
                break
    if power.min() < _ONE_SIDED * power.max() or product < 0:
        return np.eye(2, dtype=np.float32)[int(np.argmax(power))]
    return np.full(2, 0.5, np.float32)


def _unheard(texts: Transcripts | None) -> tuple[str, ...]:
    return texts.unused() if texts else ()


def _no_texts(folder: Path, table: Path | None, paths: Sequence[Path], texts: Mapping[str, str] | object) -> InputError:
    if table is None:
        return InputError(f"There is no transcript for the recordings in {folder}.", _NO_TEXT)
    wanted = paths[0].relative_to(folder).with_suffix("").as_posix()
    return InputError(
        f"No line of {table} names a recording in {folder}.",
        f"The first column must name the files, for example '{wanted}'. {_NO_TEXT}",
    )
