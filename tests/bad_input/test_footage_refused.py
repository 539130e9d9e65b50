"""Videos that no face can be taken from: refused with the reason, before anything expensive begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import media_made
import pytest
from own_studio import Studio

UNUSABLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda path: path, "there is no such file"),
    "zero bytes": (media_made.zero_length, "0 bytes"),
    "zero length": (media_made.no_pictures, "no picture"),
    "truncated": (media_made.truncated, "truncated"),
    "without its index": (media_made.truncated_index, "not a media file, or its head or tail is missing"),
    "sound only": (media_made.sound_only, "sound only"),
    "four frames": (media_made.four_frames, "4 frames"),
    "a text": (lambda path: (path.write_text("Hello.") and path) or path, "not a media file"),
}


@pytest.mark.parametrize("role", ["source", "actor"])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_video(studio: Studio, out: Path, tmp_path: Path, kind: str, role: str) -> None:
    make, problem = UNUSABLE[kind]
    video = make(tmp_path / "given.mp4")
    studio.refuses(out, 3, "given.mp4", problem, **{role: video})


def test_video_without_a_face(studio: Studio, out: Path, tmp_path: Path) -> None:
    video = media_made.clip(tmp_path / "landscape.mp4", 16, size_px=(256, 192))
    studio.desk.issue("landscape", ["performance"], [video])
    studio.refuses(out, 3, "landscape.mp4", "no usable face in 16 frames", actor=video)


def test_video_with_few_faces(studio: Studio, out: Path, tmp_path: Path) -> None:
    """A face comes into the picture at the very end: too little to learn from."""
    import numpy as np
    from footage import people, record

    pictures = people("actor_b", 20)
    video = record(tmp_path / "late.mp4", [np.full_like(one, 90) for one in pictures] + pictures)
    studio.desk.issue("late", ["performance"], [video])
    studio.refuses(out, 3, "late.mp4", "20 of 40 frames show a usable face", actor=video)
