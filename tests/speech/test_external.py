"""Engines that are programs of their own: what they must do, and what happens when they do not."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import external_made
import numpy as np
import pytest
from external_made import EDGE_S, GAP_S, RATE_HZ, WORD_S

from av_models.domain.errors import InputError, ModelError, ResourceError, UnderstudyError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone
from av_models.io.audio import wav_bytes
from av_models.speech.engine import Synthesis, timed_engine
from av_models.speech.external.engine import ExternalEngine
from av_models.speech.external.program import end_programs
from av_models.speech.imposed import lasting
from av_models.speech.script import read_script

ENGINE = ExternalEngine()
MADE = Path(external_made.__file__)
TEXT = "One two [pause 300ms] three."


@pytest.fixture(autouse=True)
def _no_program_is_left() -> Iterator[None]:
    yield
    end_programs()


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the program writes down about its requests."""
    monkeypatch.setenv("MADE_NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


def settings(do: str = "", *arguments: str, **others: str) -> dict[str, str]:
    command = shlex.join([sys.executable, str(MADE), *arguments])
    return {"command": command, "timeout_s": "60", **({"do": do} if do else {}), **others}


def line_of(text: str = TEXT) -> Line:
    return read_script(text).lines[0]


def speak(do: str = "", text: str = TEXT, seed: int = 1, **others: str) -> Synthesis:
    return ENGINE.synthesize(line_of(text), settings(do, **others), (), "en-us", seed)


def is_gapless(speech: Synthesis) -> bool:
    ends = speech.phones[0].start == 0 and speech.phones[-1].end == Fraction(speech.samples.size, speech.rate_hz)
    return ends and all(left.end == right.start < right.end for left, right in pairwise(speech.phones))


@pytest.mark.parametrize("mode", ["serve", "once"])
def test_a_program_that_knows_no_times_still_keeps_the_pauses_of_the_script(mode: str) -> None:
    speech = speak(mode=mode)
    assert speech.rate_hz == RATE_HZ and speech.words == () and speech.phones == ()
    loud = np.flatnonzero(np.abs(speech.samples) > 0.01)
    longest = int(np.diff(loud).max())
    # The sound itself ends up to 55 ms earlier than it is cut, lest a release be lost.
    assert 0.3 <= longest / RATE_HZ <= 0.36
    assert speech.samples.size / RATE_HZ == pytest.approx(3 * WORD_S + GAP_S + 0.3 + 0.14 + 0.11, abs=0.03)


def test_the_times_that_a_program_tells_become_phones_and_words() -> None:
    speech = speak("phones")
    assert is_gapless(speech)
    assert [phone.label for phone in speech.phones if phone.label != SILENCE] == [
        "W",
        "AH1",
        "N",
        "T",
        "UW1",
        "TH",
        "R",
        "IY1",
    ]
    assert [word.text for word in speech.words] == ["one", "two", "three"]
    assert all(word.end - word.start == Fraction(1, 5) for word in speech.words)
    assert speech.words[2].start - speech.words[1].end == Fraction(3, 10)
    (two,) = (word for word in speech.words if word.text == "two")
    heard = speech.samples[round(two.start * RATE_HZ) : round(two.end * RATE_HZ)]
    assert np.abs(heard).max() > 0.4


def test_a_program_may_know_words_alone() -> None:
    speech = speak("words")
    assert speech.phones == () and [word.text for word in speech.words] == ["one", "two", "three"]
    assert float(speech.words[1].start - speech.words[0].start) == pytest.approx(WORD_S + GAP_S, abs=0.002)


def test_what_a_program_is_asked(notes: Path) -> None:
    text = "{Nguyen|W IH1 N} paid *$5*, twice. Why?"
    speak("note", text, seed=9, speed="1.2")
    speak("note", "Again.")
    asked = [json.loads(row) for row in notes.read_text().splitlines()]
    first, second, again = asked
    assert first["contract"] == external_made.CONTRACT and first["ask"] == "speak" and first["language"] == "en-us"
    assert first["text"] == "Nguyen paid five dollars, twice." and second["text"] == "Why?"
    assert [word["text"] for word in first["words"]] == ["nguyen", "paid", "five", "dollars", "twice"]
    assert first["words"][0]["phones"] == ["W", "IH1", "N"] and first["words"][1]["phones"] == ["P", "EY1", "D"]
    assert [word["emphasis"] for word in first["words"]] == [0, 0, 1, 1, 0]
    assert first["options"]["speed"] == "1.2" and "command" not in first["options"]
    assert first["seed"] == 9 != second["seed"] and first["durations"] is None
    assert first["started"] == second["started"] == again["started"], "one program speaks all lines"


def test_once_starts_a_program_for_every_request(notes: Path) -> None:
    speak("note", "One. Two.", mode="once")
    assert len({json.loads(row)["started"] for row in notes.read_text().splitlines()}) == 2


def test_a_changed_program_is_started_anew(tmp_path: Path, notes: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(MADE.read_text())
    asked = {**settings("note"), "command": shlex.join([sys.executable, str(own)])}
    for addition in ("", "# changed\n"):
        own.write_text(MADE.read_text() + addition)
        ENGINE.synthesize(line_of("One."), asked, (), "en-us", 1)
    assert len({json.loads(row)["started"] for row in notes.read_text().splitlines()}) == 2


def test_equal_arguments_give_equal_samples_and_seeds_reach_the_program() -> None:
    first, same, other = speak(seed=1), speak(seed=1), speak(seed=2)
    assert np.array_equal(first.samples, same.samples) and not np.array_equal(first.samples, other.samples)


def test_sound_among_the_files_is_a_sample_of_the_speaker() -> None:
    sample = wav_bytes(np.zeros(800, np.float32), RATE_HZ)
    ENGINE.synthesize(line_of("One."), settings("samples"), (sample, b"weights"), "en-us", 1)


def test_what_is_too_loud_is_turned_down() -> None:
    assert np.abs(speak("loud").samples).max() == pytest.approx(0.98, abs=0.01)


@pytest.mark.parametrize(
    ("do", "kind", "told"),
    [
        ("no file", ModelError, "without writing its sound"),
        ("no wav", ModelError, "no WAV file"),
        ("stereo", ModelError, "2 channels"),
        ("silent", ModelError, "is silent"),
        ("empty", ModelError, "lasts 0 samples"),
        ("nan", ModelError, "NaN"),
        ("odd rate", ModelError, "4000 samples a second"),
        ("few words", ModelError, "1 words for 2"),
        ("bad words", ModelError, "out of order or range"),
        ("bad phones", ModelError, "no phone of ARPAbet"),
        ("old", ModelError, "understudy-engine/0"),
        ("raise", ModelError, "the weights are gone.*Fetch them again"),
        ("refuse", InputError, "the text is too long.*Write less"),
        ("die", ModelError, r"ended \(3\)[\s\S]*about to fail"),
        ("killed", ResourceError, "was killed"),
    ],
)
def test_a_program_that_fails_is_quoted_and_can_be_asked_again(do: str, kind: type[UnderstudyError], told: str) -> None:
    with pytest.raises(kind, match=told) as error:
        speak(do)
    assert error.value.remedy and "external_made.py" in error.value.message
    assert speak().samples.size


@pytest.mark.parametrize("mode", ["serve", "once"])
@pytest.mark.parametrize("do", ["hang", "hang deaf", "leave deaf"])
def test_a_program_that_hangs_is_ended_with_its_children(notes: Path, do: str, mode: str) -> None:
    """Also with children that do not listen to SIGTERM, and when the program itself ends at once."""
    with pytest.raises(ModelError, match="no answer within 4 s"):
        speak(do, timeout_s="4", mode=mode)
    for pid in map(int, notes.read_text().split()):
        assert not _is_running(pid)
    assert speak().samples.size


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    os.kill(pid, 0)
    return state != "Z"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"command": ""}, "needs the setting 'command'"),
        ({"mode": "often"}, "mode is 'often'"),
        ({"timeout_s": "soon"}, "timeout_s is 'soon'"),
        ({"speaker_wav": str(MADE)}, "speaker_wav of an external voice names a file"),
    ],
)
def test_wrong_settings_are_refused_before_anything_runs(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        ENGINE.synthesize(line_of(), {**settings(), **wrong}, (), "en-us", 1)
    assert error.value.remedy


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="cannot be started: No such file"):
        ENGINE.synthesize(line_of(), {"command": "/nowhere/python adapter.py"}, (), "en-us", 1)


