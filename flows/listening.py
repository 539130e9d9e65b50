"""A blind listening test is made: recording or synthesis? And which of two voices is better?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError
from av_models.domain.listening import SYNTHESIS, Part
from av_models.domain.script import Line
from av_models.domain.speech import Utterance, Voice
from av_models.io.output_folder import output_folder
from flows.parameters import names_file
from tasks.consent import check_recordings_consent, check_voices_consent
from tasks.corpus import list_recordings
from tasks.listening import make_test, note_clips
from tasks.listening_prompts import (
    Prompt,
    Wanted,
    check_items,
    draw_prompts,
    listening_dir,
    open_voices,
    written_lines,
)
from tasks.progress import stopping_together
from tasks.self_check import check_speech
from tasks.speech import synthesize
from tasks.stages import record_stages
from tasks.workspace import find_input, media_dir

__all__ = ["Listening", "listening", "load_listening"]

_THREADS = 2
_FEWEST = 2

record_stages(open_voices, check_voices_consent, list_recordings, draw_prompts, synthesize, check_speech, make_test)


class Listening(BaseModel):
    """What a listening test can be made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="Of the test: `flow listen NAME` serves it.")
    voice: str = Field(min_length=1, description="The voice under test, one of `flow voices`.")
    recordings: str = Field(default="", description="Folder of recordings to tell the voice from; empty for none.")
    transcripts: str = Field(default="", description="Table of ids and texts; empty for the usual ones.")
    held_out: str = Field(
        default="", description="Regular expression of ids of recordings that trained nothing; '.' for all."
    )
    consent: str = Field(default="", description="Record that covers the recordings; found by them if empty.")
    against: str = Field(default="", description="Voice to compare it with; empty for none.")
    texts: str = Field(default="", description="What both voices say, text or file; further held-out prompts if empty.")
    clips: int = Field(default=16, ge=_FEWEST, le=100, description="Clips that each listener judges.")
    pairs: int = Field(default=8, ge=1, le=100, description="Pairs that each listener compares.")
    checks: int = Field(default=1, ge=0, le=4, description="Clips that say what to answer.")
    headphones: bool = Field(default=True, description="Begin with tones that only headphones let one tell apart.")
    title: str = Field(default="Listening test", min_length=1, max_length=100, description="What listeners read.")
    seed: int = Field(default=7, ge=0, lt=2**31, description="Of everything that draws lots.")
    use: str = Field(default="research", description="What it is made for; every consent must allow it.")
    territory: str = Field(default="worldwide", description="Where it is heard.")

    @field_validator("held_out")
    @classmethod
    def _pattern(cls, value: str) -> str:
        import re

        try:
            re.compile(value)
        except re.error as error:
            raise InputError(f"held_out {value!r} is no pattern ({error}).", "Give a regular expression.") from error
        return value

    @field_validator("texts")
    @classmethod
    def _text_or_file(cls, value: str) -> str:
        if not names_file(value):
            return value
        path = find_input(value)
        if path is None:
            raise InputError(f"There is no file {value}.", f"Check the name, or put it into {media_dir() / 'inputs'}.")
        return str(path)

    @model_validator(mode="after")
    def _something_to_hear(self) -> Self:
        listening_dir(self.name)
        if not self.recordings and not self.against:
            raise InputError(
                "There is nothing to compare the voice with.",
                "Give --recordings to tell it from, or --against another voice, or both.",
            )
        if self.recordings and not self.held_out:
            raise InputError(
                "Which recordings trained nothing? Those that did would flatter the voice.",
                "Name them by their ids with --held-out REGEX; '.' takes all of them.",
            )
        if self.against and not self.recordings and not self.texts.strip():
            raise InputError("The voices have nothing to say.", "Give --texts, a file with a sentence on each line.")
        return self

    @property
    def facts(self) -> dict[str, Any]:
        """Of the test as it is kept."""
        return {"name": self.name, "title": self.title, "seed": self.seed, "voice": self.voice, "against": self.against}


