"""The rules of consent: pure questions to a record, each with a short name that `ConsentError.rule` carries.

standing  minor, not-yet-valid, expired, revoked
scope     forbidden-use, use, right, territory, language, media
voice     voice-recording, voice-match                                   (asked where a voice is cloned)
record    missing, ambiguous, malformed, tampered, issuer, evidence      (asked where records are read)
ledgers   revocation-list, audit-log                                     (asked where they are read)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from .consent import (
    ANY_LANGUAGE,
    FORBIDDEN_USES,
    WORLDWIDE,
    ConsentRecord,
    Finding,
    Purpose,
    Right,
    Use,
    VoiceReference,
)
from .errors import ConsentError, InputError

__all__ = [
    "check_media",
    "check_record",
    "check_voice",
    "covers_language",
    "covers_territory",
    "refuse_unmet",
    "scope",
    "standing",
    "use_named",
    "voice_reference",
]

_EU_CODES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"


def check_record(
    record: ConsentRecord, right: Right, purpose: Purpose, today: date, revoked: Mapping[str, str]
) -> None:
    """Raise ConsentError for the first rule that forbids `purpose`. revoked: reason by record id."""
    refuse_unmet(record, (*standing(record, today, revoked, purpose.date), *scope(record, right, purpose)))


def check_media(record: ConsentRecord, name: str, digests: Iterable[str]) -> None:
    """Raise ConsentError('media') unless the record names every SHA-256 of the thing called `name`."""
    covered = {media.digest for media in record.media}
    missing = [digest for digest in digests if digest not in covered]
    if missing:
        raise ConsentError(
            "media",
            record.id,
            f"it does not cover {name} (SHA-256 {missing[0][:12]}…)",
            f"Make a record that does: flow consent new --media {name} …, or use a file that the record names.",
        )


def voice_reference(record: ConsentRecord, sample_digests: Collection[str]) -> VoiceReference:
    """The recording with which samples are compared; ConsentError('voice-recording') when none can vouch for them."""
    reference = record.voice_recording
    if reference is None:
        raise ConsentError(
            "voice-recording",
            record.id,
            "no recording of the subject's own voice belongs to it, so nobody can tell whose voice the sample is",
            "Record the consent spoken by the subject, then make a record with it: "
            "flow consent new --right voice --voice-recording FILE …",
        )
    if reference.digest in sample_digests:
        raise ConsentError(
            "voice-recording",
            record.id,
            f"the sample is its voice recording {reference.name} itself, and a sample cannot vouch for itself",
            "Give another sample, or make a record with another recording of the subject.",
        )
    return reference


def check_voice(record: ConsentRecord, sample: str, likeness: float, least: float) -> None:
    """ConsentError('voice-match') when a sample of that name is not like enough to the subject's voice recording."""
    if likeness < least:
        raise ConsentError(
            "voice-match",
            record.id,
            f"the voice in {sample} is not that of {record.subject} (likeness {likeness:.2f} to the voice recording, "
            f"at least {least:.2f} is asked for)",
            "Give a sample of the person who consented, or a clearer voice recording in a new record.",
        )


def standing(
    record: ConsentRecord, today: date, revoked: Mapping[str, str], publication: str = ""
) -> tuple[Finding, ...]:
    """Is the record in force, whatever it is asked for?"""
    return (_minor(record), *_dates(record, today, publication), _revoked(record, revoked))


def scope(record: ConsentRecord, right: Right, purpose: Purpose) -> tuple[Finding, ...]:
    """Does the record reach as far as `right` and `purpose`?"""
    return (_use(record, purpose.use), _right(record, right), _territory(record, purpose), _language(record, purpose))


def refuse_unmet(record: ConsentRecord, findings: Iterable[Finding]) -> None:
    """Raise ConsentError for the first finding that is not met."""
    for finding in findings:
        if not finding.met:
            raise ConsentError(finding.rule, record.id, finding.detail, finding.remedy)


def use_named(name: str) -> Use:
    """The use called `name`; InputError that lists the known ones, ConsentError for a use that is always refused."""
    if name in FORBIDDEN_USES:
        raise ConsentError(
            "forbidden-use", name, "no consent can permit this use", "Understudy is not for it; there is no switch."
        )
    if name not in tuple(Use):
        raise InputError(f"Unknown use '{name}'.", f"Choose one of: {', '.join(Use)}.")
    return Use(name)


def covers_territory(granted: Collection[str], wanted: str) -> bool:
    """'EU' covers its members, 'worldwide' everything; nothing else covers 'worldwide'."""
    return WORLDWIDE in granted or wanted in granted or ("EU" in granted and wanted in _EU_CODES.split())


def covers_language(granted: Collection[str], wanted: str) -> bool:
    """Basic filtering of RFC 4647: 'en' covers 'en-US', 'en-US' does not cover 'en'."""
    tag = wanted.lower()
    return any(one == ANY_LANGUAGE or tag == one.lower() or tag.startswith(f"{one.lower()}-") for one in granted)


def _minor(record: ConsentRecord) -> Finding:
    if record.adult_confirmed:
        return Finding("minor", True, "the subject is confirmed to be an adult")
    return Finding(
        "minor",
        False,
        "the subject is not confirmed to be an adult",
        "Minors are always refused. If the subject is an adult, make a new record with --adult-confirmed.",
    )


def _dates(record: ConsentRecord, today: date, publication: str) -> tuple[Finding, Finding]:
    days = [today, *([date.fromisoformat(publication)] if publication else [])]
    begun = min(days) >= date.fromisoformat(record.valid_from)
    ended = max(days) > date.fromisoformat(record.valid_until)
    renew = "Ask the subject for a new consent and record it with `flow consent new`."
    return (
        Finding("not-yet-valid", begun, f"valid from {record.valid_from}", "" if begun else "Wait until that day."),
        Finding("expired", not ended, f"valid until {record.valid_until}", renew if ended else ""),
    )


def _revoked(record: ConsentRecord, revoked: Mapping[str, str]) -> Finding:
    if record.id not in revoked:
        return Finding("revoked", True, "not revoked")
    return Finding(
        "revoked", False, f"revoked: {revoked[record.id]}", "A revocation is final; ask the subject for a new consent."
    )


def _use(record: ConsentRecord, wanted: str) -> Finding:
    use = use_named(wanted)
    met = use in record.uses
    remedy = "" if met else f"Set purpose.use to one of these, or record a consent with --use {use}."
    return Finding("use", met, f"permits {', '.join(record.uses)}" + ("" if met else f", not {use}"), remedy)


def _right(record: ConsentRecord, wanted: Right) -> Finding:
    met = wanted in record.rights
    remedy = "" if met else f"Record a consent with --right {wanted}."
    return Finding("right", met, f"grants {', '.join(record.rights)}" + ("" if met else f", not {wanted}"), remedy)


def _territory(record: ConsentRecord, purpose: Purpose) -> Finding:
    met = covers_territory(record.territories, purpose.territory)
    detail = f"given for {', '.join(record.territories)}" + ("" if met else f", not {purpose.territory}")
    return Finding("territory", met, detail, "" if met else "Set purpose.territory to a place that the consent names.")


def _language(record: ConsentRecord, purpose: Purpose) -> Finding:
    met = covers_language(record.languages, purpose.language)
    detail = f"given for {', '.join(record.languages)}" + ("" if met else f", not {purpose.language}")
    return Finding("language", met, detail, "" if met else "Use a language that the consent names.")
