"""A studio of its own: configuration, media, consented clips, and `flow run produce` as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records import Desk

__all__ = ["EARLIER", "Outcome", "Studio", "contents", "earlier_results"]

FLOW = Path(sys.executable).with_name("flow")
SMALL = ("training.size_px=64", "training.batch=1")
SHORT = ("training.max_steps=1",)
EARLIER = {"master.mp4": b"an earlier master", "speech/001.wav": b"an earlier line", "notes.txt": b"my own notes"}


@dataclass(frozen=True)
class Outcome:
    """What a user is left with: exit code, both streams."""

    code: int
    stdout: str
    stderr: str

    def refused(self, code: int, *words: str) -> None:
        """One clear message with these words and something to do, and nothing that only a programmer reads."""
        shown = f"exit {self.code}\n{self.stdout}\n{self.stderr}"
        assert self.code == code, shown
        assert "Traceback" not in shown, shown
        assert self.stdout == "", shown
        message, _, remedy = self.stderr.rpartition("Error: ")[2].strip().partition("\n")
        assert self.stderr.count("Error: ") == 1, shown
        assert message.endswith("."), shown
        assert remedy.strip(), shown
        assert remedy.rstrip().endswith((".", "`")), shown
        assert "\n" not in remedy, shown
        for word in words:
            assert word in f"{message} {remedy}", shown


@dataclass
class Studio:
    """desk: issues consent.  source, actor: short clips with records.  api: the Prefect server that all runs share."""

    desk: Desk
    source: Path
    actor: Path
    api: str

    @property
    def media(self) -> Path:
        return self.desk.media_dir

    def options(self, out: Path, **given: Any) -> list[str]:
        """The command's arguments: a short script, the short clips and a quick training unless `given`."""
        asked = {"script": "Hello there.", "source": self.source, "actor": self.actor, "out": out} | given
        settings = (*SMALL, *asked.pop("settings", SHORT))
        switches = ["--json"] if asked.pop("json", False) else []
        words = [part for name, value in asked.items() if value is not None for part in (f"--{name}", str(value))]
        return ["run", "produce", *switches, *words, *(part for one in settings for part in ("--set", one))]

    def produce(self, out: Path, **given: Any) -> Outcome:
        """`flow run produce` in this process, which saves the seconds of its imports."""
        from typer.testing import CliRunner

        from flows.cli import app

        result = CliRunner().invoke(app, self.options(out, **given))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def refuses(self, out: Path, code: int, *words: str, **given: Any) -> Outcome:
        """The command says no, and the earlier results in `out` stay as they are."""
        earlier_results(out)
        before = contents(out.parent)
        made = self.produce(out, **given)
        made.refused(code, *words)
        assert contents(out.parent) == before
        return made

    def start(
        self, out: Path, *, api: str | None = None, temporary: Path | None = None, **given: Any
    ) -> subprocess.Popen[str]:
        """`flow run produce` as a program of its own. api: '' for one that brings its own server."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {
            "UNDERSTUDY_MEDIA": str(self.media),
            "UNDERSTUDY_CONFIGS": str(self.desk.configs_dir),
            "PREFECT_API_URL": self.api if api is None else api,
            "TMPDIR": str(temporary or tempfile.gettempdir()),
        }
        return subprocess.Popen(
            [FLOW, *self.options(out, **given)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def earlier_results(out: Path) -> None:
    for name, data in EARLIER.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)


def contents(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, hidden files too; folders as empty bytes under a name with a slash."""
    return dict(_entries(folder))


def _entries(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        yield (f"{name}/", b"") if path.is_dir() else (name, path.read_bytes())
