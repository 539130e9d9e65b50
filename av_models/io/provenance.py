"""C2PA manifests: what a file says about its making, signed into it last of all, and read back.

A master opens the actor's footage, is edited with the source's face, and has the speech placed in it; each speech file
has a manifest of its own. Whose consent it rests on is told by salted digests only. Any rewrite of the container
(`ffmpeg -c copy` for one) drops a manifest, so nothing may touch the file after `sign_master`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.consent import ConsentRecord
from ..domain.errors import MediaError
from ..domain.provenance import ManifestFacts, ManifestState, Provenance
from .consent_records import record_seal
from .disk import disk_errors, new_file
from .signing_chain import signing_chain
from .watermark import WATERMARK_NAME

if TYPE_CHECKING:
    from c2pa import Builder, Context

__all__ = ["proves", "sign_master", "sign_sound", "sign_speech", "sign_swap", "verify_master"]

GENERATOR = "Understudy"
CONSENT_LABEL = "org.understudy.consent"
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_FORMATS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".flac": "audio/flac",
}


def sign_master(
    path_in: Path,
    path_out: Path,
    facts: ManifestFacts,
    key_dir: Path,
    actor: Path,
    source: Path,
    speech: Sequence[Path],
) -> str:
    """Sign the finished video at `path_in` into `path_out`; returns the manifest store as JSON text.

    actor, source: footage.  speech: the utterances in order; those without a manifest get one inside the master's.
    Raises MediaError when the file cannot be signed.
    """
    builder = _builder(_master_manifest(facts, len(speech)))
    _add_ingredient(builder, actor, "Actor's footage", "parentOf", "actor")
    _add_ingredient(builder, source, "Footage of the source face", "inputTo", "source")
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(speech):
            signed = Path(folder, f"{number:03d}{path.suffix}")
            if _has_manifest(path):
                signed = path
            else:
                sign_speech(path, signed, facts, key_dir)
            _add_ingredient(builder, signed, f"Speech {number + 1}", "componentOf", f"speech-{number}")
    _sign(builder, path_in, path_out, key_dir)
    return manifest_json(path_out)


def sign_swap(
    path_in: Path, path_out: Path, facts: ManifestFacts, key_dir: Path, footage: Path, models: Sequence[Path]
) -> str:
    """As `sign_master`, for footage whose own sound is kept. models: weights of the faces that were laid in."""
    labels = [f"model-{number}" for number in range(len(models))]
    edited: dict[str, Any] = {
        "action": "c2pa.edited",
        "digitalSourceType": _SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia",
        "description": "Face replaced by a trained model",
        "parameters": {"ingredientIds": labels},
    }
    opened: dict[str, Any] = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["actor"]}}
    assertions = [_consent_assertion(facts.seals), *([_soft_binding()] if facts.watermarked else [])]
    actions = [opened, edited, {"action": "c2pa.transcoded"}]
    builder = _builder(_manifest(facts.title, facts, actions, assertions))
    _add_ingredient(builder, footage, "Actor's footage", "parentOf", "actor")
    for label, path in zip(labels, models, strict=True):
        _add_ingredient(builder, path, "Model of the source face", "inputTo", label)
    _sign(builder, path_in, path_out, key_dir)
    return manifest_json(path_out)


def sign_speech(path_in: Path, path_out: Path, facts: ManifestFacts, key_dir: Path) -> None:
    """Sign one utterance (WAV) as made by a machine. path_out may be path_in."""
    kind = "trainedAlgorithmicMedia" if facts.speech_trained else "algorithmicMedia"
    created = {"action": "c2pa.created", "digitalSourceType": _SOURCE_TYPE + kind}
    _sign(_builder(_manifest(f"{facts.title}: speech", facts, [created])), path_in, path_out, key_dir)


def sign_sound(path_in: Path, path_out: Path, facts: ManifestFacts, key_dir: Path) -> None:
    """Sign speech that is a result by itself (WAV): as `sign_speech`, with the consent and the watermark in it."""
    kind = "trainedAlgorithmicMedia" if facts.speech_trained else "algorithmicMedia"
    created = {"action": "c2pa.created", "digitalSourceType": _SOURCE_TYPE + kind}
    assertions = [_consent_assertion(facts.seals), *([_soft_binding()] if facts.watermarked else [])]
    _sign(_builder(_manifest(facts.title, facts, [created], assertions)), path_in, path_out, key_dir)


def verify_master(path: Path, trust_anchors: bytes | None = None) -> Provenance:
    """Read the manifest of any file back and check it against the file. trust_anchors: PEM of roots to believe.

    Nothing is fetched from the network. Raises MediaError when there is no such file.
    """
    from c2pa import C2paError

    if not path.is_file():
        raise MediaError(str(path), "no such file", "Check the path.")
    try:
        store = json.loads(manifest_json(path, trust_anchors))
    except (C2paError.ManifestNotFound, C2paError.NotSupported):
        return Provenance(ManifestState.ABSENT)
    except (C2paError, ValueError) as error:
        if path.suffix.lower() not in _FORMATS:
            return Provenance(ManifestState.ABSENT)
        return Provenance(ManifestState.INVALID, problems=(str(error).splitlines()[0][:200],))
    return _provenance(store)


def proves(provenance: Provenance, record: ConsentRecord) -> bool:
    """Whether a manifest was made under this very record."""
    try:
        return _proof(provenance.consent_nonce, record_seal(record)) in provenance.consent_proofs
    except ValueError:  # someone else's manifest, with something else where our nonce would be
        return False


def manifest_json(path: Path, trust_anchors: bytes | None = None) -> str:
    """The manifest store of a file as JSON text, with validation results. Raises C2paError."""
    from c2pa import Reader

    with disk_errors(path), path.open("rb") as stream:
        reader = Reader(_FORMATS.get(path.suffix.lower()), stream, context=_context(trust_anchors))
        with reader:
            return str(reader.json())


def _master_manifest(facts: ManifestFacts, n_speech: int) -> dict[str, Any]:
    composite = _SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": composite,
        "description": "Face and mouth replaced by a trained model",
        "parameters": {"ingredientIds": ["source"]},
    }
    placed = {
        "action": "c2pa.placed",
        "description": "Dialogue replaced by synthetic speech",
        "parameters": {"ingredientIds": [f"speech-{number}" for number in range(n_speech)]},
    }
    opened: dict[str, Any] = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["actor"]}}
    actions = [opened, edited, *([placed] if n_speech else []), {"action": "c2pa.transcoded"}]
    assertions = [_consent_assertion(facts.seals), *([_soft_binding()] if facts.watermarked else [])]
    return _manifest(facts.title, facts, actions, assertions)


def _manifest(
    title: str, facts: ManifestFacts, actions: list[dict[str, Any]], assertions: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    agent = {"name": GENERATOR, "version": facts.version}
    stamped = [action | {"when": when, "softwareAgent": agent} for action in actions]
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": stamped}}, *assertions],
    }


def _consent_assertion(seals: Sequence[str]) -> dict[str, Any]:
    """Salted digests: a fresh nonce in each file, so that two files under one consent cannot be linked by them."""
    nonce = secrets.token_hex(16)
    proofs = [_proof(nonce, seal) for seal in seals]
    return {"label": CONSENT_LABEL, "data": {"alg": "sha256", "nonce": nonce, "proofs": proofs}}


def _proof(nonce: str, seal: str) -> str:
    return hashlib.sha256(bytes.fromhex(nonce) + bytes.fromhex(seal)).hexdigest()


def _soft_binding() -> dict[str, Any]:
    """The mark in the sound belongs to this manifest. It says "marked" and no more, hence the constant value."""
    value = base64.b64encode(WATERMARK_NAME.encode()).decode()
    data = {"alg": f"org.understudy.{WATERMARK_NAME}", "blocks": [{"scope": {}, "value": value}]}
    return {"label": "c2pa.soft-binding", "data": data}


def _builder(manifest: dict[str, Any]) -> Builder:
    from c2pa import Builder

    return Builder(manifest, context=_context(None))


def _add_ingredient(builder: Builder, path: Path, title: str, relationship: str, label: str) -> None:
    """Name `path` as an ingredient; a manifest that it has already is kept inside the new one."""
    ingredient = {"title": title, "relationship": relationship, "label": label}
    with disk_errors(path), path.open("rb") as stream:
        builder.add_ingredient(json.dumps(ingredient), _format_of(path), stream)


def _sign(builder: Builder, path_in: Path, path_out: Path, key_dir: Path) -> None:
    from c2pa import C2paError, C2paSignerInfo, Signer

    chain = signing_chain(key_dir)
    # No time stamp authority: signing works offline, and the signature's own time is only what this clock says.
    signer = Signer.from_info(C2paSignerInfo(b"es256", chain.certificates, chain.key, None))
    with new_file(path_out, path_in.stat().st_size) as part:
        try:
            with path_in.open("rb") as source, part.open("w+b") as target:
                builder.sign(signer, _format_of(path_in), source, target)
        except C2paError as error:
            problem = f"it cannot be signed ({str(error).splitlines()[0]})"
            raise MediaError(str(path_in), problem, "Give MP4, MOV or WAV.") from error


def _has_manifest(path: Path) -> bool:
    from c2pa import C2paError

    try:
        manifest_json(path)
    except C2paError:
        return False
    return True


def _format_of(path: Path) -> str:
    known = _FORMATS.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return known or "application/octet-stream"


def _context(trust_anchors: bytes | None) -> Context:
    """Settings of one call: no network, and no roots beyond those given."""
    from c2pa import Context, Settings

    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if trust_anchors:
        settings["trust"] = {"user_anchors": trust_anchors.decode()}
    return Context(settings=Settings.from_dict(settings))


def _provenance(store: dict[str, Any]) -> Provenance:
    active = store["manifests"][store["active_manifest"]]
    assertions = {one["label"]: one["data"] for one in active.get("assertions", [])}
    actions = assertions.get("c2pa.actions.v2", {}).get("actions", [])
    consent = assertions.get(CONSENT_LABEL, {})
    generator = (active.get("claim_generator_info") or [{}])[0]
    return Provenance(
        state=_state(store),
        title=str(active.get("title", "")),
        generator=f"{generator.get('name', '')} {generator.get('version', '')}".strip(),
        signer=str(active.get("signature_info", {}).get("issuer", "")),
        actions=tuple(str(action["action"]) for action in actions),
        source_types=_source_types(store),
        n_ingredients=len(active.get("ingredients", [])),
        soft_binding="c2pa.soft-binding" in assertions,
        consent_nonce=str(consent.get("nonce", "")),
        consent_proofs=tuple(str(proof) for proof in consent.get("proofs", [])),
        problems=tuple(code for code in _failures(store) if code != "signingCredential.untrusted"),
    )


def _state(store: dict[str, Any]) -> ManifestState:
    states = {"Trusted": ManifestState.TRUSTED, "Valid": ManifestState.UNTRUSTED}
    return states.get(str(store.get("validation_state")), ManifestState.INVALID)


def _failures(store: dict[str, Any]) -> list[str]:
    results = store.get("validation_results", {}).get("activeManifest", {})
    return [str(one["code"]) for one in results.get("failure", [])]


def _source_types(store: dict[str, Any]) -> tuple[str, ...]:
    """The kinds of source that any manifest in the file names, the speech's own among them."""
    found: dict[str, None] = {}
    for manifest in store["manifests"].values():
        for assertion in manifest.get("assertions", []):
            if assertion["label"].startswith("c2pa.actions"):
                kinds = (action.get("digitalSourceType", "") for action in assertion["data"].get("actions", []))
                found |= {kind.rsplit("/", 1)[-1]: None for kind in kinds if kind}
    return tuple(found)
