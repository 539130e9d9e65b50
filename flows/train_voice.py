"""From consented recordings to a voice: leave first, then preparation, training, evaluation and registration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import BaseModel, ConfigDict, Field

from av_models.domain.consent import Clearance, Purpose
from av_models.domain.media import MediaRef
from av_models.domain.voice_model import VoiceTraining
from tasks.consent import check_recordings_consent, check_voices_consent
from tasks.corpus import list_recordings, prepare_corpus
from tasks.progress import stopping_together
from tasks.stages import record_stages
from tasks.voice_registration import check_request, deliver_corpus, find_base_voice, register_voice
from tasks.voice_throats import learn_voice_throats
from tasks.voice_training import prepare_lessons, train_voice_model
from tasks.workspace import media_dir, store

__all__ = ["VoiceRun", "train_voice"]

record_stages(
    list_recordings,
    check_recordings_consent,
    prepare_corpus,
    prepare_lessons,
    train_voice_model,
    learn_voice_throats,
)


class VoiceRun(BaseModel):
    """What a training of a voice can be asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recordings: str = Field(min_length=1, description="Folder of wav, flac, mp3, opus or m4a files.")
    transcripts: str = Field(default="", description="Table of ids and texts; empty for a text beside each recording.")
    name: str = Field(min_length=1, description="Of the voice, as it will be chosen.")
    consent: str = Field(default="", description="Record that covers the recordings; found by them if empty.")
    language: str = Field(default="en-us", description="Of the recordings.")
    budget_s: float = Field(default=7200.0, gt=0, le=30 * 86_400, description="Seconds of training.")
    max_steps: int = Field(default=0, ge=0, description="Steps of each network instead of seconds; 0 for none.")
    start_from: str = Field(default="", description="Neural voice that goes on learning; empty to begin anew.")
    critic: bool = Field(default=False, description="Teach the vocoder's last phase against a critic (GAN).")
    width: int = Field(default=0, ge=0, le=1024, multiple_of=8, description="Channels of the networks; 0: their own.")
    held_out: str = Field(default="", description="Regular expression of ids that never train.")
    seed: int = Field(default=7, ge=0, lt=2**31)
    use: str = Field(default="demonstration", description="What the voice is made for.")
    territory: str = Field(default="worldwide", description="Where it will be heard.")
    out: str = Field(default="", description="Folder of the reports; media/out/NAME if empty.")

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.use, self.territory, self.language)

    def training(self, start_from: MediaRef | None) -> VoiceTraining:
        return VoiceTraining(self.budget_s, self.max_steps, self.width, self.seed, start_from, self.critic)

    @property
    def out_dir(self) -> Path:
        return Path(self.out).expanduser() if self.out else media_dir() / "out" / self.name


@flow(
    name="train-voice",
    description="Consented recordings with their transcripts become a voice that `--voice NAME` speaks with.",
    flow_run_name="{run.name}",
    persist_result=False,
)
def train_voice(run: VoiceRun) -> dict[str, Any]:
    """Make a voice, or go on where an interrupted run stopped; returns its folder and figures."""
    with stopping_together():
        check_request(run.name, run.language, run.held_out)
        base = find_base_voice(run.start_from) if run.start_from else None
        transcripts = Path(run.transcripts) if run.transcripts else None
        recordings = list_recordings(Path(run.recordings), transcripts, run.language)
        clearance = check_recordings_consent(recordings, run.recordings, run.consent, run.purpose)
        if base:
            check_voices_consent({"voice to start from": base}, run.purpose)
        corpus = prepare_corpus(recordings, run.recordings, run.held_out)
        deliver_corpus(corpus, run.out_dir)
        lessons, training = prepare_lessons(corpus), run.training(base.weights[0] if base else None)
        model = learn_voice_throats(train_voice_model(lessons, training), lessons, training)
        # Asked again: training takes hours, and what was revoked meanwhile must not become a voice.
        clearance = check_recordings_consent(recordings, run.recordings, run.consent, run.purpose)
        if base:
            start = check_voices_consent({"voice to start from": base}, run.purpose)
            clearance = Clearance(run.purpose, (*clearance.records, *start.records))
        folder = register_voice(run.name, model, clearance)
    return {
        "voice": run.name,
        "folder": str(folder),
        "report": str(run.out_dir / "corpus.json"),
        "clips": corpus.n_clips,
        "refused": corpus.n_refused,
        "minutes": round(float(corpus.duration) / 60, 1),
        "steps": model.n_steps,
        "train_s": model.train_s,
        **{key: store().json(model.card)[key] for key in ("held_out", "check")},
        "consent_ids": list(clearance.consent_ids),
    }
