"""From seconds of a consented voice to one that speaks: leave and likeness first, then measuring, teaching, choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import BaseModel, ConfigDict, Field

from av_models.domain.cloning import CloneMethod, ClonePlan, CloneSample, HeardCandidate
from av_models.domain.consent import Clearance, Purpose
from av_models.domain.errors import MediaError
from av_models.domain.speech import Voice
from tasks.clone_base import as_candidate, open_base
from tasks.clone_candidates import LEAST_LESSON_S, adapt_voice, encode_voice, tune_vocoder
from tasks.clone_lessons import cut_lessons
from tasks.clone_measure import better, measure_candidate
from tasks.clone_registration import CloneStory, check_clone_request, register_clone
from tasks.clone_sample import check_voice_match, check_voice_recording, find_sample, keep_sample, listen_to_sample
from tasks.consent import check_recordings_consent, check_voices_consent
from tasks.progress import announce, stopping_together
from tasks.stages import record_stages
from tasks.workspace import media_dir

__all__ = ["CloneRun", "clone_voice"]

record_stages(find_sample, check_recordings_consent, listen_to_sample, check_voice_match, cut_lessons)
record_stages(encode_voice, adapt_voice, tune_vocoder, measure_candidate, register_clone)

_CURVE_S = (3, 10, 60, 300)


class CloneRun(BaseModel):
    """What a cloning can be asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: tuple[str, ...] = Field(min_length=1, description="Recordings of the voice, or folders of them.")
    transcript: str = Field(
        default="",
        description="What is said: the text, a text file, or for several recordings a table of ids and texts.",
    )
    name: str = Field(min_length=1, description="Of the new voice, as it will be chosen.")
    consent: str = Field(default="", description="Record that covers the sample; found by it if empty.")
    base: str = Field(default="", description="Neural voice to start from; the house voice if empty.")
    method: CloneMethod = Field(default=CloneMethod.AUTO, description="Measure, teach, or whichever turns out better.")
    curve: bool = Field(default=False, description="Also clone from the first 3, 10, 60 and 300 s, and draw likeness.")
    language: str = Field(default="en-us", description="Of the sample.")
    budget_s: float = Field(
        default=180.0, gt=0, le=86_400, description="Seconds of teaching, for each part of a curve."
    )
    max_steps: int = Field(default=0, ge=0, description="Steps instead of seconds; 0 for none.")
    seed: int = Field(default=7, ge=0, lt=2**31)
    use: str = Field(default="demonstration", description="What the voice is made for.")
    territory: str = Field(default="worldwide", description="Where it will be heard.")

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.use, self.territory, self.language)

    def plan(self, most_s: int = 0) -> ClonePlan:
        return ClonePlan(self.budget_s, self.max_steps, most_s, self.seed)


@flow(
    name="clone-voice",
    description="Seconds to minutes of a consented voice become a voice that `--voice NAME` speaks with.",
    flow_run_name="{run.name}",
    persist_result=False,
)
def clone_voice(run: CloneRun) -> dict[str, Any]:
    """Clone a voice, or go on where an interrupted run stopped; returns its folder and figures."""
    with stopping_together():
        check_clone_request(run.name, run.language)
        recordings, paths = find_sample(run.samples, run.transcript, run.language)
        clearance = check_recordings_consent(recordings, run.samples[0], run.consent, run.purpose)
        check_voice_recording(recordings, clearance)
        base = open_base(run.base, run.language)
        base_clearance = check_voices_consent({"base voice": base}, run.purpose)
        sample = listen_to_sample(recordings, keep_sample(recordings, paths))
        check_voice_match(sample, clearance)
        tried, chosen, why = _candidates(run, sample, base)
        # Asked again: teaching takes minutes, and what was revoked meanwhile must not become a voice.
        clearance = check_recordings_consent(recordings, run.samples[0], run.consent, run.purpose)
        base_clearance = check_voices_consent({"base voice": base}, run.purpose)
        both = Clearance(run.purpose, (*clearance.records, *base_clearance.records))
        match = check_voice_match(sample, clearance)
        card = register_clone(CloneStory(run.name, base, sample, tried, chosen, why, both, match))
    return {
        "voice": run.name,
        "folder": str(media_dir() / "voices" / run.name),
        "base": base.name,
        "consent_ids": list(both.consent_ids),
        **{key: card[key] for key in ("method", "why", "sample", "likeness", "voice_match", "tried")},
        "clone_s": card["cloning"]["clone_s"],
    }


def _candidates(
    run: CloneRun, sample: CloneSample, base: Voice
) -> tuple[tuple[HeardCandidate, ...], HeardCandidate, str]:
    """All that were tried, the base first; the one that becomes the voice; and why."""
    tried = [measure_candidate(as_candidate(base), sample, run.seed)]
    parts = [one for one in _CURVE_S if one < 0.95 * sample.learnt_s] if run.curve else []
    whole = []
    if run.method is not CloneMethod.ADAPT:
        for most_s in (*parts, 0):
            tried.append(measure_candidate(encode_voice(sample, base, run.plan(most_s)), sample, run.seed))
        whole.append(tried[-1])
    if run.method is CloneMethod.ADAPT or (run.method is CloneMethod.AUTO and sample.held_out_s):
        taught, n_whole = _taught(run, sample, base, parts)
        tried += taught
        whole += taught[len(taught) - n_whole :]
    chosen, why = better(whole, run.method)
    return tuple(tried), chosen, why


def _taught(run: CloneRun, sample: CloneSample, base: Voice, parts: Sequence[int]) -> tuple[list[HeardCandidate], int]:
    """Candidates that learnt, from parts of the sample and at last from all of it, and how many are of the latter; none
    where there is too little to learn from, unless that was asked for."""
    lessons = cut_lessons(sample)
    if lessons.seconds < LEAST_LESSON_S:
        found = f"only {float(lessons.seconds):.0f} s of it are clear speech with certain words, too little to teach"
        remedy = "Check that the transcript is what is said" if lessons.transcribed else "Give a transcript"
        if run.method is not CloneMethod.ADAPT:
            announce("lessons", f"{found}. {remedy}, or go on with what was measured.")
            return [], 0
        remedy += ", give a longer sample, or take --method encode, which needs no words."
        raise MediaError(Path(run.samples[0]).name, found, remedy)
    plans = [run.plan(most_s) for most_s in (*(one for one in parts if one >= LEAST_LESSON_S), 0)]
    adapted = [adapt_voice(sample, lessons, base, plan) for plan in plans]
    tuned = tune_vocoder(adapted[-1], sample, lessons, plans[-1])
    heard = [measure_candidate(one, sample, run.seed) for one in (*adapted, *([tuned] if tuned else []))]
    return heard, 2 if tuned else 1
