"""A trained voice becomes one that `--voice NAME` speaks with: leave for it before, its folder and its entry after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance
from av_models.domain.corpus import Corpus
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from av_models.domain.voice_model import VoiceModel
from tasks.artifacts import show_picture, show_table
from tasks.marked_sound import sound_facts, write_marked
from tasks.progress import announce
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["check_request", "deliver_corpus", "find_base_voice", "register_voice"]


@task(name="check_request", cache_policy=NO_CACHE, persist_result=False)
def check_request(name: str, language: str, held_out: str) -> None:
    """InputError for a name that is taken, a language that the voice cannot learn, or a pattern that is none."""
    from av_models.io.voice_folder import check_voice_name

    check_voice_name(name, configs_dir(), media_dir())
    if not language.lower().startswith("en"):
        raise InputError(
            f"A voice can be trained in English only, not in '{language}'.",
            "Give English recordings, or use a Piper voice of that language (see `flow voices`).",
        )
    try:
        re.compile(held_out)
    except re.error as error:
        raise InputError(
            f"--held-out '{held_out}' is no pattern: {error}.", "Write one such as '_[ab]...0_'."
        ) from error


@task(name="find_base_voice", cache_policy=NO_CACHE, persist_result=False)
def find_base_voice(name: str) -> Voice:
    """The voice that a training goes on from. InputError when it is not a neural one."""
    from av_models.io.voices import find_voice

    voice = find_voice(name, configs_dir(), media_dir(), store())
    if voice.engine != "neural":
        raise InputError(
            f"'{name}' is a voice of the engine {voice.engine}, which cannot go on learning.",
            "Name a neural voice (see `flow voices`), or begin anew.",
        )
    return voice


@task(name="deliver_corpus", cache_policy=NO_CACHE, persist_result=False)
def deliver_corpus(corpus: Corpus, folder: Path) -> None:
    """corpus.json and corpus.png into `folder`, the picture and the refused clips onto the run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.json").write_bytes(store().read_bytes(corpus.report))
    (folder / "corpus.png").write_bytes(store().read_bytes(corpus.picture))
    facts = store().json(corpus.report)
    said = f"{corpus.n_clips} clips, {float(corpus.duration) / 60:.1f} min; {corpus.n_refused} refused"
    show_picture("corpus", store().read_bytes(corpus.picture), said)
    rows = [{"clip": one["id"], "why": "; ".join(one["faults"]), "text": one["text"]} for one in facts["refused_clips"]]
    show_table("refused-clips", rows[:200], "Clips that nothing is learnt from, and why")
    announce("corpus", said)


@task(name="register_voice", cache_policy=NO_CACHE, persist_result=False)
def register_voice(name: str, model: VoiceModel, clearance: Clearance) -> Path:
    """Put the voice into media/voices/NAME, note it under its consent, and return its folder."""
    from av_models.io.consent import VOICE_OUTPUT, record_output
    from av_models.io.voice_folder import VoiceFiles, write_voice
    from av_models.runtime.machine import machine_facts, versions

    consent = clearance.records[0]
    made: dict[str, Any] = {"name": name, "made_on": datetime.now(UTC).date().isoformat(), "licence": consent.licence}
    made |= {"consent": consent.consent_id, "machine": machine_facts(), "versions": versions()}
    card = made | store().json(model.card)
    settings = {
        "language": model.language,
        "licence": consent.licence,
        "consent_id": consent.consent_id,
        "description": f"trained here on {card['data']['seconds'] / 60:.0f} min of recordings",
    }
    # Noted first: a voice whose making nobody noted could not be named by a revocation.
    place = media_dir() / "voices" / name
    record_output(media_dir(), clearance.consent_ids, VOICE_OUTPUT, model.weights.digest, str(place))
    samples = _samples(name, model, clearance)
    files = VoiceFiles(store().read_bytes(model.weights), card, store().read_bytes(model.curves), settings, samples)
    folder = write_voice(name, media_dir(), files)
    announce("voice", f"{name}: {_figures(card)}; speaks with --voice {name}")
    return folder


def _samples(name: str, model: VoiceModel, clearance: Clearance) -> dict[str, Path]:
    """Held-out sentences as spoken by the voice, marked like everything that is made, and as they were recorded."""
    from av_models.io.audio import read_wav

    work = store().workdir(f"voice-samples-{model.weights.digest[:16]}")
    samples: dict[str, Path] = {}
    for number, sample in enumerate(model.samples, start=1):
        spoken, rate_hz = read_wav(store().path(sample.spoken))
        path = work / f"{number}-spoken.wav"
        facts = sound_facts(f"{name}: sample {number}", model.language, clearance, trained=True)
        write_marked(path, spoken, rate_hz, facts)
        samples[path.name] = path
        samples[f"{number}-recorded.wav"] = store().path(sample.recorded)
    return samples


def _figures(card: Mapping[str, Any]) -> str:
    held_out, check = card["held_out"], card["check"]
    figures = f"held out {held_out.get('mcd_db')} dB MCD, pitch {held_out.get('pitch_cents')} cents"
    if check["flawed"] is None:
        return figures
    return f"{figures}, {check['flawed']:.0%} of {check['sentences']} sentences with a finding of the self-check"
