"""A script with several roles: every line in the voice of its role, and clear words where names do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from av_models.domain.consent import Cast
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from av_models.speech.script import read_script
from tasks.inputs import open_inputs
from tasks.script import check_roles, utterances
from tests.consent.records import cast_of

REPOSITORY = Path(__file__).parents[2]
SCRIPT = read_script("Once upon a time.\n\nANNA: Hello Ben.\n\nBEN: Hello.\n\nCLARA: And I?")
FOOTAGE = {
    "source": str(REPOSITORY / "media/samples/source_a.mp4"),
    "actor": str(REPOSITORY / "media/samples/actor_b.mp4"),
}


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path))
    return tmp_path


@pytest.fixture
def cast() -> Cast:
    footage = Path(__file__)  # any file: nothing is opened here
    narrator = cast_of(footage, footage)
    return replace(narrator, roles=tuple((role, named(role.lower())) for role in ("ANNA", "BEN")))


def named(name: str) -> Voice:
    return Voice(name, "espeak", "en-us", (), (), "made for a test", "test-voice")


def test_every_line_is_spoken_by_its_role(cast: Cast) -> None:
    voices = [utterance.voice.name for utterance in utterances(SCRIPT, cast, [1, 2, 3, 4])]
    assert voices == ["test", "anna", "ben", "test"]
    assert {utterance.voice.name for utterance in utterances(SCRIPT, named("one"), [1, 2, 3, 4])} == {"one"}


def test_a_role_without_a_voice_of_its_own_is_told(cast: Cast) -> None:
    assert check_roles(SCRIPT, cast) == ("CLARA has no voice of its own and speaks with test.",)
    assert check_roles(SCRIPT, replace(cast, roles=())) == ()


def test_a_voice_for_nobody_is_refused_with_the_roles_that_there_are(cast: Cast) -> None:
    with pytest.raises(InputError, match=r"no role DORA.*ANNA, BEN, CLARA"):
        check_roles(SCRIPT, replace(cast, roles=(*cast.roles, ("DORA", named("dora")))))
    with pytest.raises(InputError, match="names no role at all"):
        check_roles(read_script("Hello."), cast)


def test_voices_are_looked_up_by_role(media: Path) -> None:
    voices = {"anna": "espeak-bright", "BEN": "espeak-default"}
    inputs = open_inputs.fn(script="ANNA: Hi.", source_words="", voice="espeak-default", voices=voices, **FOOTAGE)
    assert [(role, voice.name) for role, voice in inputs.cast.roles] == [
        ("BEN", "espeak-default"), ("ANNA", "espeak-bright"),
    ]  # fmt: skip
    assert inputs.actor_words.startswith("Hello, and welcome")


def test_voices_of_two_languages_are_refused(media: Path) -> None:
    with pytest.raises(InputError, match="ANNA's voice espeak-german speaks de"):
        open_inputs.fn(
            script="Hi.", source_words="", voice="espeak-default", voices={"ANNA": "espeak-german"}, **FOOTAGE
        )
