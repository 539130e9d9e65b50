"""The consent desk: gives a job leave or refuses it, and revokes records, which `consent_shelf.py` finds.

MEDIA/consent/{audit,revocations}.jsonl                    the ledgers; their heads lie under MEDIA/keys
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from ..domain.consent import WORLDWIDE, Cast, Clearance, ClearedRecord, ConsentRecord, Purpose, Right, SubjectKind
from ..domain.consent_rules import check_media, check_record, use_named
from ..domain.errors import ConsentError, InputError
from ..domain.media import Footage
from ..domain.speech import Voice
from ..domain.style import Reference
from .consent_ledgers import (
    Output,
    consents_behind,
    log_event,
    outputs_under,
    record_output,
    refusals_logged,
    revocations,
    write_revocation,
)
from .consent_records import parse_record, read_record, record_bytes, record_seal, sign_record, verify_record
from .consent_shelf import ShelvedRecord, all_records, disbelieved, find_record, record_path

__all__ = [
    "MODEL_OUTPUT",
    "VOICE_OUTPUT",
    "Part",
    "ShelvedRecord",
    "all_records",
    "clear_cast",
    "clear_faces",
    "clear_parts",
    "clear_recordings",
    "clear_voices",
    "find_record",
    "outputs_under",
    "parse_record",
    "read_record",
    "record_bytes",
    "record_output",
    "record_path",
    "record_seal",
    "revocations",
    "revoke_record",
    "sign_record",
    "verify_record",
]


VOICE_OUTPUT = "voice"
"""What the audit log calls the weights of a voice that was trained or cloned here."""
MODEL_OUTPUT = "model"
"""The same for the weights of a face."""
_MADE_HERE = {Right.VOICE: VOICE_OUTPUT, Right.FACE: MODEL_OUTPUT}


@dataclass(frozen=True, slots=True)
class Part:
    """What a job takes from one person. digests: the files that the record must cover.  seal: of all of them together,
    '' if they have none; a record that names it covers them as well.  picked: of several people who may be seen in a
    file this one alone is meant, so that another one's record must not be found for it."""

    role: str
    name: str
    right: Right
    digests: tuple[str, ...]
    consent_id: str
    seal: str = ""
    picked: bool = False


def clear_cast(
    configs_dir: Path, media_dir: Path, cast: Cast, purpose: Purpose, today: date | None = None
) -> Clearance:
    """Leave for a job: a record in force for every voice, the source's face and the actor's performance.

    The decision is written into the audit log, either way. Never cache it: a revocation must count at once.
    Raises ConsentError naming the rule; InputError when the purpose itself is nonsense.
    """
    return clear_parts(configs_dir, media_dir, _parts(cast), purpose, today)


def clear_faces(
    configs_dir: Path,
    media_dir: Path,
    source: Footage,
    actor: Footage,
    purpose: Purpose,
    source_consent: str = "",
    actor_consent: str = "",
    today: date | None = None,
) -> Clearance:
    """Leave to put the source's face on the actor's performance, where nobody's voice is needed: as `clear_cast`."""
    parts = _face_parts(source, actor, source_consent, actor_consent)
    return clear_parts(configs_dir, media_dir, parts, purpose, today)


def clear_recordings(
    configs_dir: Path,
    media_dir: Path,
    name: str,
    digests: Sequence[str],
    seal: str,
    consent_id: str,
    purpose: Purpose,
    today: date | None = None,
) -> Clearance:
    """Leave to make a voice from recordings: a record in force that covers every one of them, or their seal.

    name: of the voice or the folder, for messages.  consent_id: '' finds the record by what it covers.
    Raises as `clear_cast` does.
    """
    part = Part("voice", name, Right.VOICE, tuple(digests), consent_id, seal)
    return clear_parts(configs_dir, media_dir, (part,), purpose, today)


def clear_voices(
    configs_dir: Path,
    media_dir: Path,
    voices: Mapping[str, Voice],
    purpose: Purpose,
    today: date | None = None,
    styles: Sequence[Reference] = (),
) -> Clearance:
    """Leave to let voices speak, as `clear_cast` gives it. voices: by part, such as 'voice' and 'voice of ANNA'.

    styles: performances that guide them, which need a record of their own.
    """
    parts = [*(_voice_part(role, voice) for role, voice in voices.items()), *map(_style_part, styles)]
    return clear_parts(configs_dir, media_dir, parts, purpose, today)


def clear_parts(
    configs_dir: Path, media_dir: Path, parts: Sequence[Part], purpose: Purpose, today: date | None
) -> Clearance:
    """Leave for all parts of a job together, or the first refusal; raises as `clear_cast` does."""
    check_purpose(purpose)
    with refusals_logged(media_dir, purpose):
        use_named(purpose.use)
        revoked = revocations(media_dir)
        day = today or date.today()
        everybody = _with_those_behind(parts, media_dir)
        records = tuple(_clear(part, configs_dir, media_dir, purpose, day, revoked) for part in everybody)
    clearance = Clearance(purpose, records)
    facts = {"consent_ids": list(clearance.consent_ids), "purpose": asdict(purpose)}
    log_event(media_dir, "cleared", facts)
    return clearance


def check_purpose(purpose: Purpose) -> None:
    """Raise InputError when territory, language or day are not spelled as records spell them."""
    if purpose.territory != WORLDWIDE and not re.fullmatch(r"[A-Z]{2}", purpose.territory):
        raise InputError(
            f"'{purpose.territory}' is not a territory.",
            "Use 'worldwide', 'EU' or a two-letter country code such as DE.",
        )
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", purpose.language):
        raise InputError(f"'{purpose.language}' is not a language tag.", "Use BCP-47, such as en-US.")
    if purpose.date:
        try:
            date.fromisoformat(purpose.date)
        except ValueError as error:
            raise InputError(f"'{purpose.date}' is not a day.", "Write it as 2027-01-31.") from error


