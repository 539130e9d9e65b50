"""Two ways to a cloned voice as stages: the speaker measured, or networks taught; each gives a voice's file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.cloning import CloneCandidate, CloneLessons, ClonePlan, CloneSample
from av_models.domain.corpus import CORPUS_RATE_HZ
from av_models.domain.speech import Voice
from tasks.caching import stage
from tasks.clone_lessons import clips_in
from tasks.clone_sample import sample_sounds
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.neural.clips import VoiceClip
    from av_models.speech.neural.encoding import SpeakerTraits
    from av_models.speech.neural.teaching import Taught
    from av_models.speech.neural.training import TrainPlan, TrainProgress

__all__ = ["LEAST_LESSON_S", "adapt_voice", "encode_voice", "filled", "taught_facts", "tune_vocoder"]

Samples = NDArray[np.float32]

LEAST_LESSON_S = 6.0
"""Of clips with timed phones; networks learn the words of fewer, and not the voice."""

_VOCODER_FROM_S = 60.0
_VOCODER_SHARE = 0.3
_NARROW_HZ = 10_500.0
"""A sample that ends below teaches no vocoder, which would learn to leave the rest away."""
_VOCODER_RATE = 2e-4
_VOCODER_BATCH = 8
_LOOKS = 12  # held-out evaluations within the budget


@stage("2")
def encode_voice(sample: CloneSample, base: Voice, plan: ClonePlan) -> CloneCandidate:
    """The base voice as the speaker of the sample, by what is measured: no transcript, no learning."""
    from av_models.speech.neural.encoding import as_speaker, encode
    from av_models.speech.neural.voice_file import load_voice, with_speaker

    began_s = time.perf_counter()
    data = store().read_bytes(base.weights[0])
    heard = _part(sample, plan.most_s)
    traits = encode(heard, CORPUS_RATE_HZ)
    measured_s = time.perf_counter() - began_s
    voice = as_speaker(load_voice(data), traits)
    facts = {"seconds": round(len(heard) / CORPUS_RATE_HZ, 2), "traits": _traits_facts(traits)}
    facts |= {"encode_s": round(measured_s, 2), "clone_s": round(time.perf_counter() - began_s, 2)}
    blob = with_speaker(data, facts, voice.speaker, voice.manner, voice.origin)
    return CloneCandidate("encode", store().put_bytes(blob, ".safetensors"), store().put_json(facts), _seconds(heard))


@stage("2")
def adapt_voice(sample: CloneSample, lessons: CloneLessons, base: Voice, plan: ClonePlan) -> CloneCandidate:
    """The base voice taught what is said in the sample, in whichever way held-out clips speak for; an interrupted run
    goes on from its last checkpoint."""
    from av_models.io.disk import disk_errors
    from av_models.runtime.device import best_device
    from av_models.speech.neural.encoding import encode
    from av_models.speech.neural.teaching import teach
    from av_models.speech.neural.voice_file import with_speaker

    began_s = time.perf_counter()
    data = store().read_bytes(base.weights[0])
    traits = encode(_part(sample, plan.most_s), CORPUS_RATE_HZ)
    given = _first_of(clips_in(lessons.clips), plan.most_s), clips_in(lessons.held_out)
    clips, held_out = filled(data, traits, *given)
    seconds = sum(clip.samples.size for clip in clips) / CORPUS_RATE_HZ
    folder = store().workdir("clone-" + _key(lessons, base, plan))
    with disk_errors(folder / "clone.pt"), Progress("adapt_voice", 1000, "‰ of the budget") as progress:
        told = partial(_tell, progress)
        taught = teach(data, traits, clips, held_out, _train_plan(plan), folder, best_device(), told)
    facts = {"transcribed": lessons.transcribed, "held_out_clips": len(held_out), **taught_facts(taught)}
    facts |= {"seconds": round(seconds, 2), "traits": _traits_facts(traits)}
    facts |= {"filled_from_hz": round(traits.bandwidth_hz) if _is_narrow(traits) else None}
    facts["clone_s"] = round(time.perf_counter() - began_s, 2)
    voice = taught.voice
    blob = with_speaker(taught.weights, facts, voice.speaker, voice.manner, voice.origin)
    weights, spent = store().put_bytes(blob, ".safetensors"), Fraction(round(1000 * seconds), 1000)
    return CloneCandidate("adapt", weights, store().put_json(facts), spent)


@stage("1")
def tune_vocoder(
    adapted: CloneCandidate, sample: CloneSample, lessons: CloneLessons, plan: ClonePlan
) -> CloneCandidate | None:
    """The adapted voice with a vocoder that has heard the speaker's recordings, too. None where there is too little of
    them, where they are narrow, or where nobody could say afterwards whether the sound has suffered."""
    from av_models.io.disk import disk_errors
    from av_models.speech.neural.encoding import encode
    from av_models.speech.neural.voice_file import load_networks, load_voice, save_voice
    from av_models.speech.opinion import opinion_there

    began_s = time.perf_counter()
    clips, held_out = _first_of(clips_in(lessons.clips), plan.most_s), clips_in(lessons.held_out)
    enough = sum(clip.samples.size for clip in clips) >= _VOCODER_FROM_S * CORPUS_RATE_HZ
    if not (enough and held_out and opinion_there()):
        return None
    if _is_narrow(encode(_part(sample, plan.most_s), CORPUS_RATE_HZ)):
        return None
    data = store().read_bytes(adapted.weights)
    (acoustic, vocoder), voice, facts = load_networks(data), load_voice(data), store().json(adapted.facts)
    folder = store().workdir("clone-vocoder-" + adapted.weights.digest[:24])
    with disk_errors(folder / "vocoder.pt"), Progress("tune_vocoder", 1000, "‰ of the budget") as progress:
        facts = {**facts, "vocoder": _tune(vocoder, clips, held_out, plan, folder, progress)}
    facts["clone_s"] = round(facts["clone_s"] + time.perf_counter() - began_s, 2)
    blob = save_voice(acoustic, vocoder, facts, voice.speaker, voice.manner, voice.origin)
    weights = store().put_bytes(blob, ".safetensors")
    return CloneCandidate("adapt+vocoder", weights, store().put_json(facts), adapted.seconds)


def taught_facts(taught: Taught) -> dict[str, Any]:
    """What a teaching was and came to, for a card."""
    result = taught.adapted.result
    return {
        "scope": str(taught.way.scope),
        "footing": str(taught.way.footing),
        "trials": {str(one.way): round(one.off_db, 3) for one in taught.trials},
        "frames_off_db": {"untaught": _rounded(taught.untaught_db), "taught": _rounded(taught.taught_db)},
        "steps": result.step,
        "train_s": round(result.train_s + sum(one.train_s for one in taught.trials if one.way != taught.way), 1),
        "score": {"start": _rounded(taught.adapted.start_score), "best": _rounded(taught.adapted.best_score)},
        "curve": [asdict(point) for point in result.curve],
    }


def filled(
    data: bytes, traits: SpeakerTraits, clips: Sequence[VoiceClip], held_out: Sequence[VoiceClip]
) -> tuple[list[VoiceClip], list[VoiceClip]]:
    """Clips to learn from and held-out ones; what a narrow sample lacks is as the encoded voice would say it."""
    from av_models.speech.neural.adaptation import with_upper_bands
    from av_models.speech.neural.encoding import as_speaker
    from av_models.speech.neural.tuning import with_predicted_frames
    from av_models.speech.neural.voice_file import load_voice

    if not _is_narrow(traits):
        return list(clips), list(held_out)
    voice, from_hz = as_speaker(load_voice(data), traits), 0.95 * traits.bandwidth_hz
    return (
        with_upper_bands(clips, with_predicted_frames(voice, clips), from_hz),
        with_upper_bands(held_out, with_predicted_frames(voice, held_out), from_hz),
    )


def _is_narrow(traits: SpeakerTraits) -> bool:
    return traits.bandwidth_hz < _NARROW_HZ


def _tell(progress: Progress, share: float, part: str, state: TrainProgress) -> None:
    latest = state.latest.values if state.latest else {}
    figures = ", ".join(f"{name} {value:.2f}" for name, value in latest.items() if name in ("mel_db", "score"))
    progress.reach(round(1000 * share), f"{part}, step {state.step}" + (f", held out: {figures}" if figures else ""))


def _tune(
    vocoder: Any,
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    plan: ClonePlan,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Teach `vocoder`, in place, the speaker's own sound from recorded frames. From predicted ones it learns to fill
    with noise what they lack (tried: predicted opinion fell from 2.75 to 2.12)."""
    from av_models.runtime.device import best_device
    from av_models.speech.neural.vocoder_training import train_vocoder

    part = replace(plan, budget_s=plan.budget_s * _VOCODER_SHARE, max_steps=round(plan.max_steps * _VOCODER_SHARE))
    train_plan = replace(_train_plan(part), learning_rate=_VOCODER_RATE, batch=_VOCODER_BATCH)
    result = train_vocoder(
        clips, held_out, vocoder.config, train_plan, folder, best_device(), start_from=vocoder,
        on_progress=lambda state: _tell(progress, state.share, "vocoder", state),
    )  # fmt: skip
    vocoder.load_state_dict(result.network.state_dict())
    curve = [asdict(point) for point in result.curve]
    return {"steps": result.step, "train_s": round(result.train_s, 1), "curve": curve}


