"""Ten-bit footage keeps its ten bits wherever no face is painted."""

from __future__ import annotations

from pathlib import Path

import av
import media_made as made
import numpy as np
from numpy.typing import NDArray

from av_models.domain.production import Preset
from av_models.io.audio import write_wav
from av_models.io.mux import write_master_file
from av_models.io.video import VideoWriter, read_pairs_at
from av_models.lips.between import between
from tasks.swapping import _deepened, _Frame, _shallow

SIZE = (256, 128)


def ramp(path: Path, n_frames: int = 3) -> NDArray[np.uint16]:
    """Ten-bit lossless pictures with one code of luma after the other; returns the luma plane."""
    luma = np.tile(np.arange(300, 300 + SIZE[0], dtype=np.uint16), (SIZE[1], 1))
    planes = np.concatenate([luma.ravel(), np.full(SIZE[0] * SIZE[1] // 2, 512, np.uint16)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = 1
        for number in range(n_frames):
            frame = av.VideoFrame.from_ndarray(planes.reshape(-1, SIZE[0]), format="yuv420p10le")
            frame.pts, frame.colorspace = number, 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return luma


def luma_of(path: Path) -> NDArray[np.uint16]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert "10" in frame.format.name
        return np.frombuffer(bytes(frame.planes[0]), np.uint16).reshape(frame.height, -1)[:, : frame.width]


def test_luma_survives_reading_painting_writing_and_mastering(tmp_path: Path) -> None:
    luma = ramp(tmp_path / "deep.mp4")
    ((deep, _, _),) = read_pairs_at(tmp_path / "deep.mp4", [made.PAL * 0], deep=True)
    plate = _shallow(deep)
    painted = plate.copy()
    painted[40:80, 100:140] = (200, 120, 100)
    whole = _deepened(_Frame(plate, None, 0.0, None, deep), painted)
    with VideoWriter(tmp_path / "clip.mp4", *SIZE, made.PAL, 1, "veryfast", "yuv420p10le") as writer:
        for _ in range(12):
            writer.write(whole)
    write_wav(tmp_path / "a.wav", made.sine(0.5, 48000), 48000)
    (tmp_path / "a.srt").write_text("")
    write_master_file(
        [tmp_path / "clip.mp4"], tmp_path / "a.wav", tmp_path / "a.srt", None, tmp_path / "m.mov", made.PAL, *SIZE,
        "final", "", "en", preset=Preset.FFV1, bit_depth=10,
    )  # fmt: skip
    seen = luma_of(tmp_path / "m.mov").astype(int)
    outside = np.ones(seen.shape, bool)
    outside[36:84, 96:144] = False
    # Eight bits would leave steps of four codes: an error of up to two.
    error = np.abs(seen - luma)[outside]
    assert error.max() <= 1 and error.mean() < 0.3
    assert np.abs(_shallow(whole)[50:70, 110:130].astype(int) - (200, 120, 100)).max() <= 1


def test_eight_bits_go_through_as_before() -> None:
    plate, painted = (np.full((4, 4, 3), value, np.uint8) for value in (100, 120))
    assert _deepened(_Frame(plate, None, 0.0, None), painted) is painted


def test_pictures_between_two_are_as_deep_as_those() -> None:
    rng = np.random.default_rng(0)
    before = (rng.integers(0, 200, (64, 64, 3)) * 257 + 60).astype(np.uint16)
    middle = between(before, before, 0.5)
    assert middle.dtype == np.uint16
    assert np.abs(middle.astype(int) - before).mean() < 300
