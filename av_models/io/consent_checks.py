"""Every rule looked at for one record, for people who want to see them all and not only the first that fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from ..domain.consent import ConsentRecord, Finding
from ..domain.consent_rules import standing
from ..domain.errors import ConsentError
from .consent_keys import trusted_issuers
from .consent_ledgers import audit_entries, revocations
from .consent_records import (
    SignedRecord,
    check_evidence,
    evidence_path,
    parse_record,
    verify_issuer,
    verify_signature,
    voice_recording_path,
)

__all__ = ["check_ledgers", "examine_record"]


def examine_record(
    configs_dir: Path, media_dir: Path, path: Path, today: date
) -> tuple[ConsentRecord | None, tuple[Finding, ...]]:
    """The record at `path`, if it can be read at all, and a finding for every rule that could be checked."""
    try:
        signed = parse_record(path)
    except ConsentError as error:
        return None, (_unmet(error),)
    record, issuers = signed.record, trusted_issuers(configs_dir, media_dir)
    revoked, ledgers = check_ledgers(media_dir)
    findings = (
        _finding("tampered", lambda: verify_signature(signed), "byte for byte as it was signed"),
        _finding("issuer", lambda: verify_issuer(signed, issuers), f"issued by {signed.issuer}"),
        _finding("evidence", lambda: check_evidence(path, record), _evidence_detail(path, signed)),
        *standing(record, today, revoked),
        *ledgers,
    )
    return record, findings


def check_ledgers(media_dir: Path) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Revocations (none if they cannot be believed) and the findings about both ledgers."""
    revoked: dict[str, str] = {}
    listed = _finding("revocation-list", lambda: revoked.update(revocations(media_dir)), "whole, nothing removed")
    logged = _finding("audit-log", lambda: audit_entries(media_dir), "whole, nothing removed")
    return revoked, (listed, logged) if listed.rule != logged.rule else (logged,)


def _finding(rule: str, check: Callable[[], object], detail: str) -> Finding:
    try:
        check()
    except ConsentError as error:
        return _unmet(error)
    return Finding(rule, True, detail)


def _unmet(error: ConsentError) -> Finding:
    return Finding(error.rule, False, error.problem, error.remedy)


def _evidence_detail(path: Path, signed: SignedRecord) -> str:
    digest = signed.record.evidence.digest[:12]
    kept = evidence_path(path, signed.record)
    found = f"{kept.name} is the file that was signed for" if kept.is_file() else f"not kept here (SHA-256 {digest}…)"
    voice = voice_recording_path(path, signed.record)
    if voice is None:
        return found
    return f"{found}; voice recording {voice.name} {'too' if voice.is_file() else 'is not kept here'}"
