"""The parts of a production that can be chosen, group by group, as configs/produce.yaml writes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError, MediaError
from av_models.domain.face import FaceFinder, TrainingOptions
from av_models.domain.person_pick import parse_pick
from av_models.domain.production import BedMix, CaptionNames, LoudnessPreset, MasterOptions, Preset
from av_models.domain.swap import Blend, ColorMatch, FaceSize, Handover, MaskKind, Region, SwapOptions
from av_models.domain.sync import SyncGate, SyncLimits
from av_models.swap.presets import preset_of
from tasks.workspace import find_input, media_dir

__all__ = [
    "Choice", "ConsentChoice", "FaceChoice", "FaceConsentChoice", "FileName", "MasterChoice", "PurposeChoice",
    "SoundChoice", "SwapChoice", "SyncChoice", "TrainingChoice", "existing_file",
]  # fmt: skip

_OPTIONS = SwapOptions()


def existing_file(name: str) -> str:
    """The full path. MediaError where there is none."""
    path = find_input(name)
    if path is None:
        raise MediaError(
            name, "there is no such file", f"Check the name, or put the file into {media_dir() / 'inputs'}."
        )
    return str(path)


FileName = Annotated[str, Field(min_length=1), AfterValidator(existing_file)]


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class PurposeChoice(Choice):
    """What the result is made for: every consent record must allow it."""

    use: str = Field(
        default="demonstration", description="What for, such as demonstration, film, education or advertising."
    )
    territory: str = Field(
        default="worldwide", description="Where it is shown: a country code such as DE, EU or worldwide."
    )
    date: str = Field(
        default="", description="Day of publication as 2027-01-31, if known: consent must hold then, too."
    )

    @model_validator(mode="after")
    def _spelled_as_in_records(self) -> Self:
        from av_models.domain.consent_rules import use_named
        from av_models.io.consent import check_purpose

        use_named(self.use)
        check_purpose(Purpose(self.use, self.territory, "en", self.date))
        return self


class FaceConsentChoice(Choice):
    """Ids of consent records, where the files alone do not tell which one is meant: several people are seen."""

    source: str = Field(default="", pattern=r"^[\w-]*$")
    actor: str = Field(default="", pattern=r"^[\w-]*$")


class ConsentChoice(FaceConsentChoice):
    """The same where somebody speaks, too."""

    voice: str = Field(default="", pattern=r"^[\w-]*$")


class FaceChoice(Choice):
    """How faces are found."""

    backend: FaceFinder = Field(
        default="dlib", description="insightface and face-alignment are brought by the user, with terms of their own."
    )
    search_every: int = Field(default=5, ge=1, le=60, description="Frames between two full searches.")
    source: str = Field(
        default="",
        description="Who of several people in the source: a number (2) of the sheet that `flow run faces` makes, "
        "a place and time (0.3,0.5@2.4s), or a picture of them.",
    )
    actor: str = Field(default="", description="The same for the actor's footage; empty: who is seen most.")

    @field_validator("source", "actor", mode="before")
    @classmethod
    def _number_or_text(cls, value: object) -> object:
        """YAML writes 2 without quotes."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("source", "actor")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        pick = parse_pick(value)
        return existing_file(pick.picture_name) if pick.picture_name else value


