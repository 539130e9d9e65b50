"""Dubbing as a stage: does the translation last as long as what the actor says, sentence by sentence?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_models.domain.dubbing import DubbedSentence, Dubbing
from av_models.domain.media import Footage
from av_models.domain.speech import Alignment
from av_models.io.disk import new_file
from tasks.artifacts import show_table
from tasks.caching import stage
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.dubbing import TimedSentence

__all__ = ["is_dubbed", "isochrony_facts", "measure_isochrony", "original_language", "show_isochrony"]

SPEECH_HZ = 16000
_USUAL = {"en": "en-us"}


@stage("2")
def measure_isochrony(alignments: tuple[Alignment, ...], actor: Footage, original: str) -> Dubbing:
    """original: what is said in the actor's footage, in whichever language; its words are looked for in the sound."""
    from av_models.speech.dubbing import compare

    language = alignments[0].speech.utterance.voice.language
    spoken_in = original_language(original)
    originals, note = _originals(original, actor, spoken_in)
    sentences = compare(originals, list(_dubbed(alignments)), spoken_in, language)
    return Dubbing(spoken_in, language, sentences, note)


def is_dubbed(original: str, language: str) -> bool:
    """Whether what the actor says is known, and is in another language than the script."""
    return (
        bool(original.strip()) and original_language(original).partition("-")[0] != language.lower().partition("-")[0]
    )


def original_language(text: str) -> str:
    """The language of a transcript, told from its words; English if they do not tell."""
    from av_models.speech.normalise import strip_punctuation
    from av_models.speech.tongue import hear_tongue

    code = hear_tongue([strip_punctuation(word).lower() for word in text.split()], "").code or "en"
    return _USUAL.get(code, code)


def isochrony_facts(dubbing: Dubbing) -> dict[str, Any]:
    """As it stands in isochrony.json; `sentences` are the rows of the table."""
    return {
        "original_language": dubbing.original_language,
        "language": dubbing.language,
        "syllables_over": dubbing.syllables_over,
        "note": dubbing.note,
        "sentences": [_row(one) for one in dubbing.sentences],
    }


def show_isochrony(folder: Path, dubbing: Dubbing) -> None:
    """isochrony.json in the folder, and the same as a table in the interface."""
    facts = isochrony_facts(dubbing)
    path = folder / "isochrony.json"
    with new_file(path) as part:
        part.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show_table("isochrony", facts["sentences"], f"{dubbing.original_language} to {dubbing.language}")


def _row(one: DubbedSentence) -> dict[str, Any]:
    judged = one.isochrony
    return {
        "original": one.original,
        "dubbed": one.dubbed,
        "original_s": float(judged.room_s) if judged else None,
        "dubbed_s": float(judged.spoken_s) if judged else None,
        "original_syllables": one.original_syllables,
        "dubbed_syllables": one.dubbed_syllables,
        "original_rate": one.original_rate,
        "dubbed_rate": one.dubbed_rate,
        "played_at": float(judged.rate) if judged else None,
        "syllables_over": judged.syllables_over if judged else None,
        "verdict": judged.verdict if judged else "cannot be compared",
    }


def _originals(text: str, actor: Footage, language: str) -> tuple[list[TimedSentence], str]:
    """Every sentence with its place in the footage, and a sentence about those that were not found."""
    from av_models.io.audio import read_audio
    from av_models.lips.said import find_said
    from av_models.speech.dubbing import TimedSentence, sentences_of
    from av_models.speech.script import read_script

    lines = [part for line in read_script(text, language).lines for part in sentences_of(line)]
    if actor.audio is None:
        return [TimedSentence(line) for line in lines], "The actor's footage has no sound to measure."
    found, _ = find_said(read_audio(store().path(actor.media), SPEECH_HZ), SPEECH_HZ, lines, language)
    timed = [
        TimedSentence(line, said.words[0].start, said.words[-1].end) if said else TimedSentence(line)
        for line, said in zip(lines, found, strict=True)
    ]
    missing = sum(said is None for said in found)
    note = f"{missing} of {len(lines)} sentences of the original were not found in the footage." if missing else ""
    return timed, note


def _dubbed(alignments: Sequence[Alignment]) -> Iterator[TimedSentence]:
    """Every sentence as the voice says it, with times as if one line followed upon the other at once."""
    from av_models.speech.dubbing import TimedSentence, sentences_of

    before = Fraction(0)
    for alignment in alignments:
        line = alignment.speech.utterance.line
        times = _word_times(alignment)
        at = 0
        for part in sentences_of(line):
            own = [span for span in times[at : at + len(part.spoken)] if span]
            at += len(part.spoken)
            yield TimedSentence(part, before + own[0][0], before + own[-1][1]) if own else TimedSentence(part)
        before += alignment.speech.duration


def _word_times(alignment: Alignment) -> list[tuple[Fraction, Fraction] | None]:
    """For each spoken word of the line; a word that the voice swallowed has none."""
    times: list[tuple[Fraction, Fraction] | None] = []
    heard = list(alignment.words)
    for word in alignment.speech.utterance.line.spoken:
        is_next = bool(heard) and heard[0].text == word
        times.append((heard[0].start, heard.pop(0).end) if is_next else None)
    return times
