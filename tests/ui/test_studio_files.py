"""The files for more than one machine agree with the code and with each other; no container is started here."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
PREFECT = yaml.safe_load((ROOT / "configs" / "prefect.yaml").read_text())


def test_deployments_name_real_flows_and_pools_that_compose_makes() -> None:
    made = re.findall(r"work-pool create (\w+)", " ".join(COMPOSE["services"]["deploy"]["command"]))
    for deployment in PREFECT["deployments"]:
        file, _, name = deployment["entrypoint"].partition(":")
        assert (ROOT / file).is_file()
        flow = getattr(import_module(file.removesuffix(".py").replace("/", ".")), name)
        assert flow.name == deployment["name"].removesuffix("-gpu")
        assert deployment["work_pool"]["name"] in made


def test_images_have_their_targets_and_sources() -> None:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    targets = set(re.findall(r"^FROM \S+ AS (\w+)", text, re.MULTILINE))
    for service in COMPOSE["services"].values():
        if "build" in service:
            assert service["build"]["target"] in targets
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split())


def test_the_pages_are_where_the_workers_say() -> None:
    pages, worker = COMPOSE["services"]["pages"], COMPOSE["services"]["worker"]
    module, _, name = pages["command"][2].partition(":")
    assert callable(getattr(import_module(module), name))
    port = pages["command"][-1]
    assert worker["environment"]["UNDERSTUDY_MEDIA_URL"].endswith(f":{port}")
    assert pages["ports"] == [f"127.0.0.1:{port}:{port}"]
