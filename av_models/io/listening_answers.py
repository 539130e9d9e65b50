"""What listeners answered, in a SQLite file beside the test: an answer that was confirmed is on the disk.

Every call opens the file for itself, so that threads and processes need not know of each other. A question is answered
once: what comes a second time, after a lost connection, changes nothing. Nothing is kept about a listener but a random
name.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from av_models.domain.listening import ListeningTest, Part, Trial, plan_of

from .disk import disk_errors

__all__ = ["Answer", "Answers", "Listener"]

_NAME = "answers.sqlite"
_WAIT_S = 30
_TABLES = """
CREATE TABLE IF NOT EXISTS listeners (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, seed TEXT NOT NULL, plan TEXT NOT NULL,
    started_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
    listener TEXT NOT NULL REFERENCES listeners (id), trial INTEGER NOT NULL, answer TEXT NOT NULL,
    plays TEXT NOT NULL, took_ms INTEGER NOT NULL, answered_at TEXT NOT NULL, PRIMARY KEY (listener, trial)
);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """plays: how often each clip was heard to its end.  took_ms: from the clip's first request to the answer."""

    answer: str
    plays: tuple[int, ...]
    took_ms: int
    answered_at: str


@dataclass(frozen=True, slots=True)
class Listener:
    """number: from 0, in the order of arrival.  plan: all trials.  answers: to the first of them, in order."""

    id: str
    number: int
    plan: tuple[Trial, ...]
    answers: tuple[Answer, ...]

    @property
    def done(self) -> bool:
        return len(self.answers) == len(self.plan)

    @property
    def trial(self) -> Trial:
        """The one that waits for its answer."""
        return self.plan[len(self.answers)]

    @property
    def answered(self) -> Iterator[tuple[Trial, Answer]]:
        return zip(self.plan, self.answers, strict=False)


class Answers:
    """The answers to the test in `folder`; the file is made at the first listener."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / _NAME

    def admit(self, test: ListeningTest) -> Listener:
        """A new listener, with a random name, the next number and a plan that is kept as it is now."""
        name = secrets.token_urlsafe(16)
        with self._open() as base:
            base.execute("BEGIN IMMEDIATE")  # two who come at once must not get one number
            number = int(base.execute("SELECT COALESCE(MAX(number), -1) + 1 FROM listeners").fetchone()[0])
            plan = plan_of(test, number)
            written = json.dumps([[trial.item, trial.part, *trial.shown] for trial in plan])
            seed = f"{test.seed}/{number}"
            base.execute("INSERT INTO listeners VALUES (?, ?, ?, ?, ?)", (name, number, seed, written, _now()))
            base.execute("COMMIT")
        return Listener(name, number, plan, ())

    def listener(self, name: str) -> Listener | None:
        """None for a name that nobody was given."""
        found = self._read("WHERE id = ?", (name,))
        return found[0] if found else None

    def everybody(self) -> list[Listener]:
        """By number."""
        return self._read("", ())

    def keep(self, listener: Listener, trial: int, answer: str, plays: Sequence[int], took_ms: int) -> None:
        """The answer to that trial; on the disk when this returns. An earlier answer to it stands."""
        row = (listener.id, trial, answer, json.dumps(list(plays)), took_ms, _now())
        with self._open() as base:
            base.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)

    def _read(self, where: str, values: Sequence[str]) -> list[Listener]:
        if not self.path.is_file():
            return []
        with self._open() as base:
            base.execute("BEGIN")  # both tables as of one moment
            people = base.execute(f"SELECT id, number, plan FROM listeners {where} ORDER BY number", values).fetchall()
            return [Listener(name, number, _plan(plan), _answers(base, name)) for name, number, plan in people]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with disk_errors(self.path):
            base = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
        with closing(base):
            base.execute("PRAGMA synchronous = FULL")  # with a rollback journal: on the disk before it is confirmed
            base.executescript(_TABLES)
            yield base


def _plan(written: str) -> tuple[Trial, ...]:
    return tuple(Trial(item, Part(part), tuple(shown)) for item, part, *shown in json.loads(written))


def _answers(base: sqlite3.Connection, name: str) -> tuple[Answer, ...]:
    query = "SELECT answer, plays, took_ms, answered_at FROM answers WHERE listener = ? ORDER BY trial"
    rows = base.execute(query, (name,))
    return tuple(Answer(answer, tuple(json.loads(plays)), took_ms, at) for answer, plays, took_ms, at in rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