def _train_plan(plan: ClonePlan) -> TrainPlan:
    from av_models.speech.neural.training import TrainPlan

    steps = max(1, plan.max_steps) if plan.max_steps else None
    return TrainPlan(
        plan.budget_s, steps, ema=0.98, evaluate_s=plan.budget_s / _LOOKS, checkpoint_s=20.0, seed=plan.seed
    )


def _part(sample: CloneSample, most_s: int) -> Samples:
    """What may be learnt from, or its first `most_s` seconds."""
    sounds, learnt_s = sample_sounds(sample)
    whole = np.concatenate(sounds)[: round(learnt_s * CORPUS_RATE_HZ)]
    return whole[: most_s * CORPUS_RATE_HZ] if most_s else whole


def _first_of(clips: Sequence[VoiceClip], most_s: int) -> list[VoiceClip]:
    """The first seconds of the clips, the last of them cut where a phone ends."""
    from av_models.speech.neural.clips import part_of
    from av_models.speech.neural.mels import HOP

    left = most_s * CORPUS_RATE_HZ // HOP if most_s else sum(clip.n_frames for clip in clips)
    kept: list[VoiceClip] = []
    for clip in clips:
        part = clip if clip.n_frames <= left else part_of(clip, 0, left)
        if part.n_frames:
            kept.append(part)
        left -= part.n_frames
        if part is not clip:
            break
    return kept


def _traits_facts(traits: SpeakerTraits) -> dict[str, float]:
    return {
        "pitch_hz": round(traits.pitch_hz, 1),
        "pitch_spread_semitones": round(traits.pitch_spread, 2),
        "voiced_s": round(traits.voiced_s, 2),
        "bandwidth_hz": round(traits.bandwidth_hz),
    }


def _seconds(samples: Samples) -> Fraction:
    return Fraction(round(1000 * len(samples) / CORPUS_RATE_HZ), 1000)


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _key(lessons: CloneLessons, base: Voice, plan: ClonePlan) -> str:
    refs = [ref.digest if ref else "" for ref in (lessons.clips, lessons.held_out, base.weights[0])]
    return hashlib.sha256(repr((refs, asdict(plan))).encode()).hexdigest()[:24]
