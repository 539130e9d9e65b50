"""What the suite `voice` measures: speed of a voice alone, and its speech beside the recordings it was made from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.corpus import Corpus, Recordings
from av_models.domain.errors import InputError, ResourceError
from av_models.domain.script import Line
from av_models.domain.speech import Voice
from tasks.corpus import corpus_clips
from tasks.progress import Progress
from tasks.workspace import repository_dir, store

__all__ = [
    "Sentence",
    "Take",
    "TakeFigures",
    "griffin_lim",
    "held_out_sentences",
    "imposed_takes",
    "measure_takes",
    "only_held_out",
    "probe_voice",
    "spoken_takes",
]

Samples = NDArray[np.float32]

_PROBE_S = 1800
_TO_SPARE = 1.25
"""More recordings than sentences are prepared, as some are refused."""


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A held-out clip: its recording with words and phones."""

    id: str
    line: Line
    samples: Samples
    clip: Any


@dataclass(frozen=True, eq=False)
class Take:
    """A line as something says it. samples: mono (n,)."""

    line: Line
    samples: Samples
    rate_hz: int
    language: str = "en-us"

    @cached_property
    def embedding(self) -> NDArray[np.float32]:
        from av_models.speech.speaker import embed

        return embed(self.samples, self.rate_hz)


@dataclass(slots=True)
class TakeFigures:
    """Over a set of takes. overall: DNSMOS.  word_error: share.  flawed: share with a finding of the self-check.

    flaws: how often each.  None where what measures it is not installed.
    """

    overall: float | None
    word_error: float
    flawed: float
    flaws: dict[str, int] = field(default_factory=dict)


def only_held_out(recordings: Recordings, pattern: str, n_most: int) -> Recordings:
    """One take each of n_most texts among those whose names match, spread over the corpus, and a few to spare: not all
    of a corpus is prepared to measure a part of it. '' as pattern lets the preparation choose among all.

    InputError when nothing matches.
    """
    if not pattern:
        return recordings
    rows = [row for row in store().json(recordings.listing) if re.search(pattern, row["name"])]
    if not rows:
        raise InputError(f"No recording is called {pattern!r}.", "Choose another --held-out; it is searched in names.")
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row["text"] or row["name"], row)
    chosen = _spread(list(first.values()), round(_TO_SPARE * n_most))
    return replace(recordings, listing=store().put_json(chosen), n_recordings=len(chosen))


