"""What a finished file says about its own making, and what can be read back from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ManifestState(StrEnum):
    """What is left of a C2PA manifest in a file. UNTRUSTED: intact, but the signer is on no trust list."""

    TRUSTED = "valid and trusted"
    UNTRUSTED = "valid but untrusted"
    INVALID = "invalid"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a master's manifest states. It names no person and no record.

    version: of Understudy.  speech_trained: the voice is a trained model (False: computed by rule, as a formant
    synthesiser does).  seals: of the consent records (`ClearedRecord.seal`).  watermarked: the sound carries the
    mark.
    """

    title: str
    version: str
    language: str
    speech_trained: bool
    seals: tuple[str, ...]
    watermarked: bool = True


@dataclass(frozen=True, slots=True)
class Provenance:
    """A manifest as read back.

    problems: codes of C2PA's validation that are failures, without the untrusted signer.  actions: their labels in
    order.  source_types: last path elements of IPTC's digital source types.  consent_nonce, consent_proofs: hex;
    proof = SHA-256(nonce ‖ seal of a record), so that only the holder of a record can recognise it.
    """

    state: ManifestState
    title: str = ""
    generator: str = ""
    signer: str = ""
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    n_ingredients: int = 0
    soft_binding: bool = False
    consent_nonce: str = ""
    consent_proofs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All marks of one file together.

    watermark: 0..1, None without sound.  label: 0..1 likeness of the visible label, None without picture.
    consent_ids: records on this machine that the manifest's proofs match.  sentence: for people.
    disclosed: at least one mark says that the file was made by a machine.  altered: the manifest says so.
    """

    name: str
    provenance: Provenance
    watermark: float | None
    watermark_found: bool
    label: float | None
    label_found: bool
    consent_ids: tuple[str, ...]
    disclosed: bool
    altered: bool
    sentence: str
