"""Consent records as files: one JSON document each, signed, and refused if a single byte of it was changed.

    {"issuer": {"key": HEX, "name": TEXT}, "record": {…}, "signature": HEX}

The signature covers the canonical JSON of issuer and record. A file must also be byte for byte what `record_bytes`
writes: a record has one spelling only, so that not even a space can be changed unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.consent import ConsentRecord, NamedDigest, Right, SubjectKind, Use, VoiceReference
from ..domain.errors import ConsentError
from .consent_keys import is_signed, public_hex, sign
from .disk import disk_errors

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "SignedRecord",
    "canonical_json",
    "check_evidence",
    "evidence_path",
    "file_digest",
    "parse_record",
    "read_record",
    "record_bytes",
    "record_seal",
    "sign_record",
    "verify_issuer",
    "verify_record",
    "verify_signature",
    "voice_recording_path",
]

FORMAT = "understudy-consent-1"
_TEXTS = ("id", "subject", "valid_from", "valid_until", "licence", "issued_on", "salt")
_OPTIONAL = "voice_recording"
"""A field that a record without it does not spell, so that records from before it keep their signatures."""
_RESTORE = "Put the original file back, or record the consent again with `flow consent new`."


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """A record with its issuer's name, public key and signature (hex)."""

    record: ConsentRecord
    issuer: str
    key: str
    signature: str


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: the one spelling that is signed. Values hold no floats, so RFC 8785 agrees."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign_record(record: ConsentRecord, key: Ed25519PrivateKey, issuer: str) -> SignedRecord:
    public = public_hex(key)
    return SignedRecord(record, issuer, public, sign(key, FORMAT, _signed_part(record, issuer, public)))


