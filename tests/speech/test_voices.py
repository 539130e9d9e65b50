from __future__ import annotations

from pathlib import Path

import pytest

from av_models.domain.errors import InputError
from av_models.io.store import Store
from av_models.io.voices import find_voice, list_voices
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

CONFIGS = Path(__file__).parents[2] / "configs"
VOICE = "engine: piper\nlanguage: en-gb\nlicence: CC0\nconsent_id: mine\nsettings: {length_scale: 1.1}\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_every_house_voice_speaks_and_names_its_consent(tmp_path: Path, store: Store) -> None:
    (line,) = read_script("Hello there.").lines
    for name, *_ in list_voices(CONFIGS, tmp_path):
        voice = find_voice(name, CONFIGS, tmp_path, store)
        weights = [store.read_bytes(ref) for ref in voice.weights]
        speech = get_engine(voice.engine).synthesize(line, dict(voice.settings), weights, voice.language, 1)
        assert speech.samples.size > 0.5 * speech.rate_hz
        assert (CONFIGS / "consent" / f"{voice.consent_id}.json").is_file()


def test_a_voice_of_ones_own(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "voices" / "grandma"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text(VOICE)
    (folder / "grandma.onnx.json").write_bytes(b"{}")
    (folder / "grandma.onnx").write_bytes(b"network")
    voice = find_voice("grandma", CONFIGS, tmp_path, store)
    assert (voice.engine, voice.language, voice.settings) == ("piper", "en-gb", (("length_scale", "1.1"),))
    assert [store.read_bytes(ref) for ref in voice.weights] == [b"network", b"{}"]


def test_an_unknown_voice_gets_close_matches(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match="Did you mean espeak-default") as error:
        find_voice("espeak-defualt", CONFIGS, tmp_path, store)
    assert "Known voices: espeak-bright, espeak-default" in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (VOICE.replace("consent_id: mine\n", ""), "consent_id is missing"),
        (VOICE + "colour: blue\n", "unknown key colour"),
        ("- a\n", "no settings"),
        ("{", "not readable YAML"),
        (VOICE + "weights: [gone.onnx]\n", "gone.onnx"),
    ],
)
def test_a_faulty_voice_file_is_explained(tmp_path: Path, store: Store, text: str, problem: str) -> None:
    folder = tmp_path / "voices" / "grandma"
    folder.mkdir(parents=True)
    (folder / "voice.yaml").write_text(text)
    with pytest.raises(InputError, match=problem) as error:
        find_voice("grandma", CONFIGS, tmp_path, store)
    assert error.value.remedy
