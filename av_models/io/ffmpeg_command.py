"""Runs graphs of ffmpeg-python with the binary that imageio-ffmpeg carries; no system FFmpeg is needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from pathlib import Path
from subprocess import Popen
from typing import IO, Any

from av_models.domain.errors import MediaError

from .disk import disk_full

__all__ = ["run_graph"]

_SAID_LINES = 3


def run_graph(graph: Any, path: Path, doing: str, stdin: bytes | Iterable[bytes] | None = None) -> str:
    """Run an ffmpeg-python output node; returns what FFmpeg wrote to its log.

    path: the file in question, and doing: e.g. 'measuring its loudness', both for messages.  stdin: for input 'pipe:',
    whole or in pieces that are taken one at a time.
    Errors: ResourceError when the disk is full, MediaError for anything else; the child never outlives the call.
    """
    import imageio_ffmpeg

    quiet = ["-hide_banner", "-nostats", "-y", *([] if stdin is not None else ["-nostdin"])]
    process = graph.global_args(*quiet).run_async(
        cmd=imageio_ffmpeg.get_ffmpeg_exe(), pipe_stdin=stdin is not None, pipe_stdout=True, pipe_stderr=True
    )
    try:
        log = _talk(process, [stdin] if isinstance(stdin, bytes) else stdin or ())
    finally:
        process.kill()
        process.wait()
    said = log.decode(errors="replace")
    if process.returncode:
        raise _failure(path, doing, said)
    return said


def _talk(process: Popen[bytes], pieces: Iterable[bytes]) -> bytes:
    """Feed the pieces while the log is read, so that neither side waits for the other for ever."""
    logs: list[bytes] = []
    readers = [threading.Thread(target=_drain, args=(pipe, logs)) for pipe in (process.stdout, process.stderr)]
    for reader in readers:
        reader.start()
    if process.stdin is not None:
        try:
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # FFmpeg has given up; its log says why.
        except BaseException:
            process.kill()
            raise
    for reader in readers:
        reader.join()
    process.wait()
    return b"".join(logs)


def _drain(pipe: IO[bytes], logs: list[bytes]) -> None:
    with pipe:
        logs.append(pipe.read())


def _failure(path: Path, doing: str, said: str) -> Exception:
    if re.search(r"No space left on device|Disk quota exceeded", said):
        return disk_full(path)
    tail = " / ".join(line.strip() for line in said.splitlines()[-_SAID_LINES:])
    return MediaError(str(path), f"{doing} failed, FFmpeg says: {tail}", "Check the inputs with `ffmpeg -i FILE`.")
