"""A cloned voice becomes one that `--voice NAME` speaks with: asked for before, its card and its folder after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.cloning import CloneSample, HeardCandidate
from av_models.domain.consent import Clearance
from av_models.domain.corpus import CORPUS_RATE_HZ
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from tasks.artifacts import show_picture, show_table
from tasks.clone_measure import SENTENCES, sample_likeness
from tasks.marked_sound import sound_facts, write_marked
from tasks.progress import announce
from tasks.voiceprints import require_speaker_encoder
from tasks.workspace import configs_dir, media_dir, store

if TYPE_CHECKING:
    from av_models.io.consent_voice import SampleLikeness

__all__ = ["CloneStory", "check_clone_request", "register_clone"]


@dataclass(frozen=True, slots=True)
class CloneStory:
    """All that came of one cloning. tried: the base first, then every candidate.  chosen: among them.  why: a clause.

    clearance: of the sample, and last of the base.
    """

    name: str
    base: Voice
    sample: CloneSample
    tried: tuple[HeardCandidate, ...]
    chosen: HeardCandidate
    why: str
    clearance: Clearance
    match: tuple[SampleLikeness, ...]


@task(name="check_clone_request", cache_policy=NO_CACHE, persist_result=False)
def check_clone_request(name: str, language: str) -> None:
    """InputError for a name that is taken or a language that no clone speaks, ModelError when voices cannot be
    compared here."""
    from av_models.io.voice_folder import check_voice_name

    check_voice_name(name, configs_dir(), media_dir())
    if not language.lower().startswith("en"):
        raise InputError(f"A voice can be cloned in English only, not in '{language}'.", "Give an English sample.")
    require_speaker_encoder()


@task(name="register_clone", cache_policy=NO_CACHE, persist_result=False)
def register_clone(story: CloneStory) -> dict[str, Any]:
    """Write media/voices/NAME, note it under both records, and return its card."""
    from av_models.io.consent import VOICE_OUTPUT, record_output
    from av_models.io.voice_folder import VoiceFiles, write_voice

    card = _card(story)
    picture = _picture(story, card)
    weights = _weights(story.chosen, card)
    # Noted first: a voice whose making nobody noted could not be named by a revocation.
    place = media_dir() / "voices" / story.name
    record_output(
        media_dir(), story.clearance.consent_ids, VOICE_OUTPUT, store().put_bytes(*weights).digest, str(place)
    )
    settings = {
        "language": story.sample.language,
        "licence": card["licence"],
        "consent_id": card["consent"],
        "description": f"cloned here from {card['sample']['seconds']:.0f} s of recordings, on top of {story.base.name}",
    }
    write_voice(story.name, media_dir(), VoiceFiles(weights[0], card, picture, settings, _samples(story)))
    show_picture("clone-likeness", picture, f"{story.name}: likeness to {card['likeness']['measured_on']}")
    show_table("clone", _rows(story), f"{story.name}: what was tried; chosen: {card['method']}, {story.why}")
    announce(
        "voice", f"{story.name}: likeness {card['likeness']['clone']:.2f}, before {card['likeness']['before']:.2f}"
    )
    return card


def _card(story: CloneStory) -> dict[str, Any]:
    from av_models.runtime.machine import machine_facts, versions

    consent, base_consent = story.clearance.records[0], story.clearance.records[-1]
    chosen, before = store().json(story.chosen.figures), store().json(story.tried[0].figures)
    facts = store().json(story.chosen.candidate.facts)
    worst = min(story.match, key=lambda one: one.likeness - one.least)
    usable = [row for row in store().json(story.sample.report) if row["usable"]]
    return {
        "name": story.name,
        "kind": "neural voice, cloned",
        "made_on": datetime.now(UTC).date().isoformat(),
        "language": story.sample.language,
        "rate_hz": CORPUS_RATE_HZ,
        "licence": f"{consent.licence}; the voice it was made from: {base_consent.licence}",
        "consent": consent.consent_id,
        "base": {
            "name": story.base.name,
            "consent": base_consent.consent_id,
            "licence": story.base.licence,
            "weights": story.base.weights[0].digest,
        },
        "method": story.chosen.candidate.method,
        "why": story.why,
        "sample": {
            "recordings": len(usable),
            "seconds": float(story.sample.seconds),
            "speech_s": round(sum(row["speech_s"] for row in usable), 1),
            "held_out_s": float(story.sample.held_out_s),
            "used_s": float(story.chosen.candidate.seconds),
        },
        "voice_match": {"likeness": round(worst.likeness, 3), "least": round(worst.least, 3)},
        "likeness": {
            "before": before["likeness"],
            "clone": chosen["likeness"],
            "sample_to_itself": sample_likeness(story.sample),
            "measured_on": chosen["measured_on"],
        },
        "held_out": chosen,
        "cloning": facts,
        "tried": _rows(story),
        "machine": machine_facts(),
        "versions": versions(),
    }


def _rows(story: CloneStory) -> list[dict[str, Any]]:
    return [
        {
            "method": one.candidate.method,
            "sample_s": round(float(one.candidate.seconds), 1),
            "clone_s": store().json(one.candidate.facts).get("clone_s", 0.0),
            **{
                key: value for key, value in store().json(one.figures).items() if key not in ("measured_on", "judged_s")
            },
        }
        for one in story.tried
    ]


def _picture(story: CloneStory, card: dict[str, Any]) -> bytes:
    from av_models.io.clone_picture import likeness_png

    points: dict[str, list[tuple[float, float]]] = {}
    for row in card["tried"][1:]:
        points.setdefault(row["method"], []).append((row["sample_s"], row["likeness"]))
    found = card["likeness"]
    return likeness_png(points, found["before"], found["sample_to_itself"], found["measured_on"])


def _weights(chosen: HeardCandidate, card: dict[str, Any]) -> tuple[bytes, str]:
    """The voice's file with its whole card in it, so that it names both records wherever it goes."""
    from av_models.speech.neural.voice_file import load_voice, with_speaker

    data = store().read_bytes(chosen.candidate.weights)
    voice = load_voice(data)
    return with_speaker(data, card, voice.speaker, voice.manner, voice.origin), ".safetensors"


def _samples(story: CloneStory) -> dict[str, Path]:
    """What the voice said while it was measured, marked like everything that is made."""
    from av_models.io.audio import read_wav

    work = store().workdir(f"clone-samples-{story.chosen.candidate.weights.digest[:16]}")
    samples: dict[str, Path] = {}
    for number, ref in enumerate(story.chosen.spoken[: len(SENTENCES)], start=1):
        spoken, rate_hz = read_wav(store().path(ref))
        facts = sound_facts(f"{story.name}: sample {number}", story.sample.language, story.clearance, trained=True)
        path = work / f"{number}-spoken.wav"
        write_marked(path, spoken, rate_hz, facts)
        samples[path.name] = path
    return samples
