"""`Production`: all that a run can be asked for. Command line, YAML files and the form of the UI are this one class.

What contradicts itself, or names a file that is not there, is refused here, before anything is computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from av_models.domain.consent import Purpose
from av_models.domain.edit import Fit, Lips
from av_models.domain.errors import InputError
from av_models.domain.face import TrainingOptions
from av_models.domain.production import Bed, MasterOptions, Profile, Stage
from av_models.domain.sync import SyncGate
from av_models.swap.presets import face_size, preset_of
from flows.choices import (
    Choice,
    ConsentChoice,
    FaceChoice,
    FileName,
    MasterChoice,
    PurposeChoice,
    SoundChoice,
    SwapChoice,
    SyncChoice,
    TrainingChoice,
    existing_file,
)
from flows.settings import from_settings, merged
from tasks.workspace import configs_dir, find_input, media_dir

__all__ = ["Production", "load_production", "named_styles", "names_file"]

_BUDGET_S = {Profile.DRAFT: 210.0, Profile.FINAL: 3600.0}
_OUTPUT_NAMES = (
    *("master.mp4", "master.mov", "master.TextGrid", "captions.vtt", "captions.srt", "script.json", "report.json"),
    *("timeline.otio", "timeline.edl", "isochrony.json", "preview.mp4"),
)
_NAME_MOST = 60
_CONTRADICTIONS = ((Lips.KEEP, Fit.DRIVE), (Lips.DRIVE, Fit.PICTURE), (Lips.DRIVE, Fit.SOUND))
_FIT_REMEDY = "Leave one of the two away: picture and sound keep the actor's lips, drive moves them."


class Production(Choice):
    """One video to be made."""

    script: str = Field(
        min_length=1, description="The text itself, or the name of a text file (media/inputs/ or a path)."
    )
    source: FileName = Field(default="media/samples/source_a.mp4", description="Video of the face that is to be seen.")
    source_words: str = Field(
        default="", description="What is said in it: text or file; a .txt beside the video is found."
    )
    actor: FileName = Field(
        default="media/samples/actor_b.mp4", description="Video of the performance that carries it."
    )
    voice: str = Field(default="kathleen", min_length=1, description="One of `flow voices`.")
    voices: dict[str, str] = Field(
        default_factory=dict, description="A voice of its own for a role of the script, as {ANNA: espeak-bright}."
    )
    style: str = Field(
        default="", description="Recording whose pace and melody the voices take on; what it says in a .txt beside it."
    )
    styles: dict[str, FileName] = Field(
        default_factory=dict, description="The same for a role or a line: {ANNA: calm.wav, '3': hurried.wav}."
    )
    actor_words: str = Field(
        default="", description="What the actor says: text or file; a .txt beside the video is found."
    )
    lips: Lips = Field(
        default=Lips.AUTO, description="keep the actor's, drive them by the speech, or decide by what is said."
    )
    fit: Fit = Field(
        default=Fit.AUTO,
        description="drive: the speech moves the lips. picture: the sound is conformed to the actor's performance. "
        "sound: the picture is retimed to the speech. auto: decided phrase by phrase.",
    )
    out: str = Field(default="", description="Folder of the results; media/out/ and the script's name if empty.")
    profile: Profile = Field(
        default=Profile.DRAFT, description="draft: minutes. final: trained and encoded with patience."
    )
    until: Stage = Field(default=Stage.REPORT, description="The stage to stop after.")
    review: bool = Field(default=False, description="Ask for approval after speech, model and swap.")
    seed: int = Field(default=7, ge=0, lt=2**31, description="Of everything that draws lots.")
    title: str = Field(default="", max_length=200, description="Of the programme, if the script names none.")
    captions: bool = Field(default=True, description="A caption track in the master.")
    timecode: bool = Field(default=False, description="A timecode track in the master.")
    purpose: PurposeChoice = Field(default_factory=PurposeChoice)
    consent: ConsentChoice = Field(default_factory=ConsentChoice)
    face: FaceChoice = Field(default_factory=FaceChoice)
    training: TrainingChoice = Field(default_factory=TrainingChoice)
    swap: SwapChoice = Field(default_factory=SwapChoice)
    sound: SoundChoice = Field(default_factory=SoundChoice)
    master: MasterChoice = Field(default_factory=MasterChoice)
    sync: SyncChoice = Field(default_factory=SyncChoice)

    @field_validator("script", "source_words", "actor_words")
    @classmethod
    def _text_or_file(cls, value: str) -> str:
        """The full path, should it be the name of a file."""
        if not names_file(value):
            return value
        path = find_input(value)
        if path is None:
            raise InputError(f"There is no file {value}.", f"Check the name, or put it into {media_dir() / 'inputs'}.")
        return str(path)

    @field_validator("style")
    @classmethod
    def _existing_style(cls, value: str) -> str:
        return existing_file(value) if value else value

    @field_validator("script")
    @classmethod
    def _says_something(cls, value: str) -> str:
        from av_models.speech.script import LONGEST_SCRIPT

        if not value.strip():
            raise InputError("The script is empty.", "Write what shall be said, or name a text file.")
        if len(value) > LONGEST_SCRIPT:
            problem = f"The script has {len(value)} characters; {LONGEST_SCRIPT} are allowed."
            raise InputError(problem, "Split it into several scripts.")
        return value

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        if self.source == self.actor:
            raise InputError(
                f"source and actor are the same file ({self.source}).", "A swap needs two: a face, and a performance."
            )
        if (self.lips, self.fit) in _CONTRADICTIONS:
            raise InputError(f"lips '{self.lips}' and fit '{self.fit}' contradict each other.", _FIT_REMEDY)
        if self.review and not Stage.SPEECH.is_before(self.until):
            raise InputError(
                f"review has nothing to ask in a run that ends after '{self.until}'.", "Leave one of the two away."
            )
        self._check_out()
        return self

    def _check_out(self) -> None:
        out = self.out_dir
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file.", "Choose a folder with --out.")
        ours = {out / name for name in _OUTPUT_NAMES}
        for name in (self.source, self.actor, *self.sound.beds, self.script if names_file(self.script) else ""):
            if Path(name) in ours:
                raise InputError(f"{name} would be overwritten by the results.", "Choose another folder with --out.")

    @property
    def out_dir(self) -> Path:
        if self.out:
            return Path(self.out).expanduser().absolute()
        return media_dir() / "out" / self.script_name

    @property
    def script_name(self) -> str:
        """The script file's name without its ending, or the first words of the text; fit for a folder."""
        named = Path(self.script).stem if names_file(self.script) else " ".join(self.script.split()[:5])
        return re.sub(r"[^\w.-]+", "-", named).strip("-.")[:_NAME_MOST] or "untitled"

    @property
    def training_options(self) -> TrainingOptions:
        """A larger preset than the draft brings its own time."""
        own_s = preset_of(self.training.preset).plan.budget_s
        usual_s = _BUDGET_S[self.profile] if self.training.preset == "draft" else own_s
        return self.training.options(usual_s, self.seed)

    @property
    def inputs(self) -> dict[str, Any]:
        """As `open_inputs` takes them."""
        words = ("script", "source", "source_words", "actor", "actor_words", "voice")
        names: dict[str, Any] = {name: str(getattr(self, name)) for name in words}
        return (
            names
            | {"voices": self.voices, "styles": self.styles | ({"": self.style} if self.style else {})}
            | {f"{role}_consent": getattr(self.consent, role) for role in ("voice", "source", "actor")}
            | {"source_person": self.face.source, "actor_person": self.face.actor}
        )

    @property
    def sync_gate(self) -> SyncGate:
        return self.sync.gate or (SyncGate.WARN if self.profile is Profile.DRAFT else SyncGate.FAIL)

    @property
    def face_size_px(self) -> int:
        """Of the crops that training sees, and of the faces that the network paints."""
        return face_size(self.training_options)

    def purpose_in(self, language: str) -> Purpose:
        """language: of the voice."""
        return Purpose(self.purpose.use, self.purpose.territory, language, self.purpose.date)

    def master_options(self, title: str, language: str, beds: tuple[Bed, ...] = (), take: int = 1) -> MasterOptions:
        """title: of the script, '' if it has none.  take: how often the picture was made."""
        return MasterOptions(
            title=self.title or title or self.script_name,
            language=language,
            profile=self.profile,
            loudness_lufs=self.sound.lufs,
            captions=self.captions,
            timecode=self.timecode,
            preset=self.master.preset,
            bit_depth=self.master.bit_depth,
            burn_in=self.master.burn_in,
            take=take,
            caption_names=self.master.caption_names,
            beds=beds,
            mix=self.sound.mix,
        )


