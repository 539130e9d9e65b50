"""A script becomes sound: read, spoken, listened to, aligned, marked and delivered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow, unmapped
from prefect.futures import PrefectFutureList
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, ConfigDict, Field, field_validator

from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError
from av_models.io.output_folder import output_folder
from flows.parameters import Production, named_styles, names_file
from tasks.alignment import align
from tasks.consent import check_voices_consent
from tasks.progress import Progress, stopping_together
from tasks.script import check_roles, read_script, utterances
from tasks.self_check import check_speech
from tasks.speaking import deliver_speech, note_speech, open_speaking
from tasks.speech import synthesize
from tasks.stages import record_stages
from tasks.styling import follow_styles, read_style, voice_habits
from tasks.workspace import configs_dir, find_input, media_dir

__all__ = ["Speaking", "load_speaking", "speak", "usual_voice"]

T = TypeVar("T")

_THREADS = 2
_NAME_MOST = 60

record_stages(
    *(open_speaking, check_voices_consent, read_script, read_style, voice_habits, synthesize, check_speech, align),
    deliver_speech,
)


class Speaking(BaseModel):
    """What `speak` can be asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    script: str = Field(
        min_length=1, description="The text itself, plain or SSML, or the name of a file (media/inputs/ or a path)."
    )
    voice: str = Field(default="espeak-default", min_length=1, description="One of `flow voices`.")
    roles: dict[str, str] = Field(default_factory=dict, description="Names of voices by role of the script.")
    style: str = Field(default="", description="Recording whose pace and melody the voices take on.")
    styles: dict[str, str] = Field(
        default_factory=dict, description="The same for a role or a line: {ANNA: calm.wav, '3': hurried.wav}."
    )
    seed: int = Field(default=7, ge=0, lt=2**31, description="Of everything that draws lots.")
    use: str = Field(default="demonstration", description="What it is made for.")
    territory: str = Field(default="worldwide", description="Where it is heard.")
    pictures: bool = Field(default=True, description="A picture of every line.")
    out: str = Field(default="", description="Folder; media/out/NAME-speech if empty.")

    @field_validator("script")
    @classmethod
    def _text_or_file(cls, value: str) -> str:
        return _found(value) if names_file(value) else value

    @property
    def all_styles(self) -> dict[str, str]:
        """Recordings by whose lines they are for, '' for all others."""
        return self.styles | ({"": self.style} if self.style else {})

    @property
    def out_dir(self) -> Path:
        if self.out:
            return Path(self.out).expanduser().absolute()
        named = Path(self.script).stem if names_file(self.script) else " ".join(self.script.split()[:5])
        plain = re.sub(r"[^\w.-]+", "-", named).strip("-.")[:_NAME_MOST] or "untitled"
        return media_dir() / "out" / f"{plain}-speech"


def load_speaking(
    script: str,
    voice: str,
    roles: Sequence[str],
    seed: int,
    use: str,
    territory: str,
    pictures: bool,
    out: Path | None,
    styles: Sequence[str] = (),
) -> Speaking:
    """As the command line gives it. InputError for a script that is not there and for a role without a voice."""
    script = _found(script) if names_file(script) else script
    if not script.strip():
        raise InputError("The script is empty.", "Write what shall be said, or name a text file.")
    named: dict[str, str] = {}
    for one in roles:
        role, sign, name = one.partition("=")
        if not sign or not role.strip() or not name.strip():
            raise InputError(f"--role {one!r} names no voice.", "Write it as --role ANNA=espeak-bright.")
        named[role.strip()] = name.strip()
    general, by_part = named_styles(styles)
    return Speaking(
        script=script,
        voice=voice or usual_voice(),
        roles=named,
        style=general,
        styles=by_part,
        seed=seed,
        use=use,
        territory=territory,
        pictures=pictures,
        out=str(out) if out else "",
    )


@flow(
    name="speak",
    description="A script becomes sound: WAV, TextGrid and picture of every line and of the whole.",
    task_runner=ThreadPoolTaskRunner(max_workers=_THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def speak(asked: Speaking) -> dict[str, Any]:
    """Speak a script in consented voices. Results appear in the output folder when all is well."""
    with stopping_together(), output_folder(asked.out_dir) as folder:
        text, cast = open_speaking(asked.script, asked.voice, asked.roles, asked.all_styles)
        purpose = Purpose(asked.use, asked.territory, cast.voice.language)
        clearance = check_voices_consent(cast.parts, purpose, cast.styles)
        read = read_script(text, cast.voice.language)
        styled = follow_styles(read, cast, clearance, asked.seed)
        script, notes = styled.script, check_roles(read, cast)
        seeds = (asked.seed,) * len(script.lines)
        spoken = _lines("speaking", synthesize.map(utterances(script, cast, seeds, styled.performances)))
        checked = _lines("listening", check_speech.map(spoken))
        alignments = _lines("aligning", align.map([one.speech for one in checked], unmapped("auto")))
        report = deliver_speech(folder, script, checked, alignments, clearance, notes, asked.pictures)
    note_speech(asked.out_dir, clearance, len(report["lines"]))
    return {
        "out": str(asked.out_dir),
        "speech": str(asked.out_dir / "speech.wav"),
        "report": str(asked.out_dir / "speech.json"),
        "n_lines": len(report["lines"]),
        **{key: report[key] for key in ("seconds", "voices", "consent_ids", "self_check", "notes")},
    }


def _lines(what: str, futures: PrefectFutureList[T]) -> list[T]:
    """The results in order; how far all lines are is shown, for a long script takes a long time."""
    with Progress(what, len(futures), "line") as progress:
        results = []
        for number, future in enumerate(futures, start=1):
            results.append(future.result())
            progress.reach(number)
    return results


def _found(name: str) -> str:
    path = find_input(name)
    if path is None:
        raise InputError(f"There is no file {name}.", f"Check the name, or put it into {media_dir() / 'inputs'}.")
    return str(path)


def usual_voice() -> str:
    """The one that `produce` speaks with."""
    from av_models.io.settings_file import read_settings

    house = configs_dir() / "produce.yaml"
    usual = read_settings(house).get("voice") if house.is_file() else None
    return str(usual or Production.model_fields["voice"].default)