def load_listening(**given: Any) -> Listening:
    """As the command line gives it. InputError for what contradicts itself, before anything is computed."""
    try:
        return Listening(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        own = first.get("ctx", {}).get("error")
        if isinstance(own, InputError):
            raise own from error
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{where} = {first['input']!r}: {first['msg']}.", "See `flow run listening --help`."
        ) from error


@flow(
    name="listening",
    description="A blind listening test: recording or synthesis, and which of two voices is better.",
    task_runner=ThreadPoolTaskRunner(max_workers=_THREADS),  # type: ignore[arg-type]
    flow_run_name="{asked.name}",
    persist_result=False,
)
def listening(asked: Listening) -> dict[str, Any]:
    """Make a test that `flow listen NAME` serves. Nobody is heard in it without a consent record in force."""
    place = listening_dir(asked.name)
    with stopping_together(), output_folder(place) as folder:
        voices = open_voices(asked.name, asked.voice, asked.against)
        voice = voices["voice"]
        purpose = Purpose(asked.use, asked.territory, voice.language)
        clearances = [check_voices_consent(voices, purpose)]
        prompts: list[Prompt] = []
        if asked.recordings:
            transcripts = Path(asked.transcripts) if asked.transcripts else None
            recordings = list_recordings(Path(asked.recordings), transcripts, voice.language)
            clearances.append(check_recordings_consent(recordings, asked.recordings, asked.consent, purpose))
            n_prompts = asked.clips + (asked.pairs if asked.against and not asked.texts.strip() else 0)
            prompts = draw_prompts(recordings, asked.recordings, asked.held_out, n_prompts, asked.seed)
        lines = written_lines(asked.texts, voice.language)[: asked.pairs] if asked.texts.strip() else []
        wanted = _wanted(asked, voices, prompts, lines)
        speeches = [one.speech for one in check_speech.map(synthesize.map(_utterances(wanted))).result()]
        facts = asked.facts | {"language": voice.language}
        test = make_test(folder, facts, wanted, speeches, asked.recordings, clearances, asked.headphones)
    note_clips(place, test, clearances[0])
    counted = {str(part): len(test.of(part)) for part in Part}
    return {
        "name": test.name,
        "folder": str(place),
        "items": counted,
        "rate_hz": test.rate_hz,
        "lufs": test.lufs,
        "consent_ids": list(test.consent_ids),
        "serve": f"flow listen {test.name}",
    }


def _wanted(asked: Listening, voices: dict[str, Voice], prompts: list[Prompt], lines: list[Line]) -> list[Wanted]:
    """Prompts to judge first; those that are left, or the lines, become pairs."""
    voice, other = voices["voice"], voices.get("voice against it")
    judged = prompts[: asked.clips]
    compared = (lines or [prompt.line for prompt in prompts[asked.clips :]]) if other else []
    if prompts and len(judged) < _FEWEST:
        raise InputError(f"Only {len(judged)} prompt is held out.", "Choose another --held-out.")
    if other and not compared:
        problem = f"All {len(prompts)} held-out prompts are judged, and none is left for the pairs."
        raise InputError(problem, "Give --texts, or fewer --clips.")
    wanted = []
    for number, prompt in enumerate(judged, start=1):
        said = ((SYNTHESIS, Utterance(prompt.line, voice, asked.seed)),)
        wanted.append(Wanted(f"j{number:02d}", Part.JUDGE, prompt.line.written, prompt, said))
    if judged:
        wanted += check_items(voice, asked.checks, asked.seed)
    for number, line in enumerate(compared, start=1):
        both = tuple((one.name, Utterance(line, one, asked.seed)) for one in (voice, other) if one)
        wanted.append(Wanted(f"p{number:02d}", Part.PREFER, line.written, None, both))
    return wanted


def _utterances(wanted: list[Wanted]) -> list[Utterance]:
    return [utterance for one in wanted for _, utterance in one.spoken]