def revoke_record(configs_dir: Path, media_dir: Path, consent_id: str, reason: str) -> tuple[Output, ...]:
    """Revoke a record from now on and return what was made under it. Works for damaged records too.

    Raises InputError without a reason, ConsentError('missing') for an unknown id.
    """
    if not reason.strip():
        raise InputError("A revocation needs a reason.", 'Say why: flow consent revoke ID --reason "…".')
    record_path(configs_dir, media_dir, consent_id)
    write_revocation(media_dir, consent_id, reason.strip())
    return outputs_under(media_dir, consent_id)


def _parts(cast: Cast) -> tuple[Part, ...]:
    return (
        _voice_part("voice", cast.voice),
        *(_voice_part(f"voice of {role}", voice) for role, voice in cast.roles),
        *_face_parts(cast.source, cast.actor, cast.source_consent, cast.actor_consent),
        *map(_style_part, cast.styles),
    )


def _face_parts(source: Footage, actor: Footage, source_consent: str, actor_consent: str) -> tuple[Part, Part]:
    return (
        Part("source", source.name, Right.FACE, (source.media.digest,), source_consent, picked=True),
        Part("actor", actor.name, Right.PERFORMANCE, (actor.media.digest,), actor_consent, picked=True),
    )


def _style_part(reference: Reference) -> Part:
    """Whoever's reading guides a voice has performed for it."""
    return Part(reference.part, reference.name, Right.PERFORMANCE, (reference.media.digest,), "")


def _voice_part(role: str, voice: Voice) -> Part:
    weights = tuple(media.digest for media in voice.weights)
    return Part(role, f"the voice {voice.name}", Right.VOICE, weights, voice.consent_id)


def _with_those_behind(parts: Sequence[Part], media_dir: Path) -> Iterator[Part]:
    """A cloned voice needs leave of more than one: of whom it sounds like, and of whose voice it was made from. The
    audit log knows them, whatever stands beside the weights."""
    for part in parts:
        yield part
        if part.right is Right.VOICE and part.digests and part.consent_id:
            for consent_id in consents_behind(media_dir, VOICE_OUTPUT, part.digests):
                if consent_id != part.consent_id:
                    yield replace(part, role=f"base of {part.role}", consent_id=consent_id)


def _clear(
    part: Part, configs_dir: Path, media_dir: Path, purpose: Purpose, today: date, revoked: dict[str, str]
) -> ClearedRecord:
    refusals: list[ConsentError] = []
    for record in _records_for(part, configs_dir, media_dir):
        try:
            check_record(record, part.right, purpose, today, revoked)
            _check_covered(record, part, media_dir)
        except ConsentError as error:
            refusals.append(error)
            continue
        seal = record_seal(record)
        return ClearedRecord(part.role, record.id, record.subject, record.kind, part.right, record.licence, seal)
    raise refusals[0]


def _records_for(part: Part, configs_dir: Path, media_dir: Path) -> list[ConsentRecord]:
    """The named record, or those that cover the part's files, with the fitting right first; never none."""
    if part.consent_id:
        return [find_record(configs_dir, media_dir, part.consent_id)]
    shelf = all_records(configs_dir, media_dir)
    found = [one.record for one in shelf if one.record and _names(one.record, part)]
    if part.picked:
        _check_one_person([*found, *(one for one in disbelieved(shelf) if _names(one, part))], part)
    if found:
        return sorted(found, key=lambda record: part.right not in record.rights)
    for one in shelf:
        if one.error:  # it may be the one that is wanted: say that it is damaged rather than that there is none
            raise one.error
    raise ConsentError(
        "missing",
        part.name,
        f"no record gives the right '{part.right}' in it",
        f"With the person's consent in hand: flow consent new --right {part.right} --media {part.name} …",
    )


def _names(record: ConsentRecord, part: Part) -> bool:
    return bool({*part.digests, part.seal} & {media.digest for media in record.media})


def _check_one_person(records: Sequence[ConsentRecord], part: Part) -> None:
    """Where several people are seen in one file, the file does not tell whose leave is asked for. Records that do not
    hold today count, too: what one person has revoked must not be done under another one's."""
    giving = [record for record in records if part.right in record.rights]
    if len({record.subject for record in giving}) > 1:
        people = ", ".join(f"{record.subject} ({record.id})" for record in giving)
        raise ConsentError(
            "ambiguous",
            part.name,
            f"the right '{part.right}' in it is given by {people}, and each speaks for one person only",
            "Say whose record it is: --consent of `flow run swap` and `train-face`, or consent.source and "
            "consent.actor in the settings of a production.",
        )


def _check_covered(record: ConsentRecord, part: Part, media_dir: Path) -> None:
    """Every file by name, all together by their seal, or weights that were made here under this very record."""
    if part.digests:
        covered = {media.digest for media in record.media}
        if part.seal in covered:
            return
        lacking = [digest for digest in part.digests if digest not in covered]
        if lacking and (what := _MADE_HERE.get(part.right)):
            made = {output.digest for output in outputs_under(media_dir, record.id) if output.what == what}
            lacking = [digest for digest in lacking if digest not in made]
        check_media(record, part.name, lacking)
    elif record.kind is not SubjectKind.FICTIONAL:
        raise ConsentError(
            "media",
            record.id,
            f"{part.name} has no weights that the record of a person could cover",
            "Use a voice that was made from this person, or the record of the synthesiser.",
        )
