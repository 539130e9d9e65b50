"""How like the speaker is it, and can it be understood? Every candidate says the same sentences and is listened to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.cloning import CloneCandidate, CloneMethod, CloneSample, HeardCandidate
from av_models.domain.corpus import CORPUS_RATE_HZ
from tasks.caching import stage
from tasks.clone_sample import sample_sounds
from tasks.progress import Progress
from tasks.workspace import store

__all__ = ["SENTENCES", "better", "measure_candidate", "sample_likeness"]

Samples = NDArray[np.float32]

SENTENCES = (
    "The train to the coast was late again, so we walked along the platform.",
    "Would you rather sit by the window or near the stove?",
    "My neighbour grows tomatoes, beans and a little garlic.",
    "It rained all morning, but the market stayed open until noon.",
    "Please write your name and the date at the top of the page.",
)
"""Said by no sample on purpose, and none of those by which a voice is set to its speaker."""

_MOST_LOST = 0.08
"""An adapted voice may lose this share of its words against the encoded one, and no more: a likeness that nobody
understands is none. Five sentences have 55 words, of which the recogniser mishears a few by chance."""

_MOST_WORSE = 0.15
"""And so much of its predicted opinion, where that can be measured."""

_OPINION_S = 9.1
"""Of speech that the opinion is asked of, a window: more takes longer than all other measuring."""


@stage("2")
def measure_candidate(candidate: CloneCandidate, sample: CloneSample, seed: int) -> HeardCandidate:
    """Likeness to audio of the sample that nothing was learnt from where there is any, pitch, tone, words."""
    from av_models.io.audio import wav_bytes
    from av_models.speech.speaker import embed, likeness

    weights = store().read_bytes(candidate.weights)
    with Progress("measure_candidate", len(SENTENCES), "sentence", label=candidate.method) as progress:
        spoken: list[Samples] = []
        for number, text in enumerate(SENTENCES, start=1):
            spoken.append(_said(text, weights, sample.language, seed + number))
            progress.reach(number)
    held, is_held_out = _judged_on(sample)
    said = np.concatenate(spoken)
    figures = {
        "likeness": round(likeness(*(embed(sound, CORPUS_RATE_HZ) for sound in (said, held))), 4),
        "measured_on": "held-out audio of the sample" if is_held_out else "the sample itself, all of which was used",
        "judged_s": round(len(held) / CORPUS_RATE_HZ, 1),
        "word_errors": round(_word_errors(spoken), 3),
        "opinion": _opinion(said),
        **_off(said, held),
    }
    wavs = tuple(store().put_bytes(wav_bytes(sound, CORPUS_RATE_HZ), ".wav") for sound in spoken)
    return HeardCandidate(candidate, store().put_json(figures), wavs)


def sample_likeness(sample: CloneSample) -> float | None:
    """Of the part that is learnt from to the held-out part: what a perfect copy would have. None without the latter."""
    from av_models.speech.speaker import embed, likeness

    held, is_held_out = _judged_on(sample)
    if not is_held_out:
        return None
    sounds, learnt_s = sample_sounds(sample)
    learnt = np.concatenate(sounds)[: round(learnt_s * CORPUS_RATE_HZ)]
    return round(likeness(embed(learnt, CORPUS_RATE_HZ), embed(held, CORPUS_RATE_HZ)), 4)


def better(heard: Sequence[HeardCandidate], method: CloneMethod) -> tuple[HeardCandidate, str]:
    """The candidate that becomes the voice, and why. heard: the encoded one, the adapted ones, or both; no base.

    Nothing that was taught is chosen for having been taught: it must be nearer to held-out frames, more like held-out
    audio, as easy to understand and as clean as what it is compared with.
    """
    first, *others = heard
    if not others:
        return first, "asked for" if method is not CloneMethod.AUTO else "too little to learn from for the other way"
    chosen, reasons = first, []
    for other in others:
        objection = _objection(other, chosen)
        praise = f"more like the held-out audio than {chosen.candidate.method}, as easy to understand and as clean"
        reasons.append(f"{other.candidate.method} is {objection or praise}")
        chosen = chosen if objection else other
    return chosen, "; ".join(reasons)


def _objection(taught: HeardCandidate, other: HeardCandidate) -> str:
    """What a taught candidate is that makes it no better than one before it, '' if it is better."""
    ours, theirs = store().json(taught.figures), store().json(other.figures)
    off_db = store().json(taught.candidate.facts).get("frames_off_db", {})
    if "held-out" not in ours["measured_on"]:
        return "measured only on what it has learnt from"
    if other.candidate.method == "encode" and None not in off_db.values() and _no_nearer(off_db):
        return "no nearer to held-out frames"
    if ours["word_errors"] > theirs["word_errors"] + _MOST_LOST:
        return "harder to understand"
    if None not in (ours.get("opinion"), theirs.get("opinion")) and ours["opinion"] < theirs["opinion"] - _MOST_WORSE:
        return "less clean"
    return "no more like the held-out audio" if ours["likeness"] <= theirs["likeness"] else ""


def _no_nearer(off_db: Mapping[str, float]) -> bool:
    return bool(off_db) and off_db["taught"] >= off_db["untaught"]


def _said(text: str, weights: bytes, language: str, seed: int) -> Samples:
    from av_models.speech.registry import get_engine
    from av_models.speech.script import read_script

    line = read_script(text, language).lines[0]
    spoken: Any = get_engine("neural").synthesize(line, {}, (weights,), language, seed)
    return np.asarray(spoken.samples, np.float32)


def _judged_on(sample: CloneSample) -> tuple[Samples, bool]:
    sounds, learnt_s = sample_sounds(sample)
    whole = np.concatenate(sounds)
    return (whole[round(learnt_s * CORPUS_RATE_HZ) :], True) if sample.held_out_s else (whole, False)


def _off(said: Samples, held: Samples) -> dict[str, float | None]:
    """How far pitch and tone lie from the speaker's; None for a voice in which there is none."""
    from av_models.domain.errors import MediaError
    from av_models.speech.neural.encoding import encode

    try:
        ours, theirs = encode(said, CORPUS_RATE_HZ), encode(held, CORPUS_RATE_HZ)
    except MediaError:
        return {"pitch_off_semitones": None, "tone_off_db": None}
    known_hz = min(theirs.bandwidth_hz, ours.bandwidth_hz)
    return {
        "pitch_off_semitones": round(float(12 * np.log2(ours.pitch_hz / theirs.pitch_hz)), 2),
        "tone_off_db": round(_tone_off_db(ours.spectrum, theirs.spectrum, known_hz), 2),
    }


def _tone_off_db(ours: Samples, theirs: Samples, known_hz: float) -> float:
    """Mean distance of the average spectra where both have any."""
    from av_models.speech.neural.mels import band_centres_hz

    known = band_centres_hz() < 0.95 * known_hz
    gap = (ours - theirs)[known]
    return float(np.abs(gap - gap.mean()).mean() * 20 / np.log(10))


def _opinion(said: Samples) -> float | None:
    """DNSMOS of the first seconds, None where its network is not installed."""
    from av_models.speech.opinion import opinion, opinion_there

    if not opinion_there():
        return None
    return round(opinion(said[: round(_OPINION_S * CORPUS_RATE_HZ)], CORPUS_RATE_HZ).overall, 2)


def _word_errors(spoken: Sequence[Samples]) -> float:
    """Share of words that the recogniser gets wrong."""
    from av_models.speech.recognise import recognise, word_errors
    from av_models.speech.script import read_script

    wrong = said = 0
    for text, sound in zip(SENTENCES, spoken, strict=True):
        words = [word for line in read_script(text).lines for word in line.spoken]
        wrong += word_errors(recognise(sound, CORPUS_RATE_HZ), words)
        said += len(words)
    return wrong / said
