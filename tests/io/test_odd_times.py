"""Footage whose time stamps are negative, jump, or contradict what its header says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
import media_made as made
import pytest

from av_models.domain.errors import MediaError
from av_models.io.audio import read_audio
from av_models.io.ffmpeg_command import run_graph
from av_models.io.probe import probe_footage
from av_models.io.store import Store
from av_models.io.video import frame_times, read_pictures


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def copied(source: Path, out: Path, before: dict[str, Any] | None = None, **settings: Any) -> Path:
    graph = ffmpeg.input(str(source), **(before or {})).output(str(out), c="copy", **settings)
    run_graph(graph, out, "copying")
    return out


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_a_clip_cut_without_encoding_is_read_from_its_cut(store: Store, tmp_path: Path, ending: str) -> None:
    """Pictures before the cut lie in the file with negative times, for those after it to be decoded from."""
    whole = made.clip(tmp_path / "whole.mp4", 60, tone_hz=440)
    cut = copied(whole, tmp_path / f"cut{ending}", {"ss": 0.5})
    footage = probe_footage(cut, store)
    numbers = [made.number_in(picture.rgb) for picture in read_pictures(cut)]
    assert numbers == list(range(60 - footage.n_frames, 60)) and 45 <= footage.n_frames <= 48
    assert footage.rate == made.PAL and not footage.variable_rate
    assert frame_times(cut)[:2] == (0, Fraction(1, 25))
    assert len(read_audio(cut, 48000)) == pytest.approx(48000 * footage.n_frames / 25, abs=2048)


def test_a_stream_that_begins_below_zero_begins_at_its_first_picture(store: Store, tmp_path: Path) -> None:
    whole = made.clip(tmp_path / "whole.mp4", 30)
    early = copied(whole, tmp_path / "early.ts", output_ts_offset=-0.4, avoid_negative_ts="disabled")
    assert probe_footage(early, store).n_frames == 30
    assert frame_times(early) == tuple(Fraction(n, 25) for n in range(30))


@pytest.mark.parametrize(
    ("offset_s", "reason"), [(0, r"jump back by 2\.\d s.*frame 60|frame 60.*jump back"), (500, "no picture comes for")]
)
def test_recordings_joined_end_to_end_are_refused(store: Store, tmp_path: Path, offset_s: int, reason: str) -> None:
    whole = made.clip(tmp_path / "whole.mp4", 60)
    parts = [copied(whole, tmp_path / f"{n}.ts", output_ts_offset=n * offset_s) for n in range(2)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(MediaError, match=reason) as refused:
        probe_footage(joined, store)
    assert refused.value.remedy == "Cut it there, or export it again."


def test_a_header_that_lies_about_the_rate_is_not_believed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "liar.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=50, options={"bf": "0", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(made.picture(number), format="rgb24")
            frame.pts, frame.time_base = 2 * number, Fraction(1, 50)
            container.mux(stream.encode(frame))
    footage = probe_footage(path, store)
    assert (footage.rate, footage.variable_rate, footage.n_frames) == (made.PAL, False, 40)
