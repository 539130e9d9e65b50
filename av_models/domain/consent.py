"""Consent: who allows what, for which purpose, where, in which language and until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .media import Footage
from .speech import Voice
from .style import Reference

WORLDWIDE = "worldwide"
ANY_LANGUAGE = "any"

# Refused whatever a record says: sexual content, impersonation in elections, and passing a fabrication off as real.
FORBIDDEN_USES = ("sexual", "election", "deception")


class Right(StrEnum):
    """What of a person is used.

    voice: the voice may speak words that the person never said.  face: the face may be put on another performer.
    performance: the acting may be cut and retimed and its face replaced, and its pace and melody may guide another
    voice; measuring the actor's own face is part of it.
    """

    VOICE = "voice"
    FACE = "face"
    PERFORMANCE = "performance"


class SubjectKind(StrEnum):
    """Who can be the subject of a record. There is no kind for a minor, on purpose."""

    LIVING_ADULT = "living_adult"
    ESTATE = "estate"
    FICTIONAL = "fictional"


class Use(StrEnum):
    """What a result may be made for. A record lists its uses one by one: there is no 'everything'."""

    DEMONSTRATION = "demonstration"
    RESEARCH = "research"
    EDUCATION = "education"
    ACCESSIBILITY = "accessibility"
    PERSONAL = "personal"
    FILM = "film"
    DUBBING = "dubbing"
    ADVERTISING = "advertising"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class NamedDigest:
    """A file that a record names. name: without folders, for people.  digest: SHA-256 in hex, which decides."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class VoiceReference:
    """The recording in which the subject is heard, such as a spoken consent: samples of the voice are compared with it.

    digest: SHA-256 of the file in hex.  encoder: of the voiceprint.  voiceprint: the speaker embedding as hex, so that
    samples can be compared when the recording itself is not kept. Biometric data: it stays in the record.
    """

    name: str
    digest: str
    encoder: str
    voiceprint: str


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One consent as it was given. Days are ISO 8601 and inclusive at both ends.

    territories: ISO 3166-1 alpha-2 codes, 'EU' or 'worldwide'.  languages: BCP-47 ('en' covers 'en-US') or 'any'.
    evidence: the signed form, the recording or the licence on which this record rests.  media: every file it covers:
    footage of the person, weights of the voice.  salt: 32 secret bytes in hex, so that a digest of the record given
    away in a manifest cannot be guessed back to the person.  voice_recording: None in a record under which no voice is
    cloned.
    """

    id: str
    subject: str
    kind: SubjectKind
    adult_confirmed: bool
    rights: tuple[Right, ...]
    uses: tuple[Use, ...]
    territories: tuple[str, ...]
    languages: tuple[str, ...]
    valid_from: str
    valid_until: str
    evidence: NamedDigest
    licence: str
    media: tuple[NamedDigest, ...]
    issued_on: str
    salt: str
    voice_recording: VoiceReference | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the result is for.

    date: ISO day of publication when it is known, '' otherwise; consent must hold then too.
    """

    use: str
    territory: str
    language: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """Whose voices, face and performance a job uses. *_consent: the record's id, or '' to find it by the footage.

    voice: of every line whose role has none of its own.  roles: (name in the script, voice).  styles: whose pace and
    melody the voices take on.
    """

    voice: Voice
    source: Footage
    actor: Footage
    source_consent: str = ""
    actor_consent: str = ""
    roles: tuple[tuple[str, Voice], ...] = ()
    styles: tuple[Reference, ...] = ()

    def voice_of(self, role: str) -> Voice:
        """role: of a line, '' if it has none."""
        return dict(self.roles).get(role, self.voice)


@dataclass(frozen=True, slots=True)
class VoiceCast:
    """Whose voices speak, where nobody is seen. voice, roles, styles: as in `Cast`."""

    voice: Voice
    roles: tuple[tuple[str, Voice], ...] = ()
    styles: tuple[Reference, ...] = ()

    def voice_of(self, role: str) -> Voice:
        return dict(self.roles).get(role, self.voice)

    @property
    def parts(self) -> dict[str, Voice]:
        """By the name of the part, as a `ClearedRecord` has it."""
        return {"voice": self.voice} | {f"voice of {role}": voice for role, voice in self.roles}


@dataclass(frozen=True, slots=True)
class ClearedRecord:
    """role: 'voice', 'source', 'actor', 'voice of ANNA', or 'style of ANNA'. seal: SHA-256 of the record with its salt;
    gives nothing away by itself."""

    role: str
    consent_id: str
    subject: str
    kind: SubjectKind
    right: Right
    licence: str
    seal: str


@dataclass(frozen=True, slots=True)
class Clearance:
    """Leave to do a job, record by record. It holds no clock, so equal leave is an equal value."""

    purpose: Purpose
    records: tuple[ClearedRecord, ...]

    @property
    def consent_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(record.consent_id for record in self.records))

    def consent_id(self, role: str) -> str:
        """The record behind 'voice', 'source' or 'actor'."""
        return next(record.consent_id for record in self.records if record.role == role)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule looked at. detail: what was found, a clause.  remedy: a sentence, '' when the rule is met."""

    rule: str
    met: bool
    detail: str
    remedy: str = ""