def test_a_program_describes_itself() -> None:
    card = ENGINE.describe(settings())
    assert (card.engine, card.version, card.model, card.licence) == ("tones", "1.2", "made", "CC0-1.0")


def stretched(speech: Synthesis) -> tuple[Phone, ...]:
    return lasting(speech.phones, speech.words, [0.3, None, 0.15])


def test_a_program_that_takes_durations_is_given_them() -> None:
    asked = settings("durations", "--durations")
    usual = ENGINE.synthesize(line_of(), asked, (), "en-us", 1)
    wanted = stretched(usual)
    assert timed_engine(ENGINE, asked) is not None and timed_engine(ENGINE, settings()) is None
    speech = ENGINE.respeak(line_of(), wanted, asked, (), "en-us", 1)
    assert speech.samples.size == round(wanted[-1].end * RATE_HZ) and is_gapless(speech)
    late = [abs(got.start - want.start) for got, want in zip(speech.phones, wanted, strict=True)]
    assert max(late) <= Fraction(1, RATE_HZ)
    assert [float(word.end - word.start) for word in speech.words] == pytest.approx([0.3, 0.2, 0.15], abs=0.001)
    loud = np.abs(speech.samples[round(speech.words[0].start * RATE_HZ) : round(speech.words[0].end * RATE_HZ)])
    assert loud.max() > 0.4 and np.abs(speech.samples[: round(EDGE_S / 10 * RATE_HZ)]).max() == 0


@pytest.mark.parametrize(("do", "told"), [("late", "did not keep to the durations"), ("short", "was asked for")])
def test_a_program_that_does_not_keep_to_durations_is_not_believed(do: str, told: str) -> None:
    asked = settings(do, "--durations")
    wanted = stretched(ENGINE.synthesize(line_of(), asked, (), "en-us", 1))
    with pytest.raises(InputError, match=told):
        ENGINE.respeak(line_of(), wanted, asked, (), "en-us", 1)


def test_durations_are_not_asked_of_a_program_without_them() -> None:
    with pytest.raises(InputError, match="takes no durations"):
        ENGINE.respeak(line_of("One."), (Phone("W", Fraction(0), Fraction(1)),), settings(), (), "en-us", 1)
