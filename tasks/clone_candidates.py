"""Two ways to a cloned voice as stages: the speaker measured, or networks taught; each gives a voice's file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
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
    from av_models.speech.neural.adaptation import Adapted
    from av_models.speech.neural.clips import VoiceClip
    from av_models.speech.neural.encoding import SpeakerTraits
    from av_models.speech.neural.training import TrainPlan, TrainProgress
    from av_models.speech.neural.voice import NeuralVoice

__all__ = ["LEAST_LESSON_S", "adapt_voice", "encode_voice"]

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


@stage("1")
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


@stage("1")
def adapt_voice(sample: CloneSample, lessons: CloneLessons, base: Voice, plan: ClonePlan) -> CloneCandidate:
    """The base voice taught what is said in the sample, as much of it as there is to learn from; an interrupted run
    goes on from its last checkpoint."""
    from av_models.io.disk import disk_errors
    from av_models.runtime.device import best_device
    from av_models.speech.neural.adaptation import adapt_acoustic, scope_for
    from av_models.speech.neural.encoding import as_speaker, calibrated, encode
    from av_models.speech.neural.voice_file import load_networks, load_voice, save_voice

    began_s = time.perf_counter()
    acoustic, vocoder = load_networks(data := store().read_bytes(base.weights[0]))
    traits = encode(_part(sample, plan.most_s), CORPUS_RATE_HZ)
    voice = as_speaker(load_voice(data), traits)
    clips, held_out = _taught(voice, traits, lessons, plan.most_s)
    seconds = sum(clip.samples.size for clip in clips) / CORPUS_RATE_HZ
    tunes = seconds >= _VOCODER_FROM_S and not _is_narrow(traits)
    acoustic_share = 1 - _VOCODER_SHARE * tunes
    folder = store().workdir("clone-" + _key(lessons, base, plan))
    with disk_errors(folder / "clone.pt"), Progress("adapt_voice", 1000, "‰ of the budget") as progress:
        told, train_plan, scope = _Told(progress, acoustic_share), _train_plan(plan, acoustic_share), scope_for(seconds)
        adapted = adapt_acoustic(
            clips,
            held_out,
            acoustic,
            voice.speaker,
            scope_for(seconds),
            train_plan,
            folder,
            best_device(),
            told.acoustic,
        )
        blob = save_voice(adapted.acoustic, vocoder, {}, adapted.vector, None, voice.origin)
        voice = calibrated(load_voice(blob), traits)
        facts = {"seconds": round(seconds, 2), "scope": str(scope), "transcribed": lessons.transcribed}
        facts |= _learning_facts(adapted, traits, len(held_out))
        if tunes:
            facts["vocoder"] = _tune(voice, vocoder, clips, held_out, plan, folder, told)
    facts["clone_s"] = round(time.perf_counter() - began_s, 2)
    blob = save_voice(adapted.acoustic, vocoder, facts, voice.speaker, voice.manner, voice.origin)
    weights, spent = store().put_bytes(blob, ".safetensors"), Fraction(round(1000 * seconds), 1000)
    return CloneCandidate("adapt", weights, store().put_json(facts), spent)


def _taught(
    voice: NeuralVoice, traits: SpeakerTraits, lessons: CloneLessons, most_s: int
) -> tuple[list[VoiceClip], list[VoiceClip]]:
    """Clips to learn from and held-out ones; what a narrow sample lacks is as the voice would say it."""
    from av_models.speech.neural.adaptation import with_upper_bands
    from av_models.speech.neural.tuning import with_predicted_frames

    clips, held_out = _first_of(clips_in(lessons.clips), most_s), clips_in(lessons.held_out)
    if not _is_narrow(traits):
        return clips, held_out
    from_hz = 0.95 * traits.bandwidth_hz
    return (
        with_upper_bands(clips, with_predicted_frames(voice, clips), from_hz),
        with_upper_bands(held_out, with_predicted_frames(voice, held_out), from_hz),
    )


def _is_narrow(traits: SpeakerTraits) -> bool:
    return traits.bandwidth_hz < _NARROW_HZ


def _learning_facts(adapted: Adapted, traits: SpeakerTraits, n_held_out: int) -> dict[str, Any]:
    return {
        "filled_from_hz": round(traits.bandwidth_hz) if _is_narrow(traits) else None,
        "traits": _traits_facts(traits),
        "steps": adapted.result.step,
        "train_s": round(adapted.result.train_s, 1),
        "held_out_clips": n_held_out,
        "score": {"start": _rounded(adapted.start_score), "best": _rounded(adapted.best_score)},
        "curve": [asdict(point) for point in adapted.result.curve],
    }


class _Told:
    """Passes on how far the parts of an adaptation are."""

    def __init__(self, progress: Progress, first_share: float) -> None:
        self.progress, self.first_share = progress, first_share

    def acoustic(self, state: TrainProgress) -> None:
        self._tell(self.first_share * state.share, "acoustic network", state)

    def vocoder(self, state: TrainProgress) -> None:
        self._tell(self.first_share + (1 - self.first_share) * state.share, "vocoder", state)

    def _tell(self, share: float, part: str, state: TrainProgress) -> None:
        latest = state.latest.values if state.latest else {}
        figures = ", ".join(f"{name} {value:.2f}" for name, value in latest.items() if name in ("mel_db", "score"))
        self.progress.reach(
            round(1000 * share), f"{part}, step {state.step}" + (f", held out: {figures}" if figures else "")
        )


def _tune(
    voice: NeuralVoice,
    vocoder: Any,
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    plan: ClonePlan,
    folder: Path,
    told: _Told,
) -> dict[str, Any]:
    """Teach `vocoder` the speaker's own sound from the frames that the voice predicts; it is changed in place."""
    from av_models.runtime.device import best_device
    from av_models.speech.neural.tuning import with_predicted_frames
    from av_models.speech.neural.vocoder_training import train_vocoder

    predicted, held = (list(with_predicted_frames(voice, part)) for part in (clips, held_out or clips[:1]))
    train_plan = replace(_train_plan(plan, _VOCODER_SHARE), learning_rate=_VOCODER_RATE, batch=_VOCODER_BATCH)
    result = train_vocoder(
        predicted, held, vocoder.config, train_plan, folder, best_device(), start_from=vocoder, other_speeds=0.0,
        on_progress=told.vocoder,
    )  # fmt: skip
    vocoder.load_state_dict(result.network.state_dict())
    return {
        "steps": result.step,
        "train_s": round(result.train_s, 1),
        "curve": [asdict(point) for point in result.curve],
    }


def _train_plan(plan: ClonePlan, share: float) -> TrainPlan:
    from av_models.speech.neural.training import TrainPlan

    budget_s = plan.budget_s * share
    steps = max(1, round(plan.max_steps * share)) if plan.max_steps else None
    return TrainPlan(budget_s, steps, ema=0.98, evaluate_s=budget_s / _LOOKS, checkpoint_s=20.0, seed=plan.seed)


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
