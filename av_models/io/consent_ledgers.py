"""What was revoked, and what was done under which consent: two ledgers that vouch for each other.

A revocation is written into the audit log first and into the list of revocations second. So a list that lacks what
the log knows was cut, and a log that is gone while the list has entries was removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..domain.consent import Purpose
from ..domain.errors import ConsentError, UnderstudyError
from .consent_keys import local_issuers, own_key
from .ledger import Entry, Ledger

__all__ = [
    "Output",
    "audit_entries",
    "consents_behind",
    "log_event",
    "outputs_under",
    "record_output",
    "refusals_logged",
    "revocations",
    "write_revocation",
]


@dataclass(frozen=True, slots=True)
class Output:
    """Something that was made under consent.

    what: 'master', 'model', 'speech' or 'patches'.  place: path as it was written.
    """

    what: str
    digest: str
    place: str
    at: str


def revocations(media_dir: Path) -> dict[str, str]:
    """Reason and day of every revocation by record id.

    Raises ConsentError('revocation-list') or ConsentError('audit-log') when either ledger was changed.
    """
    listed = _revocation_list(media_dir).entries()
    logged = audit_entries(media_dir)
    revoked = {entry.facts["consent_id"]: f"{entry.facts['reason']} ({entry.at[:10]})" for entry in listed}
    lost = {entry.facts["consent_id"] for entry in logged if entry.event == "revoked"} - revoked.keys()
    if lost:
        raise ConsentError(
            "revocation-list",
            min(lost),
            "the audit log knows of its revocation, and the list of revocations does not",
            f"Put {_revocation_list(media_dir).path} back from a backup, or repeat `flow consent revoke {min(lost)}`.",
        )
    if listed and not logged:
        raise ConsentError(
            "audit-log",
            "audit.jsonl",
            "there are revocations, but the audit log that recorded them is gone",
            f"Put {_audit_log(media_dir).path} back from a backup.",
        )
    return revoked


def write_revocation(media_dir: Path, consent_id: str, reason: str) -> None:
    """Revoke at once, signed with the installation's own key."""
    key = own_key(media_dir)
    facts = {"consent_id": consent_id, "reason": reason}
    _audit_log(media_dir).append(key, "revoked", facts)
    _revocation_list(media_dir).append(key, "revoked", facts)


def log_event(media_dir: Path, event: str, facts: Mapping[str, object]) -> None:
    """Add an event to the audit log."""
    key = own_key(media_dir)
    _audit_log(media_dir).append(key, event, facts)


@contextmanager
def refusals_logged(media_dir: Path, purpose: Purpose) -> Iterator[None]:
    """Note every refusal of the block in the audit log, and let it pass on."""
    try:
        yield
    except ConsentError as error:
        with suppress(UnderstudyError):  # the refusal itself is what the user must hear
            log_event(media_dir, "refused", {"rule": error.rule, "subject": error.subject, "purpose": asdict(purpose)})
        raise


def record_output(media_dir: Path, consent_ids: Iterable[str], what: str, digest: str, place: str) -> None:
    """Note that something was made under these records, so that a revocation can name it."""
    facts = {"consent_ids": list(consent_ids), "what": what, "digest": digest, "place": place}
    log_event(media_dir, "output", facts)


def outputs_under(media_dir: Path, consent_id: str) -> tuple[Output, ...]:
    """Everything that was made under a record, oldest first, each place and digest once."""
    made = [
        Output(entry.facts["what"], entry.facts["digest"], entry.facts["place"], entry.at)
        for entry in audit_entries(media_dir)
        if entry.event == "output" and consent_id in entry.facts["consent_ids"]
    ]
    return tuple({(output.place, output.digest): output for output in made}.values())


def consents_behind(media_dir: Path, what: str, digests: Collection[str]) -> tuple[str, ...]:
    """Ids of all records under which one of these files was made here."""
    found = [
        consent_id
        for entry in audit_entries(media_dir)
        if entry.event == "output" and entry.facts["what"] == what and entry.facts["digest"] in digests
        for consent_id in entry.facts["consent_ids"]
    ]
    return tuple(dict.fromkeys(found))


def audit_entries(media_dir: Path) -> tuple[Entry, ...]:
    """The audit log, verified, oldest first."""
    return _audit_log(media_dir).entries()


def _audit_log(media_dir: Path) -> Ledger:
    return _ledger(media_dir, "audit", "audit-log")


def _revocation_list(media_dir: Path) -> Ledger:
    return _ledger(media_dir, "revocations", "revocation-list")


def _ledger(media_dir: Path, name: str, rule: str) -> Ledger:
    path, head = media_dir / "consent" / f"{name}.jsonl", media_dir / "keys" / f"{name}.head.json"
    return Ledger(path, head, rule, local_issuers(media_dir))
