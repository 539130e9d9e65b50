"""Training of a voice as stages: clips become lessons, two networks learn from them, and what they learnt is measured.

A training that was interrupted, even by kill -9, goes on from its last checkpoint, at most a minute back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.corpus import CORPUS_RATE_HZ, Corpus
from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import MediaRef
from av_models.domain.voice_model import VoiceLessons, VoiceModel, VoiceSample, VoiceTraining
from tasks.artifacts import inline_picture, show_markdown
from tasks.caching import stage
from tasks.corpus import corpus_clips
from tasks.progress import Progress
from tasks.voice_check import check_voice
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.corpus.shard import StoredClip
    from av_models.speech.neural.acoustic import AcousticConfig, AcousticModel
    from av_models.speech.neural.clips import VoiceClip
    from av_models.speech.neural.training import TrainPlan, TrainProgress, TrainResult
    from av_models.speech.neural.vocoder import Vocoder, VocoderConfig

__all__ = ["prepare_lessons", "train_voice_model"]

_PER_SHARD = 64
_LEAST_CLIPS, _LEAST_HELD_OUT, _LEAST_S = 8, 1, 20
_FIRST_PASS = 50
_N_SAMPLES = 6
# Of the budget. Teaching the vocoder further on predicted frames was tried and left out: it learns to fill with noise
# what they lack (on 16 held-out sentences DNSMOS fell from 2.75 to 2.12, and words wrong rose from 5 to 12 %).
_SHARES = {"vocoder": 0.5, "acoustic": 0.5}
_SHARES_WITH_CRITIC = {"vocoder": 0.3, "critic": 0.2, "acoustic": 0.5}
_CRITIC_RATE, _CRITIC_BATCH = 2e-4, 8


@stage("1")
def prepare_lessons(corpus: Corpus) -> VoiceLessons:
    """Mel frames, pitch and symbols of every good clip. MediaError for a corpus that is too small to learn from."""
    from av_models.speech.neural.clips import clips_to_arrays

    _refuse_small(corpus)
    pitch_range_hz = _pitch_range_hz(corpus)
    waiting: dict[bool, list[VoiceClip]] = {False: [], True: []}
    shards: dict[bool, list[MediaRef]] = {False: [], True: []}
    left_out: list[str] = []
    with Progress("prepare_lessons", corpus.n_clips, "clip") as progress:
        for number, (row, clip) in enumerate(corpus_clips(corpus), start=1):
            held = bool(row["held_out"])
            try:
                waiting[held].append(_lesson(clip, corpus.language, pitch_range_hz))
            except InputError:
                left_out.append(clip.id)
            if len(waiting[held]) == _PER_SHARD:
                shards[held].append(store().put_arrays(**clips_to_arrays(waiting[held])))
                waiting[held] = []
            progress.reach(number)
    for held, rest in waiting.items():
        if rest:
            shards[held].append(store().put_arrays(**clips_to_arrays(rest)))
    return VoiceLessons(corpus, tuple(shards[False]), tuple(shards[True]), tuple(left_out))


@stage("3")
def train_voice_model(lessons: VoiceLessons, training: VoiceTraining) -> VoiceModel:
    """Train the vocoder, then the acoustic network, or go on where an interrupted run stopped."""
    from av_models.io.disk import disk_errors
    from av_models.speech.neural.voice_file import load_voice, save_voice

    folder = store().workdir("voice-" + _key(lessons, training))
    clips, held_out = (list(_read(shards)) for shards in (lessons.shards, lessons.held_out))
    with disk_errors(folder / "voice.pt"), Progress("train_voice", 1000, "‰ of the budget") as progress:
        results = _train(clips, held_out, training, folder, progress)
    facts = _facts(lessons, training, results)
    acoustic, vocoder = _networks(results["acoustic"], results.get("critic", results["vocoder"]))
    voice = load_voice(save_voice(acoustic, vocoder, {}))
    figures, samples = _evaluated(voice, lessons, held_out)
    texts = {row["id"]: row["text"] for row in store().json(lessons.corpus.clips)}
    check = check_voice(voice, held_out, texts, lessons.corpus.language)
    card = {**facts, "held_out": figures, "check": check}
    curves = _curves(results)
    show_markdown("voice-curves", inline_picture(curves, "Held-out curves of both networks"), "Held-out curves")
    return VoiceModel(
        weights=store().put_bytes(save_voice(acoustic, vocoder, card), ".safetensors"),
        card=store().put_json(card),
        curves=store().put_bytes(curves, ".png"),
        samples=samples,
        language=lessons.corpus.language,
        n_steps=sum(result.step for result in results.values()),
        train_s=round(sum(result.train_s for result in results.values()), 1),
        stopped_by=results["acoustic"].stopped_by,
    )


def _refuse_small(corpus: Corpus) -> None:
    n_taught = corpus.n_clips - corpus.n_held_out
    if n_taught < _LEAST_CLIPS or corpus.duration < _LEAST_S:
        reasons = store().json(corpus.report)["reasons"]
        why = f"; {corpus.n_refused} clips were refused, mostly {next(iter(reasons))}" if reasons else ""
        raise MediaError(
            "the recordings",
            f"{n_taught} good clips ({float(corpus.duration):.0f} s) are too few to train a voice{why}",
            f"Record at least {_LEAST_CLIPS} sentences and {_LEAST_S} s; corpus.json lists what was refused and why.",
        )
    if corpus.n_held_out < _LEAST_HELD_OUT:
        raise InputError("No clip is held out, so that nothing could be measured.", "Choose another --held-out.")


def _pitch_range_hz(corpus: Corpus) -> tuple[float, float]:
    """The range of this speaker, from the first clips."""
    from av_models.speech.neural.pitch import narrowed_range, pitch_hz

    tracks = []
    for _, clip in corpus_clips(corpus):
        tracks.append(pitch_hz(clip.samples))
        if len(tracks) == _FIRST_PASS:
            break
    return narrowed_range(tracks)


def _lesson(clip: StoredClip, language: str, pitch_range_hz: tuple[float, float]) -> VoiceClip:
    from av_models.speech.corpus.sentences import line_of
    from av_models.speech.neural.clips import make_clip

    line = line_of(clip.text, language)
    return make_clip(clip.id, line, clip.words, clip.phones, clip.samples, pitch_range_hz)


def _read(shards: Sequence[MediaRef]) -> Iterator[VoiceClip]:
    from av_models.speech.neural.clips import clips_from_arrays

    for shard in shards:
        yield from clips_from_arrays(store().arrays(shard))


def _train(
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    training: VoiceTraining,
    folder: Path,
    progress: Progress,
) -> dict[str, TrainResult]:
    """What each part learnt, by its name."""
    from av_models.runtime.device import best_device
    from av_models.speech.neural.acoustic_training import train_acoustic
    from av_models.speech.neural.vocoder_training import train_vocoder

    device, base = best_device(), _base(training)
    reads, sounds = _shapes(training, base)
    plans = {part: _plan(training, part) for part in _shares(training)}
    told = {part: partial(_report, progress, _shares(training), part) for part in _shares(training)}
    results = {}
    results["vocoder"] = train_vocoder(
        clips,
        held_out,
        sounds,
        plans["vocoder"],
        folder,
        device,
        start_from=base[1],
        on_progress=told["vocoder"],
    )
    if training.critic:
        results["critic"] = _criticised(results["vocoder"], clips, held_out, plans["critic"], folder, told["critic"])
    results["acoustic"] = train_acoustic(
        clips,
        held_out,
        reads,
        plans["acoustic"],
        folder,
        device,
        start_from=base[0],
        on_progress=told["acoustic"],
    )
    return results


def _criticised(
    taught: TrainResult,
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    plan: TrainPlan,
    folder: Path,
    told: Callable[[TrainProgress], None],
) -> TrainResult:
    from av_models.runtime.device import best_device
    from av_models.speech.neural.critic_training import train_with_critic
    from av_models.speech.neural.vocoder import Vocoder

    assert isinstance(taught.network, Vocoder)
    plan = replace(plan, learning_rate=_CRITIC_RATE, batch=_CRITIC_BATCH)
    return train_with_critic(clips, held_out, taught.network, plan, folder, best_device(), on_progress=told)


def _shares(training: VoiceTraining) -> dict[str, float]:
    return _SHARES_WITH_CRITIC if training.critic else _SHARES


def _base(training: VoiceTraining) -> tuple[AcousticModel, Vocoder] | tuple[None, None]:
    from av_models.speech.neural.voice_file import load_networks

    return load_networks(store().read_bytes(training.start_from)) if training.start_from else (None, None)


def _shapes(
    training: VoiceTraining, base: tuple[AcousticModel, Vocoder] | tuple[None, None]
) -> tuple[AcousticConfig, VocoderConfig]:
    from av_models.speech.neural.acoustic import AcousticConfig
    from av_models.speech.neural.vocoder import VocoderConfig

    acoustic, vocoder = base
    if acoustic is not None and vocoder is not None:
        return acoustic.config, vocoder.config
    narrow = {"width": training.width} if training.width else {}
    return AcousticConfig(**narrow), VocoderConfig(**narrow)


def _networks(acoustic: TrainResult, vocoder: TrainResult) -> tuple[AcousticModel, Vocoder]:
    from av_models.speech.neural.acoustic import AcousticModel
    from av_models.speech.neural.vocoder import Vocoder

    assert isinstance(acoustic.network, AcousticModel) and isinstance(vocoder.network, Vocoder)
    return acoustic.network, vocoder.network


def _plan(training: VoiceTraining, part: str) -> TrainPlan:
    from av_models.speech.neural.training import TrainPlan

    share = _shares(training)[part]
    steps = max(1, round(training.max_steps * share / _SHARES["acoustic"])) if training.max_steps else None
    return TrainPlan(training.budget_s * share, steps, seed=training.seed)


def _report(progress: Progress, shares: Mapping[str, float], part: str, state: TrainProgress) -> None:
    parts = list(shares)
    share = sum(shares[name] for name in parts[: parts.index(part)]) + shares[part] * state.share
    figures = ", ".join(f"{name} {value:.2f}" for name, value in (state.latest.values if state.latest else {}).items())
    progress.reach(round(1000 * share), f"{part}, step {state.step}" + (f", held out: {figures}" if figures else ""))


def _key(lessons: VoiceLessons, training: VoiceTraining) -> str:
    budget = training.max_steps or "time"  # a longer time goes on where a shorter one ended; counted steps repeat
    shards = [ref.digest for ref in (*lessons.shards, *lessons.held_out)]
    start = training.start_from.digest if training.start_from else ""
    text = repr((shards, training.width, training.seed, budget, start, *(["critic"] if training.critic else [])))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _facts(lessons: VoiceLessons, training: VoiceTraining, results: dict[str, TrainResult]) -> dict[str, Any]:
    corpus = lessons.corpus
    return {
        "kind": "neural voice: acoustic network with explicit durations, frame-rate vocoder",
        "language": corpus.language,
        "rate_hz": CORPUS_RATE_HZ,
        "data": {
            "clips": corpus.n_clips - corpus.n_held_out - len(lessons.left_out),
            "held_out": corpus.n_held_out,
            "seconds": round(float(corpus.duration), 1),
            "refused": corpus.n_refused,
        },
        "training": {"asked": asdict(training), "before": _taught_before(training)}
        | {
            part: {
                "steps": result.step,
                "train_s": round(result.train_s, 1),
                "stopped_by": result.stopped_by,
                "parameters": sum(weight.numel() for weight in result.network.parameters()),
                "curve": [asdict(point) for point in result.curve],
            }
            for part, result in results.items()
        },
    }


def _taught_before(training: VoiceTraining) -> dict[str, int]:
    """Steps of every part in the runs that this one went on from, all together."""
    from av_models.speech.neural.voice_file import voice_card

    told = voice_card(store().read_bytes(training.start_from)).get("training", {}) if training.start_from else {}
    before = told.get("before", {})
    return {part: before.get(part, 0) + told[part]["steps"] for part in _SHARES_WITH_CRITIC if part in told}


def _evaluated(
    voice: Any, lessons: VoiceLessons, held_out: Sequence[VoiceClip]
) -> tuple[dict[str, float], tuple[VoiceSample, ...]]:
    """Held-out sentences spoken with the recordings' own lengths: figures over all, samples of a few."""
    from av_models.speech.likeness import cepstral_distortion_db, pitch_error_cents, voicing_error
    from av_models.speech.neural.pitch import pitch_hz
    from av_models.speech.neural.voice import Prosody

    found: dict[str, list[float]] = {"mcd_db": [], "pitch_cents": [], "voicing_error": []}
    samples = []
    texts = {row["id"]: row["text"] for row in store().json(lessons.corpus.clips)}
    with Progress("measure_voice", len(held_out), "sentence") as progress:
        for number, clip in enumerate(held_out, start=1):
            spoken = voice.speak(clip.symbols, Prosody(frames=clip.frames), seed=number)
            track = pitch_hz(spoken.samples)
            found["mcd_db"].append(cepstral_distortion_db(clip.mel.astype(np.float32), _mel(spoken.samples)))
            found["pitch_cents"].append(pitch_error_cents(clip.pitch_hz, track))
            found["voicing_error"].append(voicing_error(clip.pitch_hz, track))
            if number <= _N_SAMPLES:
                samples.append(_sample(clip, spoken.samples, texts.get(clip.name, "")))
            progress.reach(number)
    figures = {name: round(float(np.nanmean(values)), 3) for name, values in found.items() if np.isfinite(values).any()}
    return {"sentences": len(held_out), **figures}, tuple(samples)


def _mel(samples: np.ndarray) -> np.ndarray:
    from av_models.speech.neural.mels import log_mel

    return log_mel(samples)


def _sample(clip: VoiceClip, spoken: NDArray[np.float32], text: str) -> VoiceSample:
    from av_models.io.audio import wav_bytes

    sounds = (np.asarray(clip.samples / 32767, np.float32), spoken)
    wavs = [store().put_bytes(wav_bytes(sound, CORPUS_RATE_HZ), ".wav") for sound in sounds]
    return VoiceSample(clip.name, text, wavs[0], wavs[1])


def _curves(results: dict[str, TrainResult]) -> bytes:
    from av_models.io.voice_pictures import curves_png

    return curves_png({part: [(p.train_s, dict(p.values)) for p in result.curve] for part, result in results.items()})
