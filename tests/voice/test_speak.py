"""`speak`: from a script to marked sound, line by line and as a whole, only in voices that said yes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "consent"))

from records import Desk, make_desk

from av_models.domain.errors import ConsentError, InputError, ModelError
from av_models.io.audio import read_wav
from av_models.io.provenance import proves, verify_master
from av_models.io.textgrid import read_textgrid
from av_models.io.watermark import MARKED_FROM, detect_audio
from flows.speak import load_speaking, speak

REPOSITORY = Path(__file__).parents[2]
SCRIPT = "Title: Evening\nANNA: Good evening. [pause 900ms] It is late.\n\nBOB: The train leaves at 5:30 p.m."

Speak = Callable[..., dict[str, object]]


@pytest.fixture
def desk(workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = make_desk(tmp_path)
    (made.configs_dir / "voices.yaml").write_text((REPOSITORY / "configs" / "voices.yaml").read_text())
    monkeypatch.setenv("UNDERSTUDY_CONFIGS", str(made.configs_dir))
    return made


def asked(tmp_path: Path, script: str = SCRIPT, voice: str = "espeak-default", *roles: str) -> object:
    return load_speaking(script, voice, roles, 7, "demonstration", "worldwide", True, tmp_path / "out")


def test_a_script_becomes_marked_sound_with_times_and_pictures(desk: Desk, tmp_path: Path) -> None:
    desk.issue("espeak-default", ["voice"], [])
    made = speak(asked(tmp_path, SCRIPT, "espeak-default", "BOB=espeak-bright"))
    out = tmp_path / "out"
    names = {f"{name}.{kind}" for name in ("001", "002", "speech") for kind in ("wav", "TextGrid", "png")}
    assert names | {"speech.json", "script.json"} == {path.name for path in out.iterdir()}
    report = json.loads((out / "speech.json").read_text())
    assert [line["voice"] for line in report["lines"]] == ["espeak-default", "espeak-bright"]
    assert report["label"] == "AI-generated" and report["consent_ids"] == ["espeak-default"] == made["consent_ids"]
    assert made["n_lines"] == 2 and made["self_check"] == []

    samples, rate_hz = read_wav(out / "speech.wav")
    words, phones = read_textgrid(out / "speech.TextGrid")
    assert len(samples) / rate_hz == pytest.approx(float(phones[-1].end), abs=1e-3)
    evening, it = (next(word for word in words if word.text == text) for text in ("evening", "it"))
    assert float(it.start - evening.end) == pytest.approx(0.9, abs=0.012)
    for name in ("speech.wav", "001.wav"):
        sound, rate_hz = read_wav(out / name)
        found = verify_master(out / name)
        assert detect_audio(sound, rate_hz) > MARKED_FROM
        assert found.source_types == ("algorithmicMedia",) and found.soft_binding and not found.problems
        assert b"AI-generated" in (out / name).read_bytes()
    from av_models.io.consent import find_record, outputs_under

    assert proves(verify_master(out / "speech.wav"), find_record(desk.configs_dir, desk.media_dir, "espeak-default"))
    places = {output.place for output in outputs_under(desk.media_dir, "espeak-default")}
    assert str(out / "speech.wav") in places


def test_no_voice_speaks_without_consent(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ConsentError) as error:
        speak(asked(tmp_path))
    assert error.value.exit_code == 77 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("script", "voice", "roles", "problem"),
    [
        ("   ", "espeak-default", (), "empty"),
        ("gone.txt", "espeak-default", (), "no file gone.txt"),
        ("Hello.", "espeak-defualt", (), "Did you mean espeak-default"),
        ("Hello.", "espeak-default", ("ANNA",), "names no voice"),
        ("Hello.", "espeak-default", ("ANNA=espeak-bright",), "no role ANNA"),
        ("word " * 60_000, "espeak-default", (), "are allowed"),
    ],
)
def test_a_wrong_request_is_refused(
    desk: Desk, tmp_path: Path, script: str, voice: str, roles: tuple[str, ...], problem: str
) -> None:
    desk.issue("espeak-default", ["voice"], [])
    with pytest.raises(InputError, match=problem):
        speak(asked(tmp_path, script, voice, *roles))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", [lambda data: data[:2000], lambda data: b"nothing of the kind" * 9])
def test_damaged_weights_are_named(desk: Desk, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = desk.media_dir / "voices" / "broken"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text("engine: neural\nlanguage: en-us\nlicence: CC0\nconsent_id: mine\n")
    weights = folder / "broken.safetensors"
    weights.write_bytes(damage(b"\x10\x00\x00\x00\x00\x00\x00\x00" + b'{"a": 1}' * 500))
    desk.issue("mine", ["voice"], [weights])
    with pytest.raises(ModelError) as error:
        speak(asked(tmp_path, "Hello there.", "broken"))
    assert error.value.remedy
