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


def reading(folder: Path, text: str) -> Path:
    """A recording of somebody else who says this, with its text beside it."""
    from av_models.io.audio import wav_bytes
    from av_models.speech.registry import get_engine
    from av_models.speech.script import read_script

    (line,) = read_script(text).lines
    said = get_engine("espeak").synthesize(line, {"variant": "f2", "rate_wpm": "130", "pitch": "70"}, (), "en-us", 1)
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / "reading.wav"
    recording.write_bytes(wav_bytes(said.samples, said.rate_hz))
    recording.with_suffix(".txt").write_text(text)
    return recording


def test_a_reading_guides_the_voice_where_its_performer_agreed(desk: Desk, tmp_path: Path) -> None:
    desk.issue("espeak-default", ["voice"], [])
    words = "The last train leaves the old station at midnight."
    recording = reading(tmp_path / "style", words)
    request = load_speaking(
        f"ANNA: {words}\nANNA: Good evening, and thank you all for coming.\nBOB: It is late, [rate 0.9] really.",
        *("espeak-default", (), 7, "demonstration", "worldwide", False, tmp_path / "out", (f"ANNA={recording}",)),
    )
    with pytest.raises(ConsentError, match="right 'performance'"):
        speak(request)
    desk.issue("reader", ["voice"], [recording])
    with pytest.raises(ConsentError, match="right"):
        speak(request)
    assert not (tmp_path / "out").exists()

    desk.issue("performer", ["performance"], [recording])
    made = speak(request)
    report = json.loads((tmp_path / "out" / "speech.json").read_text())
    assert made["consent_ids"] == ["espeak-default", "performer"]
    _, second, third = report["lines"]
    assert [line["performed"] for line in report["lines"]] == [True, False, False]
    assert second["directions"][0].startswith("rate 0.") and third["directions"] == ["rate 0.9 on “really.”"]
    assert any("in the style of reading.wav" in note for note in report["notes"])
    script = json.loads((tmp_path / "out" / "script.json").read_text())
    assert script["lines"][2]["tokens"][3]["direction"]["rate"] == 0.9


@pytest.mark.parametrize("style", ["CARL", "9"])
def test_a_style_for_nobody_is_refused(desk: Desk, tmp_path: Path, style: str) -> None:
    desk.issue("espeak-default", ["voice"], [])
    recording = reading(tmp_path / "style", "The last train leaves the old station at midnight.")
    desk.issue("performer", ["performance"], [recording])
    arguments = (7, "demonstration", "worldwide", False, tmp_path / "out", (f"{style}={recording}",))
    with pytest.raises(InputError, match=f"given for {style}"):
        speak(load_speaking(SCRIPT, "espeak-default", (), *arguments))
    assert not (tmp_path / "out").exists()
