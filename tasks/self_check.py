"""Every utterance is listened to after it was spoken, and spoken again when it does not say its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from av_models.domain.speech import CheckedSpeech, Flaw, Speech
from tasks.caching import stage
from tasks.speech import synthesize
from tasks.workspace import store

__all__ = ["check_speech", "findings_of"]

_MOST_RETRIES = 3
_SEED_STEP = 7919
"""Between the takes of one line; larger than any number of lines, so that no take repeats that of another line."""


@stage("1")
def check_speech(speech: Speech) -> CheckedSpeech:
    """The utterance itself if it is good, else the best of it and up to three takes with other seeds.

    An engine that draws no lots speaks every take alike: it is asked once more and no further.
    """
    first = best = _flaws(speech)
    chosen, seen, n_takes = speech, {speech.audio}, 1
    while best and n_takes <= _MOST_RETRIES:
        utterance = replace(speech.utterance, seed=speech.utterance.seed + _SEED_STEP * n_takes)
        take: Speech = synthesize.fn(utterance)
        if take.audio in seen:
            break
        seen.add(take.audio)
        n_takes += 1
        flaws = _flaws(take)
        if len(flaws) < len(best):
            chosen, best = take, flaws
    left = {flaw.kind for flaw in best}
    return CheckedSpeech(chosen, best, tuple(flaw for flaw in first if flaw.kind not in left), n_takes)


def findings_of(checked: Sequence[CheckedSpeech]) -> list[dict[str, object]]:
    """Rows for a report: every line that was spoken more than once or is not good yet."""
    return [
        {
            "line": number,
            "text": one.speech.utterance.line.written,
            "takes": one.n_takes,
            "left": [flaw.sentence for flaw in one.flaws],
            "cured": [flaw.sentence for flaw in one.cured],
        }
        for number, one in enumerate(checked, start=1)
        if one.flaws or one.n_takes > 1
    ]


def _flaws(speech: Speech) -> tuple[Flaw, ...]:
    from av_models.io.audio import read_wav
    from av_models.speech.hearing import find_flaws

    samples, rate_hz = read_wav(store().path(speech.audio))
    utterance = speech.utterance
    return find_flaws(samples, rate_hz, utterance.line, utterance.voice.language)
