"""A small finished file as a production makes it: labelled picture, marked sound, manifest last."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from av_models.domain.provenance import ManifestFacts
from av_models.io.audio import read_audio, write_wav
from av_models.io.label import ai_label
from av_models.io.provenance import sign_master
from av_models.io.video import read_pictures
from av_models.io.watermark import mark_audio

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
RATE_HZ = 48_000
SEALS = ("ab" * 32, "cd" * 32)
FACTS = ManifestFacts("Test", "0.0.1", "en-US", speech_trained=False, seals=SEALS)


def voice(seconds: float = 4.0) -> NDArray[np.float32]:
    """The sample's own, unmarked speech at 48 kHz."""
    return read_audio(SAMPLES / "source_a.mp4", RATE_HZ)[: int(seconds * RATE_HZ)]


def pictures(n_frames: int = 10, labelled: bool = True) -> list[NDArray[np.uint8]]:
    shown = [picture.rgb for picture in read_pictures(SAMPLES / "actor_b.mp4", range(n_frames))]
    if not labelled:
        return shown
    label = ai_label(512, 512)
    share = label[..., 3:].astype(np.float32) / 255
    return [(rgb * (1 - share) + label[..., :3] * share).astype(np.uint8) for rgb in shown]


def encode(path: Path, rgb: list[NDArray[np.uint8]], samples: NDArray[np.float32], bit_rate: int = 128_000) -> Path:
    """H.264 at crf 28 and AAC in MP4; every picture is held so that picture and sound last equally long."""
    rate = Fraction(len(rgb) * RATE_HZ, len(samples)).limit_denominator(1000)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video: Any = container.add_stream("libx264", rate=rate, options={"crf": "28"})
        video.height, video.width, video.pix_fmt = *rgb[0].shape[:2], "yuv420p"
        sound: Any = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        sound.bit_rate = bit_rate
        for picture in rgb:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        block = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        block.sample_rate = RATE_HZ
        fifo = av.AudioFifo()
        fifo.write(block)
        while piece := fifo.read(1024, partial=True):
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    return path


def finished(folder: Path, facts: ManifestFacts = FACTS) -> Path:
    """A signed master under `folder`, its key in folder/keys."""
    samples = mark_audio(voice(), RATE_HZ)
    write_wav(folder / "000.wav", samples, RATE_HZ)
    bare = encode(folder / "bare.mp4", pictures(), samples)
    actor, source = SAMPLES / "actor_b.mp4", SAMPLES / "source_a.mp4"
    sign_master(bare, folder / "master.mp4", facts, folder / "keys", actor, source, [folder / "000.wav"])
    return folder / "master.mp4"
