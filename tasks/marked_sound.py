"""Speech that leaves the workshop alone, without a picture: watermarked, then signed, so that it says what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.consent import Clearance
from av_models.domain.provenance import ManifestFacts
from tasks.workspace import media_dir

if TYPE_CHECKING:
    from av_models.io.sound_track import Sound

__all__ = ["sound_facts", "write_marked", "write_marked_blocks"]

Samples = NDArray[np.float32]


def sound_facts(title: str, language: str, clearance: Clearance, trained: bool) -> ManifestFacts:
    """What the manifest of a file of speech states. trained: the voice is a model, and not computed by rule."""
    from av_models.runtime.machine import versions

    return ManifestFacts(
        title=title,
        version=versions().get("understudy", "development"),
        language=language,
        speech_trained=trained,
        seals=tuple(record.seal for record in clearance.records),
    )


def write_marked(path: Path, samples: Samples, rate_hz: int, facts: ManifestFacts) -> None:
    """Mono samples (n,) as a 16-bit WAV with the watermark and a signed manifest. Nothing may touch the file after."""
    from av_models.io.sound_track import ArraySound

    _write(path, _marked(ArraySound(samples), rate_hz), rate_hz, facts)


def write_marked_blocks(path: Path, blocks: Iterable[Samples], rate_hz: int, facts: ManifestFacts) -> None:
    """As `write_marked`, for sound of any length in bounded memory. blocks: (n,) one after the other."""
    from av_models.io.sound_track import write_sound

    raw = path.with_name(f".{path.stem}.f32")
    try:
        sound = write_sound(raw, (block[:, None] for block in blocks), 1)
        _write(path, _marked(sound, rate_hz), rate_hz, facts)
    finally:
        raw.unlink(missing_ok=True)


def _marked(sound: Sound, rate_hz: int) -> Iterator[Samples]:
    from av_models.io.watermark import mark_sound

    for block in mark_sound(sound, rate_hz):
        yield block[:, 0]


def _write(path: Path, blocks: Iterable[Samples], rate_hz: int, facts: ManifestFacts) -> None:
    from av_models.io.labelled_wav import write_labelled_wav
    from av_models.io.provenance import sign_sound

    write_labelled_wav(path, blocks, rate_hz, facts.title)
    sign_sound(path, path, facts, media_dir() / "keys")