def record_bytes(signed: SignedRecord) -> bytes:
    """The file's content."""
    document = {
        "issuer": {"key": signed.key, "name": signed.issuer},
        "record": _to_json(signed.record),
        "signature": signed.signature,
    }
    return (json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def read_record(path: Path, issuers: Mapping[str, str]) -> ConsentRecord:
    """A record from its file, verified. issuers: trusted names by public key.

    Raises ConsentError: missing, tampered, malformed, minor, issuer, evidence.
    """
    signed = parse_record(path)
    verify_record(signed, issuers)
    check_evidence(path, signed.record)
    return signed.record


def parse_record(path: Path) -> SignedRecord:
    """Read a file without trusting its signature yet. Raises missing, tampered, malformed, minor."""
    if not path.is_file():
        raise ConsentError(
            "missing", path.stem, f"there is no record {path}", "See `flow consent list` for those that exist."
        )
    with disk_errors(path):
        data = path.read_bytes()
    signed = _parse(data, path.stem)
    if record_bytes(signed) != data:
        raise _tampered(path.stem, "the file is not spelled as it was written")
    if signed.record.id != path.stem:
        raise ConsentError(
            "malformed",
            path.stem,
            f"the file holds the record '{signed.record.id}'",
            f"Rename it to {signed.record.id}.json.",
        )
    return signed


def verify_record(signed: SignedRecord, issuers: Mapping[str, str]) -> None:
    """Raise ConsentError('tampered') for a wrong signature, then ConsentError('issuer') for a key nobody trusts."""
    verify_signature(signed)
    verify_issuer(signed, issuers)


def verify_signature(signed: SignedRecord) -> None:
    if not is_signed(signed.key, signed.signature, FORMAT, _signed_part(signed.record, signed.issuer, signed.key)):
        raise _tampered(signed.record.id, "its signature does not match its content")


def verify_issuer(signed: SignedRecord, issuers: Mapping[str, str]) -> None:
    if issuers.get(signed.key) != signed.issuer:
        raise ConsentError(
            "issuer",
            signed.record.id,
            f"it was issued by '{signed.issuer}', whose key {signed.key[:12]}… is not trusted here",
            "If you know this issuer, put its public key under media/keys/issuers/ as "
            f"{signed.issuer}.pem; otherwise ask the subject for a new consent.",
        )


def evidence_path(path: Path, record: ConsentRecord) -> Path:
    """Where the evidence of the record at `path` is kept."""
    return path.parent / "evidence" / f"{record.id}{Path(record.evidence.name).suffix}"


def voice_recording_path(path: Path, record: ConsentRecord) -> Path | None:
    """Where the voice recording of the record at `path` is kept; None for a record without one."""
    if record.voice_recording is None:
        return None
    return path.parent / "evidence" / f"{record.id}.voice{Path(record.voice_recording.name).suffix}"


def check_evidence(path: Path, record: ConsentRecord) -> bool:
    """Whether the evidence lies beside the record; ConsentError('evidence') when it, or the voice recording, does and
    differs."""
    kept = evidence_path(path, record)
    _check_kept(kept, record.evidence.digest, record.id)
    voice = voice_recording_path(path, record)
    if voice and record.voice_recording:
        _check_kept(voice, record.voice_recording.digest, record.id)
    return kept.is_file()


def _check_kept(kept: Path, digest: str, record_id: str) -> None:
    if kept.is_file() and file_digest(kept) != digest:
        raise ConsentError(
            "evidence", record_id, f"{kept.name} is not the file that was signed for", "Put the original evidence back."
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hex, read in blocks."""
    with disk_errors(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_seal(record: ConsentRecord) -> str:
    """SHA-256 over salt and record, hex: says nothing to those who do not hold the record."""
    return hashlib.sha256(bytes.fromhex(record.salt) + canonical_json(_to_json(record))).hexdigest()


def _signed_part(record: ConsentRecord, issuer: str, key: str) -> bytes:
    return canonical_json({"issuer": {"key": key, "name": issuer}, "record": _to_json(record)})


def _to_json(record: ConsentRecord) -> dict[str, Any]:
    found = {"format": FORMAT} | asdict(record)
    if record.voice_recording is None:
        del found[_OPTIONAL]
    return found


def _parse(data: bytes, name: str) -> SignedRecord:
    try:
        document = json.loads(data.decode("utf-8"))
        issuer, fields_ = document["issuer"], document["record"]
        parts = issuer["name"], issuer["key"], document["signature"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _tampered(name, "the file is not a consent record any more") from error
    if not isinstance(fields_, dict) or not all(isinstance(part, str) for part in parts):
        raise _tampered(name, "the file is not a consent record any more")
    return SignedRecord(_from_json(fields_, name), *parts)


def _from_json(found: dict[str, Any], name: str) -> ConsentRecord:
    wanted = {
        "format",
        *(field.name for field in fields(ConsentRecord) if field.name != _OPTIONAL or _OPTIONAL in found),
    }
    if found.keys() != wanted or found["format"] != FORMAT:
        raise _malformed(
            name, f"fields {', '.join(sorted(wanted ^ found.keys())) or 'format'} are not those of {FORMAT}"
        )
    _refuse_minor(found["kind"], name)
    try:
        return _typed(found)
    except (ValueError, TypeError, KeyError) as error:
        raise _malformed(name, str(error)) from error


def _typed(found: dict[str, Any]) -> ConsentRecord:
    texts = {
        key: _text(found[key]) for key in ("id", "subject", "valid_from", "valid_until", "licence", "issued_on", "salt")
    }
    for day in ("valid_from", "valid_until", "issued_on"):
        date.fromisoformat(texts[day])
    if not isinstance(found["adult_confirmed"], bool):
        raise TypeError("adult_confirmed is neither true nor false")
    return ConsentRecord(
        **texts,
        kind=SubjectKind(found["kind"]),
        adult_confirmed=found["adult_confirmed"],
        rights=tuple(Right(one) for one in found["rights"]),
        uses=tuple(Use(one) for one in found["uses"]),
        territories=tuple(_text(one) for one in found["territories"]),
        languages=tuple(_text(one) for one in found["languages"]),
        evidence=_named(found["evidence"]),
        media=tuple(_named(one) for one in found["media"]),
        voice_recording=_voice(found[_OPTIONAL]) if _OPTIONAL in found else None,
    )


def _voice(found: dict[str, Any]) -> VoiceReference:
    if found.keys() != {field.name for field in fields(VoiceReference)}:
        raise ValueError("its voice recording lacks a field, or has one too many")
    named = _named(found)
    voiceprint = _text(found["voiceprint"])
    bytes.fromhex(voiceprint)
    return VoiceReference(named.name, named.digest, _text(found["encoder"]), voiceprint)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a text")
    return value


def _named(found: dict[str, Any]) -> NamedDigest:
    digest = _text(found["digest"])
    if len(bytes.fromhex(digest)) != 32:
        raise ValueError(f"{digest!r} is not a SHA-256")
    return NamedDigest(_text(found["name"]), digest)


def _refuse_minor(kind: object, name: str) -> None:
    if kind == "minor":
        raise ConsentError("minor", name, "the subject is a minor", "Minors are always refused; there is no switch.")


def _tampered(name: str, problem: str) -> ConsentError:
    return ConsentError("tampered", name, problem, _RESTORE)


def _malformed(name: str, problem: str) -> ConsentError:
    return ConsentError("malformed", name, problem, _RESTORE)
