"""Making a consent record: the answers are checked, files are digested, the evidence is kept beside the record."""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.consent import (
    ANY_LANGUAGE,
    WORLDWIDE,
    ConsentRecord,
    NamedDigest,
    Purpose,
    Right,
    SubjectKind,
    VoiceReference,
)
from ..domain.consent_rules import use_named
from ..domain.errors import ConsentError, InputError
from .consent import check_purpose
from .consent_records import evidence_path, file_digest, record_bytes, sign_record, voice_recording_path
from .disk import new_file
from .recordings import folder_seal, recorded_files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["ConsentDraft", "free_id", "issue_record", "kind_named", "right_named"]

_MINORS = ("minor", "child", "teenager", "underage")


@dataclass(frozen=True, slots=True)
class ConsentDraft:
    """The answers as the user gave them; `issue_record` judges them. Days are ISO 8601.

    voice_recording: the file in which the subject is heard.  measure_voice: gives its voiceprint (hex) and the encoder
    of that; called when everything else is in order, for nobody's voice is measured without leave.
    """

    id: str
    subject: str
    kind: str
    adult_confirmed: bool
    rights: Sequence[str]
    uses: Sequence[str]
    valid_from: str
    valid_until: str
    licence: str
    evidence: Path | None
    media: Sequence[Path]
    territories: Sequence[str] = (WORLDWIDE,)
    languages: Sequence[str] = (ANY_LANGUAGE,)
    voice_recording: Path | None = None
    measure_voice: Callable[[Path], tuple[str, str]] | None = None


def issue_record(draft: ConsentDraft, folder: Path, key: Ed25519PrivateKey, issuer: str, today: date) -> Path:
    """Check, sign and write FOLDER/ID.json, its evidence and its voice recording; returns the record's path.

    Raises ConsentError: minor, forbidden-use, evidence, media.  InputError for anything that cannot be read.
    """
    record, evidence = _record(draft, today), _evidence(draft)
    path = folder / f"{record.id}.json"
    if path.exists():
        raise InputError(f"There is already a record '{record.id}'.", "Choose another id with --id.")
    with new_file(evidence_path(path, record)) as part:
        shutil.copyfile(evidence, part)
    kept = voice_recording_path(path, record)
    if kept and draft.voice_recording:
        with new_file(kept) as part:
            shutil.copyfile(draft.voice_recording, part)
    with new_file(path) as part:
        part.write_bytes(record_bytes(sign_record(record, key, issuer)))
    return path


