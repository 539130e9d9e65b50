"""`flow ui` as a whole: a real Prefect server, the deployment, a run started over HTTP, its gate, its artifacts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import Page

HERE = Path(__file__).parent
_PATIENCE_S = 150


@dataclass
class Desk:
    """Where a producer sits: the API, the pages, and the process that serves them."""

    api: httpx.Client
    home: str
    pages: str
    process: subprocess.Popen[bytes]

    def trigger(self, **production: Any) -> str:
        wanted = {"deployments": {"name": {"any_": ["produce"]}}}
        deployment = until(lambda: self.api.post("/deployments/filter", json=wanted).json())[0]["id"]
        asked = {"parameters": {"production": production}}
        answer = until(lambda: self.accepted(f"/deployments/{deployment}/create_flow_run", asked))
        answer.raise_for_status()
        return str(answer.json()["id"])

    def accepted(self, path: str, asked: dict[str, Any]) -> httpx.Response | None:
        """The answer, unless the server asks for patience: SQLite is locked now and then on a busy machine."""
        answer = self.api.post(path, json=asked)
        return None if answer.status_code == 503 else answer

    def state(self, run: str) -> dict[str, Any]:
        return dict(self.api.get(f"/flow_runs/{run}").json()["state"])

    def paused(self, run: str, key: str) -> str:
        """Wait for the gate of that key; returns what its form says."""

        def form() -> str:
            found = self.state(run)
            assert found["type"] not in ("FAILED", "CRASHED", "COMPLETED"), found
            if not (found["state_details"]["pause_key"] or "").startswith(key):
                return ""
            name = found["state_details"]["run_input_keyset"]["description"]
            answer = self.api.get(f"/flow_runs/{run}/input/{name}")
            return str(answer.json()) if answer.is_success else ""

        return until(form)

    def resume(self, run: str, **answer: Any) -> str:
        """REJECT or ACCEPT, as the server says."""
        said = until(lambda: self.accepted(f"/flow_runs/{run}/resume", {"run_input": answer}))
        said.raise_for_status()
        return str(said.json()["status"])

    def ended(self, run: str) -> dict[str, Any]:
        def final() -> dict[str, Any]:
            found = self.state(run)
            return found if found["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else {}

        return until(final)

    def artifacts(self, run: str) -> dict[str, str]:
        asked = {"artifacts": {"flow_run_id": {"any_": [run]}}}
        return {one["key"]: one["data"] for one in self.api.post("/artifacts/filter", json=asked).json()}


def until(look: Callable[[], Any]) -> Any:
    """The first answer that is not empty."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    port = free_ports()
    media = tmp_path_factory.mktemp("media")
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "UNDERSTUDY_MEDIA": str(media), "PYTHONPATH": path}
    environment = {name: value for name, value in environment.items() if not name.startswith("PREFECT_")}
    command = [sys.executable, str(HERE / "serve_toy.py"), str(port)]
    process = subprocess.Popen(command, env=environment, cwd=media)
    home = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=f"{home}/api", trust_env=False, timeout=30) as api:
            until(lambda: process.poll() is not None or answers(api))
            yield Desk(api, home, f"http://127.0.0.1:{port + 1}", process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def answers(api: httpx.Client) -> bool:
    try:
        return api.get("/health").is_success
    except httpx.HTTPError:
        return False


def free_ports() -> int:
    """The first of two neighbours that nobody uses."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.fixture(scope="module")
def finished(desk: Desk) -> str:
    """A run that was asked for a second take of line 2 and then approved, with wrong answers on the way."""
    run = desk.trigger(script="Hello.", n_lines=2)
    assert desk.paused(run, "speech-take-1") == "Listen to the lines."
    assert desk.resume(run, verdict="perhaps") == "REJECT"
    assert desk.resume(run, verdict="redo", lines="two") == "REJECT"
    assert desk.resume(run, verdict="redo", lines="9") == "ACCEPT"
    said = desk.paused(run, "speech-take-1-run-1-2")
    assert said.startswith("**That answer could not be used.** There is no line 9; the script has lines 1 to 2.")
    assert desk.resume(run, verdict="redo", lines="2") == "ACCEPT"
    desk.paused(run, "speech-take-2")
    assert desk.resume(run, verdict="approve", notes="fine") == "ACCEPT"
    assert desk.ended(run)["type"] == "COMPLETED"
    return run


def test_only_the_named_line_is_spoken_again(desk: Desk, finished: str) -> None:
    assert desk.artifacts(finished)["result"].startswith("seeds (7, 8)")


def test_the_run_links_its_page_and_the_page_links_the_run(desk: Desk, finished: str) -> None:
    link = desk.artifacts(finished)["review-page"]
    assert f"({desk.pages}/toy/report.html)" in link
    page = httpx.get(f"{desk.pages}/toy/report.html", trust_env=False)
    assert f"{desk.home}/flow-runs/flow-run/{finished}" in page.text
    assert "/toy/report.html" in httpx.get(desk.pages, trust_env=False).text
    part = httpx.get(f"{desk.pages}/toy/report.json", headers={"Range": "bytes=0-0"}, trust_env=False)
    assert (part.status_code, part.text) == (206, "{")


def test_stage_times_are_those_of_the_run(desk: Desk, finished: str) -> None:
    facts = httpx.get(f"{desk.pages}/toy/report.json", trust_env=False).json()
    assert [(stage["name"], stage["runs"], stage["cached"]) for stage in facts["stages"]] == [("speak", 4, False)]
    assert facts["run"]["flow_run_id"] == finished


def test_artifacts_show_in_the_browser(desk: Desk, finished: str, page: Page) -> None:
    asked = {"artifacts": {"flow_run_id": {"any_": [finished]}, "key": {"any_": ["spoken"]}}}
    artifact = desk.api.post("/artifacts/filter", json=asked).json()[0]["id"]
    page.open(f"{desk.home}/artifacts/artifact/{artifact}")
    assert until(lambda: page.evaluate("[...document.images].some(one => one.naturalWidth === 24)"))


def test_a_rejected_run_says_so(desk: Desk) -> None:
    run = desk.trigger(script="Hello.")
    desk.paused(run, "speech-take-1")
    desk.resume(run, verdict="reject", notes="wrong voice")
    ended = desk.ended(run)
    assert ended["type"] == "FAILED"
    assert "Rejected at the speech gate: wrong voice" in ended["message"]


def test_a_wrong_form_is_refused_before_anything_runs(desk: Desk) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        desk.trigger(script="")


def test_a_taken_port_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from av_models.domain.errors import InputError
    from flows.deploy import _refuse_taken

    with pytest.raises(InputError, match="choose another port"):
        _refuse_taken("127.0.0.1", int(desk.home.rpartition(":")[2]))


def test_interrupt_stops_everything(desk: Desk) -> None:
    """The last test of this file: afterwards nobody listens any more."""
    desk.process.send_signal(signal.SIGINT)
    assert desk.process.wait(60) == 0
    for address in (desk.home, desk.pages):
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, trust_env=False)
