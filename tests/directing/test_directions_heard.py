"""Every direction does in the sound what it says, in the words it is given to and in no other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from heard import heard, say, semitones, words_of

from av_models.domain.speech import BREATH
from av_models.speech.script import read_script

TEXT = "Seven boats sailed past the old harbour, slowly, and nobody saw them."


@pytest.mark.parametrize("st", [-3, 2])
def test_pitch_is_raised_by_what_is_asked(st: int) -> None:
    usual, directed = heard(say(TEXT)), heard(say(f"[pitch {st:+d}st] {TEXT}"))
    assert semitones(directed.pitch_hz, usual.pitch_hz) == pytest.approx(st, abs=0.3)
    assert directed.seconds == pytest.approx(usual.seconds, abs=0.01)
    assert directed.level_db == pytest.approx(usual.level_db, abs=0.7)


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_rate_lengthens_speech(rate: float) -> None:
    usual, directed = heard(say(TEXT)), heard(say(f"[rate {rate}] {TEXT}"))
    assert directed.seconds == pytest.approx(usual.seconds / rate, rel=0.03)
    assert abs(semitones(directed.pitch_hz, usual.pitch_hz)) < 0.3


def test_range_flattens_and_volume_is_exact() -> None:
    usual, flat = heard(say(TEXT)), heard(say(f"[range 0.5] {TEXT}"))
    assert flat.swing_st == pytest.approx(usual.swing_st / 2, rel=0.15)
    assert abs(semitones(flat.pitch_hz, usual.pitch_hz)) < 0.3
    assert heard(say(f"[volume -6dB] {TEXT}")).level_db == pytest.approx(usual.level_db - 6, abs=0.1)


@pytest.mark.parametrize(
    ("mark", "close"), [("[pitch +3st]", "[/pitch]"), ("[rate 0.7]", "[/rate]"), ("[volume -6dB]", "[/volume]")]
)
def test_a_span_changes_its_own_words_only(mark: str, close: str) -> None:
    usual, directed = say(TEXT), say(TEXT.replace("past", f"{mark}past{close}"))
    target = words_of(usual)["past"]
    for index in range(len(usual.words)):
        before, after = heard(usual, index), heard(directed, index)
        moved = abs(semitones(after.pitch_hz, before.pitch_hz)) if index not in (target - 1, target + 1) else 0.0
        longer, louder = abs(after.seconds / before.seconds - 1), abs(after.level_db - before.level_db)
        changes = (moved > 0.5, longer > 0.1, louder > 2)
        assert any(changes) == (index == target), (usual.words[index].text, changes)


@pytest.mark.parametrize(("stars", "least_st"), [("*", 1.5), ("**", 3.0)])
def test_an_emphasised_word_is_higher_longer_and_louder(stars: str, least_st: float) -> None:
    usual, directed = say(TEXT), say(TEXT.replace("past", f"{stars}past{stars}"))
    index = words_of(usual)["past"]
    before, after = heard(usual, index), heard(directed, index)
    assert semitones(after.pitch_hz, before.pitch_hz) > least_st
    assert after.seconds > 1.15 * before.seconds and after.level_db > before.level_db + 1
    far = [k for k in range(len(usual.words)) if abs(k - index) > 1]
    for k in far:
        assert heard(directed, k).seconds == pytest.approx(heard(usual, k).seconds, rel=0.06)


def test_pauses_are_exact_beside_directions() -> None:
    take = say("[rate 0.8] One [pause 437ms] two [pause 1.25s] [pitch +2st] three.")
    gaps = [after.start - before.end for before, after in pairwise(take.words)]
    assert [round(float(gap) * take.rate_hz) for gap in gaps] == [round(s * take.rate_hz) for s in (0.437, 1.25)]


@pytest.mark.parametrize("voice", ["espeak-default", "espeak-german"])
def test_a_sigh_fades_and_a_breath_swells(voice: str) -> None:
    text = "Well [sigh] yes [breath] no." if voice == "espeak-default" else "Gut [sigh] ja [breath] nein."
    language = "en-us" if voice == "espeak-default" else "de"
    take = say(read_script(text, language).lines[0], voice)
    sigh, breath = (phone for phone in take.phones if phone.label == BREATH)
    halves = []
    for one in (sigh, breath):
        part = take.samples[round(one.start * take.rate_hz) : round(one.end * take.rate_hz)].astype(np.float64)
        first, second = np.array_split(part**2, 2)
        halves.append(first.mean() / second.mean())
    assert sigh.end - sigh.start > breath.end - breath.start
    assert halves[0] > 2 * halves[1]


def test_fillers_last_as_long_as_fillers_do() -> None:
    take = say("So, [um], I think, [mm-hm], yes.")
    words = words_of(take)
    assert 0.3 < heard(take, words["um"]).seconds < 0.7
    hum = take.words[words["mm-hm"]]
    assert 0.4 < float(hum.end - hum.start) < 0.9
    assert [p.label for p in take.phones if hum.start <= p.start < hum.end] == ["M", "HH", "M"]
