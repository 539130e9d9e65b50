"""An append-only list of signed events: the audit log and the list of revocations.

One JSON document a line, each with the SHA-256 of the line before and an Ed25519 signature. The length and the last
hash are signed into a head file in another folder, so that cutting lines off the end shows as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.errors import ConsentError
from .consent_keys import is_signed, public_hex, sign
from .consent_records import canonical_json
from .disk import disk_errors, new_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Entry", "Ledger"]

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """at: UTC, ISO 8601. facts: the event's own JSON."""

    at: str
    event: str
    facts: Mapping[str, Any]


class Ledger:
    """A ledger at `path` whose head is kept at `head_path`.

    rule: of the ConsentError that any damage raises.  issuers: names of the keys that may write it, by public key.
    """

    def __init__(self, path: Path, head_path: Path, rule: str, issuers: Mapping[str, str]) -> None:
        self.path = path
        self.head_path = head_path
        self.rule = rule
        self.issuers = issuers

    def entries(self) -> tuple[Entry, ...]:
        """Every event, oldest first, after the whole chain was verified."""
        return tuple(_entry(line) for line in self._verified()[0])

    def append(self, key: Ed25519PrivateKey, event: str, facts: Mapping[str, Any]) -> Entry:
        """Verify the chain and add one event. Safe against other processes; a failure leaves nothing behind."""
        with self._locked():
            lines, hashes, n_bytes = self._verified()
            body = {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "event": event,
                "facts": dict(facts),
                "key": public_hex(key),
                "n": len(lines),
                "previous": hashes[-1] if hashes else _FIRST,
            }
            line = canonical_json(body | {"signature": sign(key, self.rule, canonical_json(body))}) + b"\n"
            if not lines and not self.head_path.exists():
                self._write_head(key, 0, _FIRST)  # so that a list without a head is always a damaged one
            self._write(line, n_bytes)
            self._write_head(key, len(lines) + 1, _hash(line))
        return _entry(body)

    def _verified(self) -> tuple[list[dict[str, Any]], list[str], int]:
        """Lines, their hashes, and how many bytes of the file they fill."""
        with disk_errors(self.path):
            data = self.path.read_bytes() if self.path.exists() else b""
        n_head, head = self._head()
        raw = data.splitlines(keepends=True)
        if raw and not raw[-1].endswith(b"\n") and len(raw) > n_head:
            raw.pop()  # a write that was cut off before anybody relied on it: the head does not know the line
        lines: list[dict[str, Any]] = []
        hashes: list[str] = []
        for line in raw:
            lines.append(self._verified_line(line, len(lines), hashes[-1] if hashes else _FIRST))
            hashes.append(_hash(line))
        if len(lines) < n_head or (n_head and hashes[n_head - 1] != head):
            raise self._damaged(f"it has {len(lines)} entries, and its head says {n_head} or other ones")
        if lines and not self.head_path.exists():
            raise self._damaged("its head is gone")
        return lines, hashes, sum(map(len, raw))

    def _verified_line(self, line: bytes, n: int, previous: str) -> dict[str, Any]:
        try:
            body = json.loads(line)
            signature = body.pop("signature")
            key = body["key"]
            chained = (body["n"], body["previous"]) == (n, previous)
            spelled = canonical_json(body | {"signature": signature}) + b"\n" == line
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(f"line {n + 1} is not an entry") from error
        if not chained or not spelled:
            raise self._damaged(f"line {n + 1} does not follow from the line before")
        if key not in self.issuers or not is_signed(key, signature, self.rule, canonical_json(body)):
            raise self._damaged(f"line {n + 1} is not signed by a key of this installation")
        return dict(body)

    def _head(self) -> tuple[int, str]:
        if not self.head_path.exists():
            return 0, _FIRST
        try:
            with disk_errors(self.head_path):
                body = json.loads(self.head_path.read_bytes())
            signature = body.pop("signature")
            key, count, head = body["key"], body["count"], body["head"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged("its head cannot be read") from error
        if key not in self.issuers or not is_signed(key, signature, f"{self.rule}-head", canonical_json(body)):
            raise self._damaged("its head is not signed by a key of this installation")
        return int(count), str(head)

    def _write(self, line: bytes, n_bytes: int) -> None:
        """Add `line` after the first `n_bytes`; on failure the file is as before."""
        with disk_errors(self.path), self.path.open("ab") as stream:
            stream.truncate(n_bytes)
            try:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:
                with suppress(OSError):
                    stream.truncate(n_bytes)
                raise

    def _write_head(self, key: Ed25519PrivateKey, count: int, head: str) -> None:
        body = {"count": count, "head": head, "key": public_hex(key)}
        signature = sign(key, f"{self.rule}-head", canonical_json(body))
        with new_file(self.head_path) as part:
            part.write_bytes(canonical_json(body | {"signature": signature}) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = (self.path.parent / f".{self.path.name}.lock").open("a")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _damaged(self, problem: str) -> ConsentError:
        return ConsentError(
            self.rule,
            self.path.name,
            f"{problem}, so it was changed by other means than Understudy",
            f"Nothing is made until it is whole again: put {self.path} and {self.head_path} back from a backup.",
        )


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _entry(body: Mapping[str, Any]) -> Entry:
    return Entry(body["at"], body["event"], body["facts"])
