"""Small listening tests made in code: short sounds instead of speech, marked and signed where they stand for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.listening import RECORDING, SYNTHESIS, ClipFile, Item, ListeningTest, Part

RATE_HZ = 16_000
VOICE, OTHER = "robot-anna", "robot-bert"


def made_test(n_judged: int = 0, n_checks: int = 0, n_pairs: int = 0, n_tones: int = 0, seed: int = 7) -> ListeningTest:
    """Items without files."""
    tones = [
        Item(f"h{n:02d}", Part.HEADPHONES, "", (ClipFile(str(n % 3 + 1), f"h{n:02d}.wav"),)) for n in range(n_tones)
    ]
    judged = [item(f"j{n:02d}", Part.JUDGE, RECORDING, SYNTHESIS) for n in range(n_judged)]
    checks = [item(f"c{n:02d}", Part.CHECK, (SYNTHESIS, RECORDING)[n % 2]) for n in range(n_checks)]
    pairs = [item(f"p{n:02d}", Part.PREFER, VOICE, OTHER) for n in range(n_pairs)]
    items = (*tones, *judged, *checks, *pairs)
    made_at = "2026-11-21T12:00:00+00:00"
    return ListeningTest(
        "pilot",
        "A test of ears",
        "en-us",
        seed,
        VOICE,
        OTHER,
        RATE_HZ,
        -23.0,
        "audio",
        ("voice-record",),
        made_at,
        items,
    )


def item(name: str, part: Part, *keys: str) -> Item:
    return Item(name, part, f"What {name} says.", tuple(ClipFile(key, f"{name}-{key}.wav") for key in keys))


def sound(seconds: float, pitch_hz: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A buzz that swells and fades four times a second, as syllables do."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    buzz = sum(np.sin(2 * np.pi * pitch_hz * n * at_s) / n for n in range(1, 12))
    return np.asarray(0.1 * buzz * np.sin(np.pi * 4 * at_s) ** 2, np.float32)


def write_clips(folder: Path, test: ListeningTest, seconds: float = 0.5, marked: bool = True) -> Path:
    """The test with its clips, of lengths that tell nothing; speech by machine is marked and signed. Needs a media
    directory."""
    from av_models.domain.consent import Clearance, Purpose
    from av_models.io.audio import write_wav
    from av_models.io.listening_folder import CLIPS, write_test, write_tones
    from tasks.marked_sound import sound_facts, write_marked

    facts = sound_facts("A clip", "en-us", Clearance(Purpose("research", "worldwide", "en-us"), ()), True)
    for number, one in enumerate(test.items):
        for clip in one.clips:
            path, samples = folder / CLIPS / clip.file, sound(seconds, 100 + 7 * number)
            if one.part is Part.HEADPHONES:
                write_tones(path, np.stack([samples, -samples], axis=1), RATE_HZ)
            elif (clip.key == RECORDING and one.part is Part.JUDGE) or not marked:
                write_wav(path, samples, RATE_HZ)
            else:
                write_marked(path, samples, RATE_HZ, facts)
    write_test(folder, test)
    return folder