class TrainingChoice(Choice):
    """How the swap model is trained."""

    preset: Literal["draft", "standard", "fine"] = Field(
        default="draft", description="draft: 128 px, minutes on a processor. standard: 256 px, fine: 384 px, on a GPU."
    )
    architecture: Literal["df", "liae"] = Field(
        default="df", description="df: a decoder for each person. liae: a shared one."
    )
    budget_s: float | None = Field(
        default=None, gt=0, le=7 * 86_400, description="Seconds of training; by profile and preset if empty."
    )
    max_steps: int | None = Field(default=None, ge=1, description="Steps instead of seconds, for repeatable runs.")
    size_px: int | None = Field(
        default=None, ge=64, le=512, multiple_of=16, description="Of the network's input; the preset's if empty."
    )
    batch: int | None = Field(
        default=None, ge=1, le=256, description="Faces of each person in one step; the preset's if empty."
    )
    light: float | None = Field(
        default=None, ge=0, le=1, description="Share of faces that are seen in the other person's light."
    )
    temporal: float | None = Field(
        default=None, ge=0, le=10, description="Weight of the change from frame to frame, against flicker."
    )
    perceptual: float | None = Field(
        default=None, ge=0, le=10, description="Weight of the loss in VGG features, whose weights must be there."
    )
    adversarial: float | None = Field(
        default=None, ge=0, le=1, description="Weight of the patch discriminator, which starts late."
    )

    learning_rate: float | None = Field(
        default=None, gt=0, le=0.01, description="At its highest; lower where training diverges. The preset's if empty."
    )

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.budget_s is not None and self.max_steps is not None:
            raise InputError("budget_s and max_steps are both given.", "Give one: seconds, or a number of steps.")
        return self

    def options(self, budget_s: float, seed: int) -> TrainingOptions:
        """budget_s: where none was chosen."""
        preset = preset_of(self.preset)
        same = {"preset", "architecture", "light", "temporal", "perceptual", "adversarial", "learning_rate"}
        return TrainingOptions(
            budget_s=self.budget_s or budget_s,
            size_px=self.size_px or preset.size_px,
            batch=self.batch or preset.plan.batch,
            max_steps=self.max_steps or 0,
            seed=seed,
            **self.model_dump(include=same),
        )


class SwapChoice(Choice):
    """How the painted face is laid into the footage."""

    color: ColorMatch = Field(
        default=_OPTIONS.color, description="Into the plate's light: reinhard, linear, transport or none."
    )
    color_strength: float = Field(
        default=_OPTIONS.color_strength,
        ge=0,
        le=1,
        description="How far in the middle of the face; less keeps more of the source's complexion. The edge goes "
        "twice as far, at most all the way.",
    )
    shading: bool = Field(default=_OPTIONS.shading, description="Follow the plate's light from the side, too.")
    size: Literal["source", "head", "actor"] | Annotated[float, Field(ge=0.5, le=2.0)] = Field(
        default=_OPTIONS.size.value,
        description="source: eyes on eyes, in the source's own proportions. head: drawn out to the actor's chin. "
        "actor: as large as the face it covers. A number: so many times the actor's.",
    )
    reshape: float = Field(
        default=_OPTIONS.reshape,
        ge=0,
        le=1,
        description="How far the outline of the actor's head is brought to the source's: 0 the head stays as it was "
        "filmed, 1 jaw and cheeks become the source's. Only in footage where nobody else is seen.",
    )
    outline: float = Field(
        default=_OPTIONS.outline,
        ge=0,
        le=1,
        description="How far, of what reshape leaves, the painted jaw is drawn to that of the actor's head.",
    )
    brows: float = Field(
        default=_OPTIONS.brows,
        ge=0,
        le=1,
        description="How far brows go along when the actor raises or lowers theirs: 0 not at all, 1 as far.",
    )
    glances: float = Field(
        default=_OPTIONS.glances,
        ge=0,
        le=1,
        description="How far eyes look where the actor's look: 0 where the source would look by itself, 1 as far.",
    )
    mask: MaskKind = Field(
        default=_OPTIONS.mask,
        description="Where the face may show: the actor's outline (hull), the model's own mask (learned), or both.",
    )
    blend: Blend = Field(default=_OPTIONS.blend, description="The edge: feather or multiband.")
    erode: float = Field(
        default=_OPTIONS.erode, ge=0, le=0.25, description="How far the edge is drawn in, of the crop's side."
    )
    blur: float = Field(default=_OPTIONS.blur, ge=0, le=0.1, description="How soft it is, of the crop's side.")
    keep: tuple[Region, ...] = Field(
        default=(), description="What stays the actor's own: brows, eyes, nose, mouth, jaw."
    )
    occlusion: bool = Field(default=_OPTIONS.occlusion, description="What is in front of the face stays in front.")
    detail: bool = Field(
        default=_OPTIONS.detail,
        description="Sharpness and grain follow the plate; frame by frame where it is out of focus or smeared.",
    )
    steady: float = Field(
        default=_OPTIONS.steady, ge=0, le=1, description="Filter over time against trembling skin: 0 none, 1 all."
    )
    handover: Handover = Field(
        default=Handover.NONE,
        description="Patches, mattes, matrices and warps for a compositor: none, png or exr.",
    )

    @property
    def options(self) -> SwapOptions:
        size, scale = (FaceSize(self.size), 1.0) if isinstance(self.size, str) else (FaceSize.ACTOR, self.size)
        return SwapOptions(**self.model_dump(exclude={"size"}), size=size, scale=scale)


