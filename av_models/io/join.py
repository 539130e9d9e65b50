"""Clips of one encoding put end to end without encoding them again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from .disk import new_file
from .ffmpeg_command import run_graph

__all__ = ["concat_list", "join_clips"]


def join_clips(clips: Sequence[Path], out: Path) -> None:
    """Write the pictures of `clips` (same size and codec settings) one after the other; sound is left out.

    Errors: MediaError when they do not fit, ResourceError when the disk is full.
    """
    import ffmpeg

    with tempfile.TemporaryDirectory(prefix="understudy-join-") as folder, new_file(out) as part:
        joined = ffmpeg.input(str(concat_list(clips, Path(folder))), format="concat", safe=0).video
        run_graph(joined.output(str(part), c="copy", f="mp4"), out, "joining the clips")


def concat_list(clips: Sequence[Path], folder: Path) -> Path:
    """The listing that FFmpeg's concat demuxer reads, written into `folder`."""
    listing = folder / "clips.txt"
    quoted = (str(clip.resolve()).replace("'", r"'\''") for clip in clips)
    listing.write_text("".join(f"file '{name}'\n" for name in quoted), encoding="utf-8")
    return listing
