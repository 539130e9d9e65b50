"""External voices in the registry: what a program is and says of itself becomes part of the voice, and of its cache."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import external_made
import pytest

from av_models.domain.errors import ModelError
from av_models.domain.speech import Voice
from av_models.io.store import Store
from av_models.io.voices import find_voice, list_voices
from av_models.speech.external.program import end_programs
from tasks.voices import look_up
from tasks.workspace import CONFIGS_VARIABLE

MADE = Path(external_made.__file__).read_text()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Configurations with the voice `tones`, whose adapter lies beside them."""
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "tones.py").write_text(MADE)
    (tmp_path / "voices.yaml").write_text(
        f"voices:\n  tones:\n    engine: external\n    language: en-us\n    licence: CC0-1.0\n    consent_id: tones\n"
        f"    settings: {{command: [{sys.executable}, engines/tones.py], speed: 1.5, timeout_s: 60}}\n"
    )
    monkeypatch.setenv(CONFIGS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "media"))
    yield tmp_path
    end_programs()


def found(house: Path) -> Voice:
    return find_voice("tones", house, house / "media", Store(house / "store"))


def test_the_command_is_found_beside_the_configurations(house: Path) -> None:
    settings = dict(found(house).settings)
    assert settings["command"] == f"{sys.executable} {house / 'engines' / 'tones.py'}"
    assert settings["speed"] == "1.5"


def test_a_voice_of_ones_own_uses_the_adapters_that_come_along(house: Path) -> None:
    own = house / "media" / "voices" / "mine"
    own.mkdir(parents=True)
    text = f"engine: external\nlanguage: en-us\nlicence: mine\nconsent_id: mine\nsettings: {{command: {sys.executable} "
    (own / "voice.yaml").write_text(text + "engines/tones.py --model own.txt}\n")
    (own / "own.txt").write_text("a model")
    voice = find_voice("mine", house, house / "media", Store(house / "store"))
    assert dict(voice.settings)["command"].split()[1:] == [
        str(house / "engines" / "tones.py"),
        "--model",
        str(own / "own.txt"),
    ]
    assert voice.program is not None and len(voice.program.digests) == 2


def test_a_changed_adapter_is_another_voice(house: Path) -> None:
    before = found(house)
    assert found(house) == before
    (house / "engines" / "tones.py").write_text(MADE + "# another state of it\n")
    after = found(house)
    assert after != before and after.settings == before.settings


def test_so_is_another_version_of_what_it_runs(house: Path) -> None:
    before = look_up("tones")
    assert before.program is not None
    assert (before.program.name, before.program.licence) == ("tones 1.2, made", "CC0-1.0")
    (house / "engines" / "tones.py").write_text(MADE.replace('"version": "1.2"', '"version": "1.3"'))
    after = look_up("tones")
    assert after.program is not None and after.program.version == "1.3"


def test_a_program_that_cannot_say_what_it_is_speaks_for_nobody(house: Path) -> None:
    (house / "engines" / "tones.py").write_text(MADE.replace('"licence": "CC0-1.0"', '"licence": ""'))
    with pytest.raises(ModelError, match="does not describe itself: licence is missing"):
        look_up("tones")


def test_every_voice_shows_its_licence(house: Path) -> None:
    assert [row[-1] for row in list_voices(house, house / "media")] == ["CC0-1.0"]


def test_the_report_names_the_program_and_the_licence_of_its_weights(house: Path) -> None:
    from av_models.domain.media import MediaRef
    from av_models.domain.script import Line
    from av_models.domain.speech import Speech, Utterance
    from tasks.reporting import _weights

    speech = Speech(Utterance(Line("", ()), look_up("tones"), 1), MediaRef("0" * 64, ".wav"), 16_000, 1, (), ())
    rows = {row["name"]: row["licence"] for row in _weights((speech,), None, None)}
    assert rows == {"voice tones": "CC0-1.0", "engine tones 1.2, made": "CC0-1.0"}
