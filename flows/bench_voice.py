"""The suite `voice`: a voice's speed, and its speech beside held-out recordings, espeak-ng and Griffin-Lim.

Needs the recordings of a corpus, which are not in the repository:
flow run bench --suite voice --corpus DIR --voice NAME [--held-out REGEX]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.consent import Purpose
from av_models.domain.corpus import CORPUS_RATE_HZ, Corpus
from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Voice
from tasks.bench_voice import (
    Sentence,
    Take,
    TakeFigures,
    held_out_sentences,
    imposed_takes,
    measure_takes,
    only_held_out,
    probe_voice,
    spoken_takes,
)
from tasks.consent import check_voices_consent
from tasks.corpus import list_recordings, prepare_corpus
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["voice_rows"]

_BASELINE = "espeak-default"
_N, _N_QUICK, _N_TIMED = 60, 12, 20
_REAL_TIME, _FIRST_MS, _MEMORY_MB, _MODEL_MB = 0.15, 300, 200, 60


def voice_rows(quick: bool, corpus: str = "", voice: str = "", held_out: str = "") -> Iterator[BenchRow]:
    """corpus: folder of recordings with transcripts.  voice: '' for the one that `produce` speaks with."""
    from flows.speak import usual_voice

    if not corpus:
        raise InputError(
            "The suite voice needs recordings to compare with.",
            "Give them: flow run bench --suite voice --corpus DIR, with transcripts as `train-voice` takes them.",
        )
    tested, baseline = _voice(voice or usual_voice()), _voice(_BASELINE)
    check_voices_consent({"voice": tested}, Purpose("demonstration", "worldwide", tested.language))
    n = _N_QUICK if quick else _N
    others = _sentences()[:n]
    yield from _speed_rows(tested, baseline, others[:_N_TIMED])
    prepared = _prepared(corpus, held_out, n)
    sentences = held_out_sentences(prepared, n)
    if len(sentences) < 2:
        raise InputError(f"Only {len(sentences)} prompts of {corpus} are held out.", "Choose another --held-out.")
    yield from _quality_rows(tested, baseline, sentences, others)


def _voice(name: str) -> Voice:
    from av_models.io.voices import find_voice

    return find_voice(name, configs_dir(), media_dir(), store())


def _sentences() -> list[str]:
    path = configs_dir() / "bench" / "sentences.txt"
    if not path.is_file():
        raise InputError(f"{path} is missing.", "Restore it from the repository.")
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def _prepared(corpus: str, held_out: str, n: int) -> Corpus:
    recordings = only_held_out(list_recordings(Path(corpus), None, "en-us"), held_out, n)
    return prepare_corpus(recordings, corpus, held_out)


def _speed_rows(tested: Voice, baseline: Voice, lines: Sequence[str]) -> Iterator[BenchRow]:
    """Judged by the processor's time, which is the same on a busy machine; the clock's is shown beside it."""
    for voice, judged in ((tested, True), (baseline, False)):
        for threads in (2, 1):
            found = probe_voice(voice.name, threads, lines)
            part, note = f"speed, {voice.name}", f"{threads} threads, {len(lines) - 1} sentences"
            limited = judged and threads == 2
            row = _limited if limited else _unlimited
            yield row(part, "processor time over length", round(found["busy"], 4), _REAL_TIME, "", note)
            yield shown(part, "real time", round(found["real_time"], 4), "", note)
            yield row(part, "first sound, processor", round(1000 * found["first_busy_s"], 1), _FIRST_MS, "ms", note)
            yield shown(part, "first sound", round(1000 * found["first_s"], 1), "ms", note)
            if threads == 2:
                row = _limited if judged else _unlimited
                yield shown(part, "first sound, loading included", round(1000 * found["cold_s"]), "ms", note)
                yield row(part, "memory of the process", found["peak_mb"], _MEMORY_MB, "MB", note)
                yield row(part, "weights", round(found["weights_bytes"] / 1e6, 1), _MODEL_MB, "MB", "")


def _limited(part: str, name: str, value: float, most: float, unit: str, note: str) -> BenchRow:
    return at_most(part, name, value, most, unit, note)


def _unlimited(part: str, name: str, value: float, _: float, unit: str, note: str) -> BenchRow:
    return shown(part, name, value, unit, note)


def _quality_rows(
    tested: Voice, baseline: Voice, sentences: Sequence[Sentence], others: Sequence[str]
) -> Iterator[BenchRow]:
    said = [sentence.line for sentence in sentences]
    recorded = [Take(s.line, s.samples, CORPUS_RATE_HZ) for s in sentences]
    known = measure_takes(recorded, "recordings")
    yield from _own_rows("recordings", known, f"{len(recorded)} held-out sentences")
    own = spoken_takes(tested, said, tested.name)
    found = measure_takes(own, tested.name)
    note = f"{len(own)} held-out sentences"
    yield from _judged_rows(tested.name, found, known, note)
    yield from _likeness_rows(tested.name, own, recorded, judged=True)
    rules = spoken_takes(baseline, said[::2], baseline.name)
    yield from _own_rows(baseline.name, measure_takes(rules, baseline.name), f"{len(rules)} of them")
    yield from _likeness_rows(baseline.name, rules, recorded, judged=False)
    fresh = measure_takes(spoken_takes(tested, _lines(others, tested), tested.name), "others")
    yield from _own_rows(f"{tested.name}, others", fresh, f"{len(others)} sentences of nobody's corpus", judged=True)
    if tested.engine == "neural":
        yield from _imposed_rows(tested, sentences[::2], known)
    else:
        yield shown("imposed", "left out", None, note=f"the engine {tested.engine} has no mel frames to compare")


def _lines(texts: Sequence[str], voice: Voice) -> list[Line]:
    from av_models.speech.script import read_script

    return [line for text in texts for line in read_script(text, voice.language).lines]


def _own_rows(part: str, figures: TakeFigures, note: str, judged: bool = False) -> Iterator[BenchRow]:
    yield shown(part, "DNSMOS overall", _rounded(figures.overall), "", note)
    yield shown(part, "words wrong", _percent(figures.word_error), "%", f"{_heard_by()}, {note}")
    clean, flaws = _percent(1 - figures.flawed), ", ".join(f"{n} {name}" for name, n in figures.flaws.items())
    if judged:
        yield at_least(part, "without a finding of the self-check", clean, 98, "%", flaws)
    else:
        yield shown(part, "without a finding of the self-check", clean, "%", flaws)


def _judged_rows(part: str, figures: TakeFigures, known: TakeFigures, note: str) -> Iterator[BenchRow]:
    if figures.overall is None or known.overall is None:
        yield shown(part, "DNSMOS overall", None, note="install it: pip install --no-deps speechmos")
    else:
        gap = round(known.overall - figures.overall, 3)
        yield at_most(part, "DNSMOS below the recordings", gap, 0.3, "", f"{figures.overall:.2f}, {note}")
    gap = round(100 * (figures.word_error - known.word_error), 1)
    yield at_most(
        part, "words wrong over the recordings", gap, 5, "points", f"{100 * figures.word_error:.1f} %, {_heard_by()}"
    )
    flaws = ", ".join(f"{n} {name}" for name, n in figures.flaws.items())
    yield at_least(part, "without a finding of the self-check", _percent(1 - figures.flawed), 98, "%", flaws)


def _likeness_rows(part: str, takes: Sequence[Take], recorded: Sequence[Take], judged: bool) -> Iterator[BenchRow]:
    from av_models.speech.speaker import likeness, speaker_encoder_there

    if not speaker_encoder_there():
        note = "install it: pip install --no-deps resemblyzer"
        yield shown(part, "likeness to the speaker", None, note=note)
        return
    total = np.sum([one.embedding for one in recorded], axis=0)
    among = float(np.mean([likeness(one.embedding, total - one.embedding) for one in recorded]))
    own = float(np.mean([likeness(one.embedding, total) for one in takes]))
    note = f"recordings among themselves {among:.3f}, Resemblyzer cosine"
    yield shown(part, "likeness to the speaker", round(own, 3), "", note)
    if judged:
        yield at_most(part, "likeness below the recordings'", round(among - own, 3), 0.05, "", note)


def _imposed_rows(tested: Voice, sentences: Sequence[Sentence], known: TakeFigures) -> Iterator[BenchRow]:
    from av_models.speech.likeness import cepstral_distortion_db, pitch_error_cents
    from av_models.speech.neural.mels import HOP, log_mel
    from av_models.speech.neural.pitch import pitch_hz

    distortion, cents, floor, off = [], [], [], 0
    takes, floor_takes = [], []
    starts_ms: list[float] = []
    for sentence, lesson, spoken, flat in imposed_takes(tested, sentences):
        mel = np.asarray(lesson.mel, np.float32)
        distortion.append(cepstral_distortion_db(mel, log_mel(spoken.samples)))
        floor.append(cepstral_distortion_db(mel, log_mel(flat)))
        cents.append(pitch_error_cents(lesson.pitch_hz, pitch_hz(spoken.samples)))
        off += len(spoken.samples) != int(lesson.frames.sum()) * HOP
        takes.append(Take(sentence.line, spoken.samples, CORPUS_RATE_HZ))
        floor_takes.append(Take(sentence.line, flat, CORPUS_RATE_HZ))
        starts_ms += _start_errors_ms(sentence, takes[-1])
    note = f"{len(takes)} held-out sentences at the recordings' lengths"
    yield shown("imposed", "mel-cepstral distortion", _rounded(float(np.nanmean(distortion))), "dB", note)
    yield shown(
        "imposed", "mel-cepstral distortion, Griffin-Lim", _rounded(float(np.nanmean(floor))), "dB", "same mels"
    )
    yield shown("imposed", "pitch error", round(float(np.nanmean(cents)), 1), "cents", note)
    yield at_most("imposed", "lengths off by a hop or more", float(off), 0, "", note)
    mean_ms = round(float(np.mean(np.abs(starts_ms))), 1) if starts_ms else None
    yield at_most("imposed", "phone starts off", mean_ms, 15, "ms", f"{len(starts_ms)} phones, by the aligner")
    figures = measure_takes(floor_takes, "Griffin-Lim")
    yield from _own_rows("Griffin-Lim", figures, "on the voice's own mels")
    vocoded = measure_takes(takes, "imposed")
    if vocoded.overall is not None and known.overall is not None:
        yield shown("imposed", "DNSMOS overall", _rounded(vocoded.overall), "", f"recordings {known.overall:.2f}")


def _start_errors_ms(sentence: Sentence, take: Take) -> list[float]:
    """Starts of phones as the aligner hears them, less those that were imposed; pairs by order where both agree."""
    from av_models.alignment.aligner import get_aligner
    from av_models.speech.arpabet import bare

    try:
        heard = get_aligner("pocketsphinx").align(take.samples, take.rate_hz, take.line, take.language, ((), ()))
    except InputError:
        return []
    found = [phone for phone in heard.phones if phone.label != SILENCE]
    wanted = [phone for phone in sentence.clip.phones if phone.label != SILENCE]
    if [bare(phone.label) for phone in found] != [bare(phone.label) for phone in wanted]:
        return []
    return [1000 * float(one.start - other.start) for one, other in zip(found, wanted, strict=True)]


def _heard_by() -> str:
    from av_models.speech.recognise import recogniser

    return f"by {recogniser()}"


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
