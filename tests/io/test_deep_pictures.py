"""Ten-bit footage keeps its ten bits, round a painted face and in it."""

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
from av_models.swap.paste import lay_in

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
    ((picture, _, _),) = read_pairs_at(tmp_path / "deep.mp4", [made.PAL * 0])
    deep = picture.rgb(deep=True)
    face = np.full((64, 64, 3), (200.3, 120.4, 100.2), np.float32) / 255
    matte = np.zeros((64, 64), np.float32)
    matte[12:52, 12:52] = 1
    whole = lay_in(deep, face, matte, np.array([[1.0, 0, -88], [0, 1, -28]])).picture
    assert whole.dtype == np.uint16
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
    # The face itself is not rounded to eight bits either.
    assert np.abs(whole[50:70, 110:130] / 257 - (200.3, 120.4, 100.2)).max() < 0.01


def test_a_face_between_two_eight_bit_steps_stays_there() -> None:
    plate = np.zeros((64, 64, 3), np.uint16)
    ramp = np.repeat(np.linspace(0.5, 0.51, 64, dtype=np.float32)[None, :, None], 64, 0).repeat(3, 2)
    laid = lay_in(plate, ramp, np.ones((64, 64), np.float32), np.eye(2, 3)).picture
    assert len(np.unique(laid[32, 2:-2, 0])) > 40


def test_pictures_between_two_are_as_deep_as_those() -> None:
    rng = np.random.default_rng(0)
    before = (rng.integers(0, 200, (64, 64, 3)) * 257 + 60).astype(np.uint16)
    middle = between(before, before, 0.5)
    assert middle.dtype == np.uint16
    assert np.abs(middle.astype(int) - before).mean() < 300
