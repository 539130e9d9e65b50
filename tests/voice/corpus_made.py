"""Small corpora made in code: sentences by the formant synthesiser, written as recordings of any kind."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from av_models.domain.script import Line
from av_models.io.resampled import resampled
from av_models.speech.engine import Synthesis
from av_models.speech.espeak import EspeakEngine
from av_models.speech.script import read_script

RATE_HZ = 24_000
SENTENCES = (
    "The old bridge over the river was built by hand.",
    "Please bring a warm jumper to the harbour tonight.",
    "Five young foxes slept under the garden wall.",
    "She measured the voltage and wrote it in a notebook.",
    "Nobody knows why the museum closed its doors.",
    "Put the blue vase beside the kitchen window.",
    "My brother buys fresh bread and butter every morning.",
    "The pilot asked the tower for a long runway.",
    "Their joyful noise was heard all over the valley.",
    "A thin layer of ice covered the village pond.",
    "We should have left an hour before the ferry.",
    "Could you choose a better picture for the page?",
)

Samples = NDArray[np.float32]


@lru_cache(maxsize=64)
def spoken(text: str, variant: str = "edward2", pitch: int = 52) -> Synthesis:
    settings = {"variant": variant, "rate_wpm": "160", "pitch": str(pitch)}
    return EspeakEngine().synthesize(line_of(text), settings, (), "en-us", 7)


def line_of(text: str) -> Line:
    return read_script(text).lines[0]


def said(text: str, **shape: Any) -> Samples:
    """At RATE_HZ, with the faint noise of a room, as every recording has it."""
    take = spoken(text, **shape)
    sound = resampled(take.samples, take.rate_hz, RATE_HZ)
    return np.asarray(sound + np.random.default_rng(1).normal(0, 3e-4, len(sound)), np.float32)


def record(path: Path, sounds: Iterable[Samples], rate_hz: int = RATE_HZ) -> Path:
    """One file of sound, coded as its ending says. sounds: one for each channel."""
    planes = np.stack([resampled(np.asarray(sound, np.float32), RATE_HZ, rate_hz) for sound in sounds])
    codec = {".wav": "pcm_s16le", ".flac": "flac", ".mp3": "libmp3lame", ".opus": "libopus", ".m4a": "aac"}[path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        layout = "mono" if len(planes) == 1 else "stereo"
        stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, 0
        fitted = av.AudioResampler(stream.format, layout, rate_hz, frame_size=stream.frame_size or 1024)
        for part in (*fitted.resample(frame), *fitted.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def folder_of(root: Path, texts: Iterable[str] = SENTENCES, **shape: Any) -> Path:
    """A folder of WAV files s01, s02, … and transcripts.tsv."""
    rows = []
    for number, text in enumerate(texts, start=1):
        record(root / f"s{number:02d}.wav", [said(text, **shape)])
        rows.append(f"s{number:02d}\t{text}\n")
    (root / "transcripts.tsv").write_text("".join(rows), encoding="utf-8")
    return root
