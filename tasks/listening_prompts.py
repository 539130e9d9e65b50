"""What a listening test asks about: voices, held-out recordings drawn by lot, sentences, checks of attention."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.corpus import LONGEST_CLIP_S, Recordings
from av_models.domain.errors import InputError, MediaError
from av_models.domain.listening import RECORDING, SYNTHESIS, Part
from av_models.domain.script import Line
from av_models.domain.speech import Utterance, Voice
from tasks.texts import text_of
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["Prompt", "Wanted", "check_items", "draw_prompts", "listening_dir", "open_voices", "written_lines"]

_SHORTEST_S = 1.0
_CHECKS = {
    RECORDING: "This clip is a check. Please choose the answer recording.",
    SYNTHESIS: "This clip is a check. Please choose the answer synthesis.",
}
_CHECK_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A held-out recording. file: below its folder.  digest: of the file as it was cleared."""

    line: Line
    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item before it is spoken. recorded: of an item to judge.  spoken: what is said, by the key of its clip."""

    id: str
    part: Part
    text: str
    recorded: Prompt | None
    spoken: tuple[tuple[str, Utterance], ...]


def listening_dir(name: str) -> Path:
    """Where a test of that name lies. InputError for what cannot be a folder's name."""
    if not re.fullmatch(r"[\w][\w.-]{0,59}", name):
        raise InputError(f"'{name}' cannot name a listening test.", "Use letters, digits, dashes and dots.")
    return media_dir() / "listening" / name


@task(name="open_voices", cache_policy=NO_CACHE, persist_result=False)
def open_voices(name: str, voice: str, against: str) -> dict[str, Voice]:
    """The voices by their part: 'voice', and 'voice against it' where there is one.

    InputError for a name whose test has answers already, and for voices that cannot be compared.
    """
    from av_models.io.listening_answers import Answers
    from av_models.io.voices import find_voice

    n_listeners = len(Answers(listening_dir(name)).everybody())
    if n_listeners:
        raise InputError(
            f"The listening test {name} has been heard by {n_listeners} listeners.",
            "Other clips would make their answers worthless: choose another --name.",
        )
    tested = find_voice(voice, configs_dir(), media_dir(), store())
    if not against:
        return {"voice": tested}
    other = find_voice(against, configs_dir(), media_dir(), store())
    if other.name == tested.name:
        raise InputError(f"{voice} cannot be compared with itself.", "Name another voice with --against.")
    if other.language.partition("-")[0] != tested.language.partition("-")[0]:
        raise InputError(
            f"{voice} speaks {tested.language}, and {against} speaks {other.language}.",
            "Compare voices of one language.",
        )
    return {"voice": tested, "voice against it": other}


@task(name="draw_prompts", cache_policy=NO_CACHE, persist_result=False)
def draw_prompts(recordings: Recordings, folder: str, held_out: str, n_prompts: int, seed: int) -> list[Prompt]:
    """Up to `n_prompts` recordings of different texts, drawn by lot among those whose names match `held_out`.

    One take of each text, of 1 to LONGEST_CLIP_S seconds. InputError when nothing matches.
    """
    from av_models.io.recordings import sound_source
    from av_models.speech.corpus.sentences import line_of

    held = [row for row in store().json(recordings.listing) if row["text"].strip() and re.search(held_out, row["name"])]
    Random(f"{seed}/prompts").shuffle(held)
    drawn: dict[tuple[str, ...], Prompt] = {}
    for row in held:
        if len(drawn) == n_prompts:
            break
        try:
            line = line_of(row["text"], recordings.language)
            seconds = sound_source(Path(folder) / row["file"]).seconds
        except (InputError, MediaError):
            continue
        if line.spoken not in drawn and _SHORTEST_S <= seconds <= LONGEST_CLIP_S:
            drawn[line.spoken] = Prompt(line, row["file"], row["digest"])
    if not drawn:
        raise InputError(
            f"No recording of 1 to {LONGEST_CLIP_S} s in {folder} with a text has a name that matches '{held_out}'.",
            "Choose another --held-out.",
        )
    return list(drawn.values())


@task(name="written_lines", cache_policy=NO_CACHE, persist_result=False)
def written_lines(texts: str, language: str) -> list[Line]:
    """Sentences to compare voices on, one a line. texts: themselves, or the full path of a file."""
    from av_models.speech.script import read_script

    lines = read_script(text_of(texts), language, for_voice=True).lines
    return list({line.spoken: Line("", line.tokens) for line in lines if line.spoken}.values())


def check_items(voice: Voice, n_checks: int, seed: int) -> list[Wanted]:
    """Clips in the tested voice that say what to answer; none in a language for which nobody has worded them."""
    from av_models.speech.corpus.sentences import line_of

    if not voice.language.lower().startswith(_CHECK_LANGUAGE):
        return []
    found = []
    for number in range(n_checks):
        answer = (SYNTHESIS, RECORDING)[number % 2]
        line = line_of(_CHECKS[answer], voice.language)
        said = ((answer, Utterance(line, voice, seed + number)),)
        found.append(Wanted(f"c{number + 1:02d}", Part.CHECK, line.written, None, said))
    return found
