"""How well phones are found in speech whose times are known exactly: the voice that made it says when each began."""

from __future__ import annotations

import time
from collections.abc import Iterator

from av_models.domain.bench import BenchRow, at_most, shown
from av_models.domain.errors import UnderstudyError
from av_models.domain.speech import Phone, Speech
from tasks.script import read_script, utterances
from tasks.speech import synthesize
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["alignment_rows"]

_PART = "alignment"
_VOICES = ("espeak-default", "espeak-bright")
# Every phone of English, numbers, and words that run into each other; none of them was used to tune an aligner.
_SENTENCES = """\
The old bridge over the river was built by hand in eighteen forty two.
Please bring a warm jumper, because the evening may be rather chilly.
Five young foxes slept under the juniper while the moon was rising.
She measured the voltage twice and wrote both values in her notebook.
Nobody knows why the museum closed its doors on a sunny Thursday.
Put the blue vase beside the window and shut the garden gate.
My brother usually buys fresh bread and butter before breakfast.
The pilot checked each gauge, then asked the tower for permission.
Their joyful noise could be heard all the way to the harbour.
A thin layer of ice covered the pond where the children played.
We should have left an hour earlier to catch the evening ferry.
Could you choose a better picture for the front page, George?
"""


def alignment_rows() -> Iterator[BenchRow]:
    """pocketsphinx as it comes in the product, on sentences that its makers and ours have not seen."""
    from av_models.alignment.score import errors_ms, score_of

    speeches = _spoken()
    _aligned(speeches[0])  # loads the model, which a run does once
    errors: list[float] = []
    n_failed, busy_s, sound_s = 0, 0.0, 0.0
    for speech in speeches:
        began_s = time.process_time()
        try:
            found = _aligned(speech)
            own, failed = errors_ms(found, speech.phones)
        except UnderstudyError:
            own, failed = [], len(speech.phones)
        busy_s += time.process_time() - began_s
        sound_s += float(speech.duration)
        errors += own
        n_failed += failed
    score = score_of(errors, n_failed)
    note = f"{len(speeches)} sentences, {len(_VOICES)} rule-made voices, {score.n} phones, {n_failed} not found"
    yield at_most(_PART, "phone starts, mean error", round(score.mean_ms, 2), 10, "ms", note)
    yield at_most(_PART, "phone starts, 95th percentile", round(score.p95_ms, 2), 25, "ms", note)
    yield shown(_PART, "phone starts, median error", round(score.median_ms, 2), "ms", note)
    yield shown(
        _PART, "phone starts, mean of the signed error", round(sum(errors) / max(len(errors), 1), 2), "ms", note
    )
    for limit, share in score.within.items():
        yield shown(_PART, f"phone starts within {limit} ms", round(100 * share, 1), "%", note)
    paired = round(100 * score.n / max(score.n + n_failed, 1), 2)
    yield shown(_PART, "phones paired", paired, "%", "the others are said otherwise than the dictionary has them")
    yield at_most(_PART, "real-time factor", round(busy_s / sound_s, 4), 0.05, "", f"{sound_s:.0f} s, processor time")


def _spoken() -> list[Speech]:
    from av_models.io.voices import find_voice

    speeches = []
    for name in _VOICES:
        voice = find_voice(name, configs_dir(), media_dir(), store())
        script = read_script.fn(_SENTENCES.replace("\n", "\n\n"), voice.language)
        speeches += [synthesize.fn(one) for one in utterances(script, voice, [7] * len(script.lines))]
    return speeches


def _aligned(speech: Speech) -> tuple[Phone, ...]:
    from av_models.alignment.aligner import get_aligner
    from av_models.io.audio import read_wav

    samples, rate_hz = read_wav(store().path(speech.audio))
    utterance = speech.utterance
    found = get_aligner("pocketsphinx").align(samples, rate_hz, utterance.line, utterance.voice.language, ((), ()))
    return found.phones