def _spread(all_of_them: list[Any], n_most: int) -> list[Any]:
    n = min(n_most, len(all_of_them))
    return [all_of_them[number * len(all_of_them) // n] for number in range(n)]


def held_out_sentences(corpus: Corpus, n_most: int) -> list[Sentence]:
    """One take of each held-out prompt, spread over the corpus."""
    from av_models.speech.corpus.sentences import line_of

    rows = [row for row in store().json(corpus.clips) if not row["faults"] and row["held_out"]]
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row["prompt"], row["id"])
    chosen = set(_spread(list(first.values()), n_most))
    return [
        Sentence(clip.id, line_of(clip.text, corpus.language), clip.samples, clip)
        for row, clip in corpus_clips(corpus)
        if clip.id in chosen
    ]


def spoken_takes(voice: Voice, lines: Sequence[Line], label: str) -> list[Take]:
    """Every line by the engine of a voice."""
    from av_models.speech.registry import get_engine

    engine, weights = get_engine(voice.engine), [store().read_bytes(ref) for ref in voice.weights]
    takes = []
    with Progress("speak", len(lines), "line", label) as progress:
        for number, line in enumerate(lines, start=1):
            said = engine.synthesize(line, dict(voice.settings), weights, voice.language, number)
            takes.append(Take(line, said.samples, said.rate_hz, voice.language))
            progress.reach(number)
    return takes


def measure_takes(takes: Sequence[Take], label: str) -> TakeFigures:
    """Opinion, recogniser and self-check over all of them, as many at once as there are cores."""
    from av_models.runtime.device import n_cores
    from av_models.speech.opinion import opinion_there

    with Progress("measure", len(takes), "line", label) as progress, ThreadPoolExecutor(n_cores()) as workers:
        heard = []
        for number, one in enumerate(workers.map(partial(_heard, with_opinion=opinion_there()), takes), start=1):
            heard.append(one)
            progress.reach(number)
    kinds = Counter(kind for one in heard for kind in one.flaws)
    opinions = [one.overall for one in heard if one.overall is not None]
    n_words = sum(len(take.line.spoken) for take in takes)
    return TakeFigures(
        float(np.mean(opinions)) if opinions else None,
        sum(one.wrong for one in heard) / max(n_words, 1),
        sum(bool(one.flaws) for one in heard) / max(len(takes), 1),
        dict(kinds),
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    """Of one take. wrong: words.  flaws: kinds of its findings.  overall: DNSMOS, None where it is not installed."""

    wrong: int
    flaws: tuple[str, ...]
    overall: float | None


def _heard(take: Take, with_opinion: bool) -> _Heard:
    from av_models.speech.hearing import find_flaws
    from av_models.speech.opinion import opinion
    from av_models.speech.recognise import recognise, word_errors

    wrong = word_errors(recognise(take.samples, take.rate_hz), take.line.spoken)
    found = find_flaws(take.samples, take.rate_hz, take.line, take.language)
    overall = opinion(take.samples, take.rate_hz).overall if with_opinion else None
    return _Heard(wrong, tuple(str(flaw.kind) for flaw in found), overall)


def probe_voice(voice: str, threads: int, lines: Sequence[str]) -> dict[str, Any]:
    """See `tasks.voice_probe`. ResourceError when its process fails."""
    asked = json.dumps({"voice": voice, "threads": threads, "lines": list(lines)})
    done = subprocess.run(
        [sys.executable, "-m", "tasks.voice_probe"],
        input=asked,
        capture_output=True,
        text=True,
        timeout=_PROBE_S,
        check=False,
        cwd=repository_dir(),
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ResourceError(f"The voice {voice} could not be timed: {last[0]}.", "Run it with `flow run speak` first.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def imposed_takes(voice: Voice, sentences: Sequence[Sentence]) -> Iterator[tuple[Sentence, Any, Any, Samples]]:
    """Held-out sentences at the lengths of their recordings: (sentence, clip as learnt, spoken, by Griffin-Lim)."""
    from av_models.speech.neural.clips import make_clip
    from av_models.speech.neural.voice import Prosody
    from av_models.speech.neural.voice_file import load_voice

    network = load_voice(store().read_bytes(voice.weights[0]))
    for number, sentence in enumerate(sentences, start=1):
        clip = sentence.clip
        lesson = make_clip(clip.id, sentence.line, clip.words, clip.phones, clip.samples)
        spoken = network.speak(lesson.symbols, Prosody(frames=lesson.frames), seed=number)
        yield sentence, lesson, spoken, griffin_lim(spoken.mel)


def griffin_lim(mel: Samples) -> Samples:
    """Sound of natural-log mel magnitudes (bands, T) by Griffin and Lim 1984, 32 rounds, the floor beneath vocoders."""
    import librosa

    from av_models.speech.neural.mels import HOP, N_FFT, mel_basis

    magnitude = np.maximum(np.linalg.pinv(mel_basis()) @ np.exp(np.asarray(mel, np.float64)), 1e-8)
    padded = np.concatenate([magnitude, magnitude[:, -1:]], axis=1).astype(np.float32)
    sound = librosa.griffinlim(padded, n_iter=32, hop_length=HOP, n_fft=N_FFT, random_state=0)
    lead = HOP // 2  # frames lie in the middle of their hop here, and at its start there
    return np.asarray(np.pad(sound, (lead, 0))[: mel.shape[1] * HOP], np.float32)
