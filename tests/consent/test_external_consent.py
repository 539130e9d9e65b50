"""A voice of an external engine needs consent to every file that makes it a person's, and cannot hide one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from av_models.domain.errors import ConsentError, InputError
from av_models.domain.speech import Voice
from av_models.io.consent import clear_voices, revoke_record
from av_models.io.store import Store
from av_models.io.voices import find_voice
from tests.consent.records import PURPOSE, TODAY, Desk, make_desk

ADAPTER = Path(__file__).parents[1] / "speech" / "external_made.py"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = make_desk(tmp_path)
    (made.configs_dir / "voices.yaml").write_text("voices: {}\n")
    return made


def voice_of(desk: Desk, weights: tuple[str, ...] = ("anna.wav",), command: str = "", **settings: str) -> Voice:
    """A voice of one's own with the program of the tests, its files beside it."""
    folder = desk.media_dir / "voices" / "anna"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "anna.wav").write_bytes(b"RIFF as she spoke")
    lines = [f"  {key}: {value}" for key, value in settings.items()]
    command = command or shlex.join([sys.executable, str(ADAPTER)])
    text = [
        "engine: external",
        "language: en-us",
        "licence: CC0",
        "consent_id: anna",
        "settings:",
        f"  command: {command}",
    ]
    (folder / "voice.yaml").write_text("\n".join([*text, *lines, f"weights: [{', '.join(weights)}]", ""]))
    return find_voice("anna", desk.configs_dir, desk.media_dir, Store(desk.media_dir / "store"))


def clear(desk: Desk, voice: Voice) -> tuple[str, ...]:
    return clear_voices(desk.configs_dir, desk.media_dir, {"voice": voice}, PURPOSE, TODAY).consent_ids


def sample(desk: Desk) -> Path:
    voice_of(desk)
    return desk.media_dir / "voices" / "anna" / "anna.wav"


@pytest.mark.parametrize("kind", ["living_adult", "fictional"])
def test_a_sample_must_be_covered_by_its_digest(desk: Desk, kind: str) -> None:
    person = {"kind": kind} if kind == "fictional" else {"kind": "living_adult"}
    desk.issue("anna", ["voice"], [sample(desk)], **person)
    assert clear(desk, voice_of(desk)) == ("anna",)
    (desk.media_dir / "voices" / "anna" / "other.wav").write_bytes(b"RIFF somebody else")
    with pytest.raises(ConsentError) as refused:
        clear(desk, voice_of(desk, ("anna.wav", "other.wav")))
    assert refused.value.rule == "media"


def test_a_revoked_sample_speaks_no_more(desk: Desk) -> None:
    desk.issue("anna", ["voice"], [sample(desk)])
    revoke_record(desk.configs_dir, desk.media_dir, "anna", "changed her mind")
    with pytest.raises(ConsentError) as refused:
        clear(desk, voice_of(desk))
    assert refused.value.rule == "revoked"


def test_the_right_to_a_face_is_none_to_a_voice(desk: Desk) -> None:
    desk.issue("anna", ["face"], [sample(desk)])
    with pytest.raises(ConsentError) as refused:
        clear(desk, voice_of(desk))
    assert refused.value.rule == "right"


def test_a_person_cannot_be_in_a_voice_without_files(desk: Desk) -> None:
    desk.issue("anna", ["voice"], [sample(desk)], kind="living_adult")
    with pytest.raises(ConsentError) as refused:
        clear(desk, voice_of(desk, ()))
    assert refused.value.rule == "media"


def test_the_files_of_the_program_are_no_ones_voice(desk: Desk) -> None:
    desk.issue("anna", ["voice"], [])
    voice = voice_of(desk, ())
    assert clear(desk, voice) == ("anna",) and voice.program is not None and len(voice.program.digests) == 1


def test_a_sample_cannot_be_hidden_in_the_command(desk: Desk) -> None:
    hidden = shlex.join([sys.executable, str(ADAPTER), "--speaker", str(sample(desk))])
    with pytest.raises(InputError, match=r"the command names the sound anna\.wav.*weights"):
        voice_of(desk, (), command=hidden)
