"""The consent folders: which records there are, and how one is found.

CONFIGS/consent/ID.json, evidence/ID.*, issuers/NAME.pem   records that come with the product: fictional people
MEDIA/consent/ID.json, evidence/ID.*                       the user's own
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.consent import ConsentRecord
from ..domain.errors import ConsentError, InputError
from .consent_keys import trusted_issuers
from .consent_records import parse_record, read_record

__all__ = ["ShelvedRecord", "all_records", "disbelieved", "find_record", "record_path"]


@dataclass(frozen=True, slots=True)
class ShelvedRecord:
    """A file in a consent folder: the record, or why it cannot be believed."""

    path: Path
    record: ConsentRecord | None
    error: ConsentError | None


def record_path(configs_dir: Path, media_dir: Path, consent_id: str) -> Path:
    """The file of a record, the user's own or one that comes with the product; ConsentError('missing'|'ambiguous')."""
    if not re.fullmatch(r"[\w-]+", consent_id):
        raise InputError(f"'{consent_id}' cannot name a consent record.", "See `flow consent list`.")
    found = [path for folder in _folders(configs_dir, media_dir) if (path := folder / f"{consent_id}.json").is_file()]
    if not found:
        known = ", ".join(path.stem for path in _files(configs_dir, media_dir)) or "none"
        raise ConsentError(
            "missing", consent_id, f"there is no such record (known: {known})", "Make it with `flow consent new`."
        )
    if len(found) > 1:
        raise ConsentError(
            "ambiguous", consent_id, f"{found[0]} and {found[1]} have the same id", "Move your own one away."
        )
    return found[0]


def find_record(configs_dir: Path, media_dir: Path, consent_id: str) -> ConsentRecord:
    """The record with this id, verified. Raises ConsentError as `record_path` and `read_record` do."""
    return read_record(record_path(configs_dir, media_dir, consent_id), trusted_issuers(configs_dir, media_dir))


def all_records(configs_dir: Path, media_dir: Path) -> tuple[ShelvedRecord, ...]:
    """Every file in both consent folders, believed or not."""
    issuers = trusted_issuers(configs_dir, media_dir)
    shelf: list[ShelvedRecord] = []
    for path in _files(configs_dir, media_dir):
        try:
            shelf.append(ShelvedRecord(path, read_record(path, issuers), None))
        except ConsentError as error:
            shelf.append(ShelvedRecord(path, None, error))
    return tuple(shelf)


def disbelieved(shelf: Sequence[ShelvedRecord]) -> Iterator[ConsentRecord]:
    """What records say that give no leave, because they or their evidence were altered or their issuer is unknown."""
    for one in shelf:
        if one.error is not None:
            try:
                yield parse_record(one.path).record
            except ConsentError:
                continue  # nobody can tell what it was about


def _folders(configs_dir: Path, media_dir: Path) -> tuple[Path, Path]:
    return configs_dir / "consent", media_dir / "consent"


def _files(configs_dir: Path, media_dir: Path) -> list[Path]:
    return [path for folder in _folders(configs_dir, media_dir) for path in sorted(folder.glob("*.json"))]
