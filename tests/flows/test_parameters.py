"""One model for command line, YAML and form: what it accepts, and what it refuses before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from av_models.domain.edit import Lips
from av_models.domain.errors import ConsentError, InputError, MediaError
from av_models.domain.production import Profile, Stage
from flows.parameters import Production, load_production
from tasks.workspace import configs_dir, media_dir, samples_dir

HELLO = {"script": "Hello there, you two."}


def test_the_house_production_is_what_the_form_proposes() -> None:
    assert load_production(given=HELLO) == Production(**HELLO)
    production = load_production(given=HELLO)
    assert Path(production.source) == samples_dir() / "source_a.mp4"
    assert (production.lips, production.profile, production.until) == (Lips.AUTO, Profile.DRAFT, Stage.REPORT)
    assert (configs_dir() / "produce.yaml").is_file()


def test_later_settings_win(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("seed: 3\nprofile: final\ntraining:\n  batch: 4\npurpose:\n  territory: NO\n")
    production = load_production(mine, HELLO | {"seed": 5}, ["training.max_steps=12", "captions=false"])
    assert (production.seed, production.profile, production.training.batch) == (5, Profile.FINAL, 4)
    assert (production.training.max_steps, production.captions) == (12, False)
    assert production.purpose.territory == "NO"  # Norway, not 'no'
    assert production.training_options.size_px == 128


def test_profile_decides_the_budget_unless_it_is_given() -> None:
    assert Production(**HELLO).training_options.budget_s == 210
    assert Production(**HELLO, profile="final").training_options.budget_s == 3600
    assert Production(**HELLO, profile="final", training={"budget_s": 5}).training_options.budget_s == 5
    assert Production(**HELLO, training={"max_steps": 9}).training_options.max_steps == 9


def test_inputs_are_found_by_name_in_the_media_folder() -> None:
    inputs = media_dir() / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    (inputs / "speech of the day.txt").write_text("Hello.")
    production = Production(script="speech of the day.txt")
    assert Path(production.script) == inputs / "speech of the day.txt"
    assert production.out_dir == media_dir() / "out" / "speech-of-the-day"


def test_text_names_its_own_folder() -> None:
    assert Production(**HELLO).out_dir.name == "Hello-there-you-two"
    assert Production(script="Line one.\nLine two ends in hello.txt").script_name.startswith("Line-one")
    assert Production(script="../../..").out_dir.parent == media_dir() / "out"


REFUSED: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, [], "script is missing"),
    ({"script": " \n "}, [], "empty"),
    ({"script": "nowhere.txt"}, [], "nowhere.txt"),
    (HELLO | {"sauce": "a.mp4"}, [], "did you mean 'source'"),
    (HELLO, ["training.budgets=3"], "did you mean 'budget_s'"),
    (HELLO, ["purpose.x.y=3"], "known: use, territory, date"),
    (HELLO, ["training.budget_s=soon"], "training.budget_s = 'soon'"),
    (HELLO, ["training.size_px=100"], "multiple of 16"),
    (HELLO, ["training.budget_s=60", "training.max_steps=5"], "both given"),
    (HELLO, ["nonsense"], "--set"),
    (HELLO | {"lips": "sing"}, [], "keep"),
    (HELLO | {"fit": "picture", "lips": "drive"}, [], "contradict each other"),
    (HELLO | {"fit": "drive", "lips": "keep"}, [], "keep the actor's lips"),
    (HELLO | {"until": "dinner"}, [], "script"),
    (HELLO | {"review": True, "until": "speech"}, [], "review has nothing to ask"),
    (HELLO | {"source": "actor_b.mp4"}, [], "same file"),
    (HELLO, ["purpose.territory=Germany"], "two-letter"),
    (HELLO, ["purpose.date=tomorrow"], "2027-01-31"),
    (HELLO, ["seed=-1"], "seed"),
    (HELLO, ["consent.source=../x"], "consent.source"),
]


@pytest.mark.parametrize(("given", "assignments", "told"), REFUSED, ids=[case[2] for case in REFUSED])
def test_refuses(given: dict[str, Any], assignments: list[str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        load_production(None, given, assignments)
    assert told in str(refused.value)
    assert refused.value.remedy


def test_refuses_footage_that_is_not_there() -> None:
    with pytest.raises(MediaError, match=r"nobody\.mp4"):
        load_production(given=HELLO | {"actor": "nobody.mp4"})


def test_refuses_a_use_that_no_consent_can_permit() -> None:
    with pytest.raises(ConsentError):
        load_production(given=HELLO, assignments=["purpose.use=election"])


def test_refuses_to_write_over_its_own_input(tmp_path: Path) -> None:
    (tmp_path / "master.mp4").write_bytes(b"footage")
    with pytest.raises(InputError, match="overwritten"):
        load_production(given=HELLO | {"actor": str(tmp_path / "master.mp4"), "out": str(tmp_path)})
    with pytest.raises(InputError, match="is a file"):
        load_production(given=HELLO | {"out": str(tmp_path / "master.mp4")})


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "- list\n", "\0"], ids=["broken", "twice", "list", "binary"])
def test_refuses_settings_that_are_none(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "s.yaml"
    settings.write_text(text)
    with pytest.raises(InputError, match=r"s\.yaml"):
        load_production(settings, HELLO)


def test_the_form_can_be_drawn() -> None:
    schema = Production.model_json_schema()
    assert schema["required"] == ["script"]
    assert all("description" in field for name, field in schema["properties"].items() if "$ref" not in field)