def names_file(value: str) -> bool:
    """One line that ends like a text file is the name of one; everything else is text."""
    return "\n" not in value.strip() and bool(re.search(r"\.(txt|text|md|ssml|xml)$", value.strip(), re.IGNORECASE))


def named_styles(given: Sequence[str]) -> tuple[str, dict[str, str]]:
    """'x.wav' for all, 'ANNA=x.wav' for a role and '3=x.wav' for a line, as the command line gives them."""
    general, styles = "", {}
    for one in given:
        of, sign, name = one.partition("=")
        if not sign or Path(one).is_file():
            general = one
        elif not of.strip() or not name.strip():
            raise InputError(f"--style {one!r} names no recording.", "Write it as --style x.wav or --style ANNA=x.wav.")
        else:
            styles[of.strip()] = name.strip()
    return general, styles


def load_production(
    config: Path | None = None, given: Mapping[str, Any] | None = None, assignments: Sequence[str] = ()
) -> Production:
    """configs/produce.yaml, under `config`, under `given` (None values are left out), under 'a.b=value' assignments.

    Raises InputError that names every wrong field, ConsentError for a use that no consent can allow.
    """
    from av_models.io.settings_file import read_settings

    house = configs_dir() / "produce.yaml"
    values = read_settings(house) if house.is_file() else {}
    if config is not None:
        values = merged(values, read_settings(config))
    chosen = {key: value for key, value in (given or {}).items() if value is not None}
    return from_settings(Production, merged(values, chosen), assignments)
