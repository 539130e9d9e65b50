"""The suite `clone`: how like unseen speakers a voice becomes from 3 s, 10 s, a minute and five minutes of them, by
encoding and by adaptation.

Needs recordings of people, which are not in the repository and of which nothing is kept:
flow run bench --suite clone --speakers DIR [--voice NAME], a folder per speaker, texts beside recordings if known

A teaching takes three minutes, so only the first speakers are taught; --quick teaches nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from tasks.bench_adapting import Adapter, with_seconds
from tasks.bench_cloning import (
    CloneFigures,
    Speaker,
    among_themselves,
    encoded_by,
    gain_of,
    measure_clones,
    read_speakers,
)
from tasks.clone_candidates import LEAST_LESSON_S
from tasks.consent import check_voices_consent
from tasks.workspace import configs_dir, media_dir, store

if TYPE_CHECKING:
    from av_models.speech.neural.teaching import Taught

__all__ = ["clone_rows"]

_LENGTHS_S, _LENGTHS_QUICK_S = (3.0, 10.0, 60.0, 300.0), (10.0,)
_N_TEXTS, _N_TEXTS_QUICK = 10, 3
_LEAST_GAIN, _SLOWEST_S, _SLOWEST_TAUGHT_S = 0.10, 5.0, 300.0
_MOST_TAUGHT, _TEACHING_S = 4, 180.0


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
    texts = _texts()[: _N_TEXTS_QUICK if quick else _N_TEXTS]
    known = _mean(among_themselves(people), 3)
    yield shown("recordings", "likeness among themselves", known, "", f"{len(people)} speakers, no copy can be nearer")
    weights = store().read_bytes(base.weights[0])
    network = load_voice(weights)
    before = measure_clones(people, texts, 0.0, lambda speaker, sample_s: network, base.name)
    yield from _figure_rows(f"{base.name}, as it is", before, len(texts))
    for sample_s in _LENGTHS_QUICK_S if quick else _LENGTHS_S:
        yield from _length_rows(people, texts, sample_s, weights, before, 0 if quick else _MOST_TAUGHT)


def _length_rows(
    people: Sequence[Speaker],
    texts: Sequence[str],
    sample_s: float,
    weights: bytes,
    before: Sequence[CloneFigures],
    most_taught: int,
) -> Iterator[BenchRow]:
    """A point of both curves; whoever has less sound than that is left out of it."""
    from av_models.speech.neural.voice_file import load_voice

    label, there = f"from {sample_s:g} s", with_seconds(people, sample_s, len(people), 0)
    if len(there) < 2:
        yield shown(f"encoded {label}", "likeness to the speaker", None, "", f"{len(there)} speakers have so much")
        return
    encoded = measure_clones(there, texts, sample_s, encoded_by(load_voice(weights)), f"encoded {label}")
    yield from _figure_rows(f"encoded {label}", encoded, len(texts))
    yield from _gain_rows(f"encoded {label}", encoded, _of(before, encoded), _SLOWEST_S)
    taught = with_seconds(there, sample_s, most_taught, LEAST_LESSON_S)
    if taught:
        yield from _taught_rows(f"adapted {label}", taught, texts, sample_s, weights, before, encoded)


def _taught_rows(
    part: str,
    people: Sequence[Speaker],
    texts: Sequence[str],
    sample_s: float,
    weights: bytes,
    before: Sequence[CloneFigures],
    encoded: Sequence[CloneFigures],
) -> Iterator[BenchRow]:
    from av_models.speech.neural.training import TrainPlan

    plan = TrainPlan(_TEACHING_S, ema=0.98, checkpoint_s=60.0)
    adapter = Adapter(weights, plan)
    adapted = measure_clones(people, texts, sample_s, adapter, part)
    yield from _figure_rows(part, adapted, len(texts))
    yield from _gain_rows(part, adapted, _of(before, adapted), _SLOWEST_TAUGHT_S)
    over, low, high = gain_of(adapted, _of(encoded, adapted))
    note = f"95 % interval {low:+.3f} to {high:+.3f}, bootstrap over {len(adapted)} speakers"
    yield shown(part, "gain in likeness over encoding", round(over, 3), "", note)
    yield from _teaching_rows(part, list(adapter.taught.values()))


def _teaching_rows(part: str, made: Sequence[Taught]) -> Iterator[BenchRow]:
    """How it was learnt, and what of it shows in recordings that were held out inside the sample."""
    steps = round(float(np.median([one.adapted.result.step for one in made])))
    yield shown(part, "steps of teaching", steps, "", ", ".join(sorted({str(one.way) for one in made})))
    nearer_db = [one.untaught_db - one.taught_db for one in made if one.trials]
    if nearer_db:
        yield shown(part, "held-out frames nearer than encoded", _mean(nearer_db, 2), "dB", f"{len(nearer_db)} samples")


def _of(figures: Sequence[CloneFigures], others: Sequence[CloneFigures]) -> list[CloneFigures]:
    """The figures of the speakers of `others`, in their order."""
    by_name = {one.speaker: one for one in figures}
    return [by_name[one.speaker] for one in others]


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
    wrong = [one.words_wrong for one in found if one.words_wrong is not None]
    if wrong:
        yield shown(part, "words wrong", round(100 * float(np.mean(wrong)), 1), "%", note)
    opinions = [one.opinion for one in found if one.opinion is not None]
    if opinions:
        yield shown(part, "predicted opinion", _mean(opinions, 2), "", f"DNSMOS overall, {note}")
    recognised = 100 * float(np.mean([one.recognised for one in found]))
    yield shown(
        part, "taken for the speaker", round(recognised, 1), "%", f"by cepstra, chance {100 / len(found):.0f} %"
    )


def _gain_rows(
    part: str, clones: Sequence[CloneFigures], before: Sequence[CloneFigures], most_s: float
) -> Iterator[BenchRow]:
    gain, low, high = gain_of(clones, before)
    note = f"95 % interval {low:+.3f} to {high:+.3f}, bootstrap over {len(clones)} speakers"
    yield at_least(part, "gain in likeness", round(gain, 3), _LEAST_GAIN, "", note)
    slowest_s = max(one.encode_s for one in clones)
    yield at_most(part, "slowest to make", round(slowest_s, 2), most_s, "s", "of processor, the first with loading")


def _mean(values: Sequence[float], digits: int) -> float:
    return round(float(np.mean(values)), digits)