def free_id(subject: str, taken: Sequence[str]) -> str:
    """An id from the subject's name that is not among `taken`: 'Zoë Ward' -> 'zoe-ward', 'zoe-ward-2', …"""
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "consent"
    number = 1
    while (one := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return one


def kind_named(name: str) -> SubjectKind:
    """The kind of subject; a minor is always refused."""
    if name in _MINORS:
        raise ConsentError("minor", name, "the subject is a minor", "Minors are always refused; there is no switch.")
    if name not in tuple(SubjectKind):
        raise InputError(f"Unknown kind of subject '{name}'.", f"Choose one of: {', '.join(SubjectKind)}.")
    return SubjectKind(name)


def right_named(name: str) -> Right:
    if name not in tuple(Right):
        raise InputError(f"Unknown right '{name}'.", f"Choose from: {', '.join(Right)}.")
    return Right(name)


def _record(draft: ConsentDraft, today: date) -> ConsentRecord:
    kind = kind_named(draft.kind)
    _refuse_unconfirmed(draft)
    _check_words(draft)
    begin, end = _period(draft, today)
    evidence = _evidence(draft)
    rights = tuple(sorted({right_named(one) for one in draft.rights}))
    return ConsentRecord(
        id=draft.id,
        subject=_text(draft.subject, "subject"),
        kind=kind,
        adult_confirmed=True,
        rights=rights,
        uses=tuple(sorted({use_named(one) for one in draft.uses})),
        territories=tuple(sorted(set(draft.territories))),
        languages=tuple(sorted(set(draft.languages))),
        valid_from=begin.isoformat(),
        valid_until=end.isoformat(),
        evidence=NamedDigest(evidence.name, file_digest(evidence)),
        licence=_text(draft.licence, "licence"),
        media=_media(draft, rights, kind),
        issued_on=today.isoformat(),
        salt=secrets.token_hex(32),
        voice_recording=_voice_recording(draft, rights),
    )


def _refuse_unconfirmed(draft: ConsentDraft) -> None:
    if not draft.adult_confirmed:
        raise ConsentError(
            "minor",
            draft.subject or "the subject",
            "nobody confirmed that the subject is an adult",
            "Check it, then add --adult-confirmed. Minors are always refused.",
        )


def _check_words(draft: ConsentDraft) -> None:
    if not re.fullmatch(r"[\w-]{1,64}", draft.id, re.ASCII):
        raise InputError(f"'{draft.id}' cannot be an id.", "Use up to 64 letters, digits, '-' and '_'.")
    needed = {"right": draft.rights, "use": draft.uses, "territory": draft.territories, "language": draft.languages}
    for option, given in needed.items():
        if not given:
            raise InputError(f"A consent needs at least one {option}.", f"Add --{option}.")
    for territory in draft.territories:
        check_purpose(Purpose("", territory, "en"))
    for language in draft.languages:
        check_purpose(Purpose("", WORLDWIDE, language))


def _period(draft: ConsentDraft, today: date) -> tuple[date, date]:
    try:
        begin, end = date.fromisoformat(draft.valid_from), date.fromisoformat(draft.valid_until)
    except ValueError as error:
        raise InputError(f"Not a day: {error}.", "Write days as 2027-01-31.") from error
    if end < begin or end < today:
        raise InputError(
            f"The consent would end on {end}, before it begins or before today.", "Give a later --valid-until."
        )
    return begin, end


def _evidence(draft: ConsentDraft) -> Path:
    if draft.evidence and draft.evidence.is_file() and draft.evidence.stat().st_size:
        return draft.evidence
    raise ConsentError(
        "evidence",
        draft.subject,
        f"{draft.evidence} is missing or empty" if draft.evidence else "there is no evidence for it",
        "Give the signed form, the recording of the consent or the licence text with --evidence FILE.",
    )


def _voice_recording(draft: ConsentDraft, rights: tuple[Right, ...]) -> VoiceReference | None:
    path = draft.voice_recording
    if path is None:
        return None
    if Right.VOICE not in rights:
        raise InputError(
            "A voice recording is kept for the right 'voice' only.",
            "Add --right voice, or leave --voice-recording out.",
        )
    if not path.is_file():
        raise InputError(f"{path} does not exist.", "Give a file in which the subject speaks with --voice-recording.")
    if draft.measure_voice is None:
        raise ValueError("a voice recording needs somebody who measures it")
    voiceprint, encoder = draft.measure_voice(path)
    return VoiceReference(path.name, file_digest(path), encoder, voiceprint)


def _media(draft: ConsentDraft, rights: tuple[Right, ...], kind: SubjectKind) -> tuple[NamedDigest, ...]:
    for path in draft.media:
        if not path.exists():
            raise InputError(f"{path} does not exist.", "Give the footage or the voice's files with --media FILE.")
    if not draft.media and not (rights == (Right.VOICE,) and kind is SubjectKind.FICTIONAL):
        raise ConsentError(
            "media",
            draft.subject,
            "the record would cover no file",
            "Name the footage, the voice's files or a folder of recordings with --media (it may be repeated).",
        )
    named = dict(_folder(path) if path.is_dir() else (file_digest(path), path.name) for path in draft.media)
    return tuple(NamedDigest(name, digest) for digest, name in sorted(named.items(), key=lambda item: item[1]))


def _folder(path: Path) -> tuple[str, str]:
    """All recordings of a folder under one digest. One file more or less is another digest."""
    files = recorded_files(path)
    return folder_seal(file_digest(file) for file in files), f"{path.resolve().name} ({len(files)} recordings)"


def _text(value: str, field: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    if not text or len(text) > 500:
        raise InputError(f"The {field} must have 1 to 500 characters.", f"Give it with --{field}.")
    return text
