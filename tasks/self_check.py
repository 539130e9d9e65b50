"""Every utterance is listened to after it was spoken, and spoken again when it does not say its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from textwrap import shorten

from av_models.domain.edit import Placement
from av_models.domain.speech import CheckedSpeech, Flaw, FlawKind, Speech
from tasks.caching import stage
from tasks.progress import Progress
from tasks.speech import synthesize
from tasks.workspace import store

__all__ = ["check_conformed", "check_speech", "conformed_speeches", "in_order"]

_MOST_RETRIES = 3
_SEED_STEP = 7919
"""Between the takes of one line; larger than any number of lines, so that no take repeats that of another line."""
_OF_WORDS = (FlawKind.SWALLOWED, FlawKind.GARBLED, FlawKind.REPEATED, FlawKind.INVENTED)
_LABEL_LENGTH = 40


@stage("2")
def check_speech(speech: Speech) -> CheckedSpeech:
    """The utterance itself if it is good, else the best of it and up to three takes with other seeds.

    An engine that draws no lots speaks every take alike and is not asked again.
    """
    first = best = _flaws(speech)
    chosen, seen, n_takes = speech, {speech.audio}, 1
    text = shorten(speech.utterance.line.written, _LABEL_LENGTH, placeholder=" …")
    with Progress("check_speech", 1 + _MOST_RETRIES, "take", text) as progress:
        progress.reach(n_takes)
        while best and n_takes <= _MOST_RETRIES and _draws_lots(speech):
            utterance = replace(speech.utterance, seed=speech.utterance.seed + _SEED_STEP * n_takes)
            take: Speech = synthesize.fn(utterance)
            if take.audio in seen:
                break
            seen.add(take.audio)
            n_takes += 1
            flaws = _flaws(take)
            progress.reach(n_takes, f"{len(flaws)} findings")
            if len(flaws) < len(best):
                chosen, best = take, flaws
    left = {flaw.kind for flaw in best}
    return CheckedSpeech(chosen, best, tuple(flaw for flaw in first if flaw.kind not in left), n_takes)


@stage("1")
def check_conformed(speech: Speech) -> CheckedSpeech:
    """An utterance that was fitted to the picture: are its words still there? Its pauses are the picture's."""
    return CheckedSpeech(speech, tuple(flaw for flaw in _flaws(speech) if flaw.kind in _OF_WORDS), (), 1)


def conformed_speeches(placements: Sequence[Placement]) -> list[Speech]:
    """Of the lines whose sound was fitted to the picture."""
    return [one.alignment.speech for one in placements if one.sound_map]


def in_order(placements: Sequence[Placement], checked: Sequence[CheckedSpeech]) -> tuple[CheckedSpeech | None, ...]:
    """What was found in the conformed lines, one entry for each placement; None where nothing was fitted."""
    following = iter(checked)
    return tuple(next(following) if one.sound_map else None for one in placements)


def _draws_lots(speech: Speech) -> bool:
    from av_models.speech.registry import draws_lots

    return draws_lots(speech.utterance.voice.engine)


def _flaws(speech: Speech) -> tuple[Flaw, ...]:
    from av_models.io.audio import read_wav
    from av_models.speech.hearing import find_flaws

    samples, rate_hz = read_wav(store().path(speech.audio))
    utterance = speech.utterance
    return find_flaws(samples, rate_hz, utterance.line, utterance.voice.language)
