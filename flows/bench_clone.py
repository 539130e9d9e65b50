"""The suite `clone`: how like unseen speakers a voice becomes from seconds of them, by encoding alone.

Needs recordings of people, which are not in the repository and of which nothing is kept:
flow run bench --suite clone --speakers DIR [--voice NAME], a folder of recordings per speaker
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from tasks.bench_cloning import (
    CloneFigures,
    among_themselves,
    encoded_by,
    gain_of,
    measure_clones,
    read_speakers,
)
from tasks.consent import check_voices_consent
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["clone_rows"]

_LENGTHS_S, _LENGTHS_QUICK_S = (3.0, 10.0, 60.0), (10.0,)
_N_TEXTS, _N_TEXTS_QUICK = 10, 3
_LEAST_GAIN, _SLOWEST_S = 0.10, 5.0


def clone_rows(quick: bool, speakers: str = "", voice: str = "") -> Iterator[BenchRow]:
    """speakers: folder with a folder of recordings per speaker.  voice: '' for the first neural one."""
    from av_models.speech.neural.voice_file import load_voice

    if not speakers:
        raise InputError(
            "The suite clone needs recordings of people to become like.",
            "Give them: flow run bench --suite clone --speakers DIR, with a folder of recordings per speaker.",
        )
    people = read_speakers(Path(speakers))
    base = _base(voice)
    check_voices_consent({"voice": base}, Purpose("demonstration", "worldwide", base.language))
    network = load_voice(store().read_bytes(base.weights[0]))
    texts = _texts()[: _N_TEXTS_QUICK if quick else _N_TEXTS]
    lengths_s = _LENGTHS_QUICK_S if quick else _LENGTHS_S
    known = _mean(among_themselves(people), 3)
    yield shown("recordings", "likeness among themselves", known, "", f"{len(people)} speakers, no copy can be nearer")
    before = measure_clones(people, texts, lengths_s[-1], lambda samples, rate_hz: network, base.name)
    yield from _figure_rows(f"{base.name}, as it is", before, len(texts))
    for sample_s in lengths_s:
        label = f"from {sample_s:g} s"
        clones = measure_clones(people, texts, sample_s, encoded_by(network), label)
        yield from _figure_rows(label, clones, len(texts))
        yield from _gain_rows(label, clones, before)


def _base(name: str) -> Voice:
    from av_models.io.voices import find_voice, list_voices

    neural = [one for one, engine, *_ in list_voices(configs_dir(), media_dir()) if engine == "neural"]
    if not name and not neural:
        raise InputError("There is no neural voice to clone with.", "Train one with `flow run train-voice`.")
    voice = find_voice(name or neural[0], configs_dir(), media_dir(), store())
    if voice.engine != "neural":
        raise InputError(f"The engine of '{voice.name}' is {voice.engine}.", "Choose a neural --voice.")
    return voice


def _texts() -> list[str]:
    path = configs_dir() / "bench" / "sentences.txt"
    if not path.is_file():
        raise InputError(f"{path} is missing.", "Restore it from the repository.")
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def _figure_rows(part: str, found: Sequence[CloneFigures], n_texts: int) -> Iterator[BenchRow]:
    note = f"{len(found)} speakers, {n_texts} sentences each"
    yield shown(part, "likeness to the speaker", _mean([one.likeness for one in found], 3), "", f"Resemblyzer, {note}")
    yield shown(part, "pitch off", _mean([one.pitch_off for one in found], 2), "semitones", note)
    yield shown(part, "average spectrum off", _mean([one.tone_off_db for one in found], 2), "dB", note)
    yield shown(part, "cepstra off", _mean([one.cepstra_off for one in found], 2), "", f"Bhattacharyya, {note}")
    recognised = 100 * float(np.mean([one.recognised for one in found]))
    yield shown(
        part, "taken for the speaker", round(recognised, 1), "%", f"by cepstra, chance {100 / len(found):.0f} %"
    )


def _gain_rows(part: str, clones: Sequence[CloneFigures], before: Sequence[CloneFigures]) -> Iterator[BenchRow]:
    gain, low, high = gain_of(clones, before)
    note = f"95 % interval {low:+.3f} to {high:+.3f}, bootstrap over {len(clones)} speakers"
    yield at_least(part, "gain in likeness", round(gain, 3), _LEAST_GAIN, "", note)
    slowest_s = max(one.encode_s for one in clones)
    yield at_most(part, "slowest to make", round(slowest_s, 2), _SLOWEST_S, "s", "of processor, the first with loading")


def _mean(values: Sequence[float], digits: int) -> float:
    return round(float(np.mean(values)), digits)
