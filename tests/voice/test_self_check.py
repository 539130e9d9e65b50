"""A line that does not come out right is spoken again, with other seeds, at most three times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from corpus_made import SENTENCES, line_of, spoken

from av_models.domain.script import Line
from av_models.domain.speech import CheckedSpeech, FlawKind, Speech, Utterance, Voice
from av_models.forensics.self_check import findings_of, outcome, self_check_facts
from av_models.speech import registry
from av_models.speech.engine import Synthesis
from tasks.self_check import check_conformed, check_speech, conformed_speeches, in_order
from tasks.speech import synthesize

TEXT = SENTENCES[0]


class Stumbling:
    """Appends two silent seconds, and a little more with every seed, until it has been asked `bad` times."""

    name = "stumbling"

    def __init__(self, bad: int) -> None:
        self.bad = bad
        self.seeds: list[int] = []

    def synthesize(
        self, line: Line, settings: Mapping[str, str], weights: Sequence[bytes], language: str, seed: int
    ) -> Synthesis:
        self.seeds.append(seed)
        take = spoken(TEXT)
        silent = 2 * take.rate_hz + seed % 1000 if len(self.seeds) <= self.bad else 0
        return Synthesis(np.pad(take.samples, (0, silent)), take.rate_hz, (), ())


@pytest.fixture
def speak(workshop: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setattr(registry, "_MAKERS", dict(registry._MAKERS))

    def made(bad: int) -> tuple[Stumbling, Speech]:
        engine = Stumbling(bad)
        registry.register("stumbling", lambda: engine)
        voice = Voice("test", "stumbling", "en-us", (), (), "made for a test", "test")
        return engine, synthesize.fn(Utterance(line_of(TEXT), voice, 7))

    yield made


def test_a_good_take_is_kept_as_it_is(speak) -> None:  # type: ignore[no-untyped-def]
    engine, speech = speak(0)
    checked = check_speech.fn(speech)
    assert (checked.speech, checked.flaws, checked.n_takes) == (speech, (), 1)
    assert engine.seeds == [7] and findings_of([checked]) == []


def test_a_bad_take_is_made_again_until_it_is_good(speak) -> None:  # type: ignore[no-untyped-def]
    engine, speech = speak(2)
    checked = check_speech.fn(speech)
    assert (checked.flaws, checked.n_takes) == ((), 3)
    assert [flaw.kind for flaw in checked.cured] == [FlawKind.TAIL]
    assert len(set(engine.seeds)) == 3 and checked.speech.utterance.seed == engine.seeds[-1]
    assert findings_of([checked])[0]["takes"] == 3


def test_what_remains_after_three_more_takes_is_reported(speak) -> None:  # type: ignore[no-untyped-def]
    engine, speech = speak(99)
    checked = check_speech.fn(speech)
    assert checked.n_takes == len(engine.seeds) == 4
    assert [flaw.kind for flaw in checked.flaws] == [FlawKind.TAIL]
    assert "over-long tail" in str(findings_of([checked])[0]["left"])


def test_an_engine_that_always_says_the_same_is_not_asked_for_ever(workshop: object) -> None:
    voice = Voice("test", "espeak", "en-us", (), (), "made for a test", "test")
    speech = synthesize.fn(Utterance(line_of(TEXT), voice, 7))
    muddled = Speech(Utterance(line_of(SENTENCES[1]), voice, 7), speech.audio, speech.rate_hz, speech.n_samples, (), ())
    checked = check_speech.fn(muddled)
    assert (checked.n_takes, checked.speech) == (1, muddled) and checked.flaws
    assert outcome([checked]) == "1 line in 1 take; 1 not right yet"


def test_a_take_that_was_fitted_to_the_picture_is_judged_by_its_words(speak) -> None:  # type: ignore[no-untyped-def]
    """Its pauses are those of the picture, but a word that was lost on the way is told."""
    from av_models.io.audio import read_wav, wav_bytes
    from tasks.workspace import store

    _, speech = speak(99)
    assert check_conformed.fn(speech).flaws == ()
    samples, rate_hz = read_wav(store().path(speech.audio))
    river = next(word for word in spoken(TEXT).words if word.text == "river")
    lost = [round(float(at) * rate_hz) for at in (river.start, river.end)]
    cut = store().put_bytes(wav_bytes(np.delete(samples, slice(*lost)), rate_hz), ".wav")
    conformed = check_conformed.fn(replace(speech, audio=cut, n_samples=speech.n_samples - (lost[1] - lost[0])))
    (row,) = findings_of([CheckedSpeech(speech, (), (), 1)], [conformed])
    assert row["left"] == [] and "river" in str(row["conformed"])
    facts = self_check_facts([CheckedSpeech(speech, (), (), 1)], [conformed])
    assert (facts["lines"], facts["takes"], facts["lines_left"]) == (1, 1, 1)


def test_only_fitted_lines_are_heard_again_and_found_at_their_places(speak) -> None:  # type: ignore[no-untyped-def]
    _, speech = speak(0)
    placements: Any = [
        SimpleNamespace(alignment=SimpleNamespace(speech=replace(speech, n_samples=n)), sound_map=fitted)
        for n, fitted in ((1, ()), (2, ("map",)), (3, ()), (4, ("map",)))
    ]
    assert [one.n_samples for one in conformed_speeches(placements)] == [2, 4]
    checked = [CheckedSpeech(one, (), (), 1) for one in conformed_speeches(placements)]
    assert in_order(placements, checked) == (None, checked[0], None, checked[1])