class SoundChoice(Choice):
    """How the speech is timed, mixed and levelled."""

    loudness: LoudnessPreset = Field(
        default=LoudnessPreset.STREAM, description="EBU R 128 loudness: stream is -16, broadcast -23 LUFS."
    )
    loudness_lufs: float | None = Field(
        default=None, ge=-31, le=-14, description="Another loudness than that of the preset."
    )
    aligner: Literal["auto", "engine", "pocketsphinx", "mfa"] = Field(
        default="auto", description="Who times words and phones."
    )
    beds: tuple[FileName, ...] = Field(default=(), description="Music and effects that lie under the dialogue.")
    bed_db: float = Field(default=-10.0, ge=-60, le=0, description="Loudness of a bed against the dialogue.")
    duck_db: float = Field(default=-10.0, ge=-60, le=0, description="How far a bed steps back under speech.")
    bed_loop: bool = Field(default=True, description="Begin a bed again until the programme ends.")
    bed_fade_in_s: float = Field(default=0.5, ge=0, le=60)
    bed_fade_out_s: float = Field(default=2.0, ge=0, le=60)
    room_tone_db: float | None = Field(
        default=-45.0, ge=-90, le=-20, description="Quiet tone in pauses, against the dialogue; null for none."
    )

    @property
    def lufs(self) -> float:
        return self.loudness.lufs if self.loudness_lufs is None else self.loudness_lufs

    @property
    def mix(self) -> BedMix:
        return BedMix(
            self.bed_db, self.duck_db, self.bed_loop, self.bed_fade_in_s, self.bed_fade_out_s, self.room_tone_db
        )


class MasterChoice(Choice):
    """What file comes out."""

    preset: Preset = Field(
        default=Preset.H264,
        description="h264, h265: MP4 with AAC. prores (422 HQ), dnxhr (SQ, HQX), ffv1 (lossless): MOV with 24-bit PCM.",
    )
    bit_depth: Literal[8, 10] | None = Field(default=None, description="Of the picture; the preset's own if empty.")
    burn_in: bool | None = Field(
        default=None, description="Timecode and take in the picture; in drafts only, if empty."
    )
    caption_names: CaptionNames = Field(
        default=CaptionNames.NONE, description="How captions tell who speaks: none, names, or a dash."
    )

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        MasterOptions("", "en", preset=self.preset, bit_depth=self.bit_depth)
        return self


class SyncChoice(Choice):
    """What sound and lips of a master are held to."""

    gate: SyncGate | None = Field(
        default=None,
        description="Beyond the limits: fail refuses the master, warn tells, off looks away; "
        "if empty, drafts warn and finals fail.",
    )
    early_ms: float = Field(default=40.0, gt=0, description="Sound before the lips (EBU R 37).")
    late_ms: float = Field(default=60.0, gt=0, description="Sound after the lips (EBU R 37).")
    stage_early_ms: float = Field(default=5.0, gt=0, description="Sound in the file before the edit.")
    stage_late_ms: float = Field(default=15.0, gt=0, description="Sound in the file after the edit.")
    drift_ms: float = Field(default=20.0, gt=0, description="Over the whole programme.")
    closures: float = Field(default=0.75, ge=0, le=1, description="Least share of p, b and m with closed lips.")

    @property
    def limits(self) -> SyncLimits:
        return SyncLimits(
            self.early_ms, self.late_ms, self.stage_early_ms, self.stage_late_ms, self.drift_ms, self.closures
        )
