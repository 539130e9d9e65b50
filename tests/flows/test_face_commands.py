"""train-face, swap, faces and their bench: what was typed arrives, and what can be typed can be filled in as a form."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from media_made import SAMPLES
from typer.testing import CliRunner

from av_models.domain.errors import InputError
from av_models.io.settings_file import read_settings
from flows.cli import app
from flows.deploy import _OFFERED
from tasks.workspace import configs_dir, repository_dir

SOURCE, ACTOR = str(SAMPLES / "source_a.mp4"), str(SAMPLES / "actor_b.mp4")

HELP = {
    "train-face": "source actor name preset architecture budget-s max-steps size-px batch consent set json debug",
    "swap": "video model swap consent lips profile out set json debug",
    "faces": "video pick backend search-every out json debug",
    "bench": "suite quick clips minutes preset size head-start kills set out json debug",
}

FORMS = {
    "train_face": {
        "FaceTraining": "source actor name training face consent purpose",
        "TrainingChoice": "preset size_px temporal",
    },
    "swap": {"Swapping": "video models consents swap face master", "SwapChoice": "color size keep handover"},
    "faces": {"": "video pick backend search_every out"},
    "bench": {
        "Benchmark": "suites quick clips minutes training head_start kills",
        "TrainingChoice": "preset size_px temporal",
    },
}


@pytest.mark.parametrize("command", HELP)
def test_help_lists_every_option(command: str) -> None:
    answer = CliRunner().invoke(app, ["run", command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert answer.exit_code == 0
    assert set(re.findall(r"--([a-z][a-z-]*)", answer.stdout)) >= set(HELP[command].split())


@pytest.mark.parametrize("name", FORMS)
def test_every_flow_can_be_deployed_with_its_form(name: str) -> None:
    """As `flow ui` offers it: found by its module, every field with its own place in the form."""
    from prefect.types.entrypoint import EntrypointType

    assert name in _OFFERED
    flow = getattr(import_module(f"flows.{name}"), name)
    offered = flow.to_deployment(flow.name, description=flow.description, entrypoint_type=EntrypointType.MODULE_PATH)
    assert (offered.name, offered.entrypoint) == (flow.name, f"flows.{name}.{name}")
    schema: dict[str, Any] = offered._parameter_openapi_schema.model_dump()
    for kind, fields in FORMS[name].items():
        found = (schema["definitions"][kind] if kind else schema)["properties"]
        assert set(found) >= set(fields.split()), kind


def test_deployments_for_a_studio_name_flows_that_are_there() -> None:
    listed = read_settings(configs_dir() / "prefect.yaml")["deployments"]
    places = {one["name"]: one["entrypoint"] for one in listed}
    assert {"train-face", "train-face-gpu", "swap", "faces", "bench"} <= set(places)
    for place in places.values():
        file, _, function = place.partition(":")
        assert (repository_dir() / file).is_file()
        assert callable(getattr(import_module(file.removesuffix(".py").replace("/", ".")), function))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the flows are called with; nothing is run."""
    import flows.faces
    import flows.running
    import flows.swap
    import flows.train_face

    calls: list[Any] = []
    monkeypatch.setattr(flows.running, "run_command", lambda call, *_: len(call()))
    for module, name in ((flows.train_face, "train_face"), (flows.swap, "swap"), (flows.faces, "faces")):
        monkeypatch.setattr(module, name, lambda *given: calls.append(given) or {})
    return calls


def test_train_face_asks_for_what_was_typed(asked: list[Any]) -> None:
    typed = ["--name", "anna", "--preset", "standard", "--architecture", "liae", "--budget-s", "90", "--size-px", "192"]
    typed += ["--batch", "4", "--set", "training.temporal=0.25", "--set", "face.source=2"]
    answer = CliRunner().invoke(app, ["run", "train-face", "--source", SOURCE, "--actor", ACTOR, *typed])
    assert answer.exit_code == 0, answer.output
    ((run,),) = asked
    options = run.options
    assert (run.source, run.actor, run.model_name, run.face.source) == (SOURCE, ACTOR, "anna", "2")
    assert (options.preset, options.architecture, options.budget_s) == ("standard", "liae", 90)
    assert (options.size_px, options.batch, options.temporal) == (192, 4, 0.25)


def test_train_face_is_told_whose_records_are_meant(asked: list[Any]) -> None:
    command = ["run", "train-face", "--source", SOURCE, "--actor", ACTOR]
    answer = CliRunner().invoke(app, [*command, "--consent", "source=anna", "--consent", "actor=right"])
    assert answer.exit_code == 0, answer.output
    ((run,),) = asked
    assert (run.consent.source, run.consent.actor) == ("anna", "right")
    for wrong in ("right", "voice=x", "actor="):
        answer = CliRunner().invoke(app, [*command, "--consent", wrong])
        assert isinstance(answer.exception, InputError) and "--consent actor=ID" in str(answer.exception)
    answer = CliRunner().invoke(app, [*command, "--consent", "actor=left", "--consent", "actor=right"])
    assert isinstance(answer.exception, InputError) and "twice" in str(answer.exception)


def test_swap_asks_for_what_was_typed(asked: list[Any], tmp_path: Path) -> None:
    typed = [
        "--swap",
        "1=anna",
        "--swap",
        "2=ben",
        "--consent",
        "1=first",
        "--profile",
        "draft",
        "--out",
        str(tmp_path),
    ]
    typed += ["--out", str(tmp_path), "--set", "swap.color=linear"]
    answer = CliRunner().invoke(app, ["run", "swap", "--video", ACTOR, *typed])
    assert answer.exit_code == 0, answer.output
    ((run,),) = asked
    assert (run.video, run.models, run.consents) == (ACTOR, {"1": "anna", "2": "ben"}, {"1": "first"})
    assert (run.profile, run.out_dir, run.swap.color) == ("draft", tmp_path, "linear")


def test_faces_asks_for_what_was_typed(asked: list[Any], tmp_path: Path) -> None:
    typed = ["--pick", "2", "--backend", "insightface", "--search-every", "9", "--out", str(tmp_path)]
    answer = CliRunner().invoke(app, ["run", "faces", "--video", ACTOR, *typed])
    assert answer.exit_code == 0, answer.output
    assert asked == [(ACTOR, "2", "insightface", 9, str(tmp_path))]
