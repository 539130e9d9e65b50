"""Any trained face on any footage: leave first, then faces, one pass over the picture, the signed file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from prefect import flow, unmapped
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, field_validator, model_validator

from av_models.domain.consent import Purpose
from av_models.domain.edit import Lips, LipsChoice, Shot, Timeline
from av_models.domain.errors import InputError
from av_models.domain.face import FaceTrack, TrainedFace
from av_models.domain.media import Footage
from av_models.domain.production import MasterOptions, Profile
from av_models.io.output_folder import output_folder
from flows.choices import Choice, FaceChoice, FileName, MasterChoice, PurposeChoice, SwapChoice
from tasks.faces import track_faces, track_people
from tasks.mastering import preview_swap
from tasks.people import open_pick
from tasks.plates import match_plate
from tasks.progress import stopping_together
from tasks.stages import record_stages
from tasks.swap_footage import check_swap_consent, cut_kept_shots, kept_mouth, open_swap, refuse_own_face
from tasks.swap_master import deliver_swap, note_swap, write_swap_master
from tasks.swapping import swap_shot
from tasks.workspace import media_dir

__all__ = ["Swapping", "swap"]

_THREADS = 2
_OUTPUTS = ("master.mp4", "master.mov")

record_stages(open_swap, check_swap_consent, track_faces, match_plate, kept_mouth, cut_kept_shots, swap_shot)
record_stages(preview_swap, write_swap_master)


class Swapping(Choice):
    """What a swap can be asked for."""

    video: FileName = Field(description="Footage whose performance and sound are kept.")
    models: dict[str, str] = Field(
        min_length=1,
        description="Models by person of the footage: {'': NAME} for the one who is seen most; or numbers of the sheet "
        "that `flow run faces` makes, places and times, or pictures: {'1': ANNA, '2': BEN}.",
    )
    consents: dict[str, str] = Field(
        default_factory=dict,
        description="Records of their performances by person, where the footage alone does not tell: {'1': ID}.",
    )
    lips: Literal["keep"] = Field(default="keep", description="The performance's own. `produce` drives them.")
    swap: SwapChoice = Field(default_factory=SwapChoice)
    face: FaceChoice = Field(default_factory=FaceChoice)
    master: MasterChoice = Field(default_factory=MasterChoice)
    profile: Profile = Field(default=Profile.FINAL, description="draft: encoded fast. final: encoded with patience.")
    purpose: PurposeChoice = Field(default_factory=PurposeChoice)
    language: str = Field(default="en", description="That is spoken in the footage; the consents must allow it.")
    title: str = Field(default="", max_length=200, description="Of the file; the footage's name if empty.")
    out: str = Field(default="", description="Folder; media/out/NAME-swap if empty.")

    @field_validator("models")
    @classmethod
    def _named(cls, value: dict[str, str]) -> dict[str, str]:
        if "" in value and len(value) > 1:
            raise InputError("Several models need a person each.", "Write --swap 1=ANNA --swap 2=BEN.")
        return value

    @model_validator(mode="after")
    def _keeps_the_footage(self) -> Swapping:
        if strange := set(self.consents) - set(self.models):
            raise InputError(f"A consent is given for {min(strange)!r}, who gets no other face.", "See --swap.")
        if Path(self.video) in {self.out_dir / name for name in _OUTPUTS}:
            raise InputError(f"{self.video} would be overwritten by the results.", "Choose another folder with --out.")
        return self

    @property
    def out_dir(self) -> Path:
        return Path(self.out).expanduser().absolute() if self.out else media_dir() / "out" / self.name

    @property
    def name(self) -> str:
        return f"{Path(self.video).stem}-swap"

    @property
    def cleared_for(self) -> Purpose:
        return Purpose(self.purpose.use, self.purpose.territory, self.language, self.purpose.date)

    @property
    def options(self) -> MasterOptions:
        return MasterOptions(
            title=self.title or self.name,
            language=self.language,
            profile=self.profile,
            preset=self.master.preset,
            bit_depth=self.master.bit_depth,
            burn_in=False,
        )


@flow(
    name="swap",
    description="Trained faces on any footage, performance and sound kept: a finished, signed video.",
    flow_run_name="{asked.name}",
    task_runner=ThreadPoolTaskRunner(max_workers=_THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def swap(asked: Swapping) -> dict[str, Any]:
    """Lay trained faces into footage. Results appear in the output folder when all is well."""
    with stopping_together(), output_folder(asked.out_dir, _OUTPUTS) as folder:
        footage, models = open_swap(asked.video, asked.models)
        clearance = check_swap_consent(models, footage, asked.consents, asked.cleared_for)
        tracks = _tracks(asked, footage)
        shots = _shots(asked, models, tracks)
        clips = tuple(swap_shot.map(shots).result())
        timeline = Timeline(footage.rate, (), LipsChoice(Lips.KEEP, "The performance is kept."))
        preview = preview_swap(clips, shots, timeline)
        master = write_swap_master(clips, footage, tuple(models.values()), asked.options, clearance)
        report = deliver_swap(folder, master, clips, models, footage, clearance, preview, asked.face.backend)
    note_swap(asked.out_dir, master, clips, clearance)
    return {"out": str(asked.out_dir), "master": str(asked.out_dir / f"master{master.video.suffix}"), **report}


def _tracks(asked: Swapping, footage: Footage) -> tuple[FaceTrack, ...]:
    """One for each model, in their order, from one pass over the footage."""
    picks = tuple(open_pick(person) for person in asked.models)
    return track_people(footage, picks, asked.face.backend, asked.face.search_every)


def _shots(asked: Swapping, models: dict[str, TrainedFace], tracks: tuple[FaceTrack, ...]) -> tuple[Shot, ...]:
    options, faces = asked.swap.options, tuple(models.values())
    for model, track in zip(faces, tracks, strict=True):
        refuse_own_face(model, track)
    others = [tuple(one for one in tracks if one is not track) for track in tracks]
    matches = match_plate.map([model.weights for model in faces], tracks, unmapped(options), others).result()
    mouths = kept_mouth.map(faces, tracks).result()
    return tuple(cut_kept_shots(faces, tracks, tuple(matches), tuple(mouths), options))
