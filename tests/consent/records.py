"""Valid consent records for tests, signed by an issuer that exists for one test only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from av_models.domain.consent import Cast, Purpose
from av_models.domain.media import AudioStream, Footage, MediaRef
from av_models.domain.speech import Voice
from av_models.io.consent_issue import ConsentDraft, issue_record
from av_models.io.consent_keys import new_key, write_issuer
from av_models.io.consent_records import file_digest

TODAY = date(2026, 11, 20)
PURPOSE = Purpose(use="demonstration", territory="worldwide", language="en-US")
ISSUER = "test-issuer"


@dataclass(frozen=True)
class Desk:
    """A configuration and a media folder of their own. `issue` writes records that come with the configuration."""

    configs_dir: Path
    media_dir: Path
    key: Any

    def issue(self, record_id: str, rights: list[str], media: list[Path], **changes: Any) -> Path:
        """A record valid today for demonstration, world-wide, in any language, unless `changes` say otherwise."""
        evidence = self.media_dir / "evidence.txt"
        evidence.parent.mkdir(parents=True, exist_ok=True)
        evidence.write_text("I consent.\n")
        answers: dict[str, Any] = {
            "id": record_id,
            "subject": f"Subject of {record_id}",
            "kind": "fictional",
            "adult_confirmed": True,
            "rights": rights,
            "uses": ["demonstration"],
            "valid_from": "2026-01-01",
            "valid_until": "2099-12-31",
            "licence": "made for a test",
            "evidence": evidence,
            "media": media,
        } | changes
        return issue_record(ConsentDraft(**answers), self.configs_dir / "consent", self.key, ISSUER, TODAY)

    def issue_for(self, source: Path, actor: Path, voice: str = "test-voice") -> None:
        """Everything that a job with this source, this actor and a voice without weights needs."""
        self.issue("test-source", ["face"], [source])
        self.issue("test-actor", ["performance"], [actor])
        self.issue(voice, ["voice"], [])


def make_desk(root: Path) -> Desk:
    """A desk with a throw-away issuer under `root`."""
    configs, key = root / "configs", new_key()
    write_issuer(configs, ISSUER, key)
    return Desk(configs, root / "media", key)


def cast_of(source: Path, actor: Path, voice: str = "test-voice", **consent_ids: str) -> Cast:
    """A cast of these two files and a voice without weights."""
    return Cast(voice_named(voice), footage_of(source), footage_of(actor), **consent_ids)


def voice_named(consent_id: str, *weights: Path) -> Voice:
    refs = tuple(MediaRef(file_digest(path), path.suffix) for path in weights)
    return Voice("test", "espeak", "en-US", (), refs, "made for a test", consent_id)


def footage_of(path: Path) -> Footage:
    """A file as if it had been probed: only its name and digest are real."""
    media = MediaRef(file_digest(path), path.suffix)
    return Footage(media, path.name, 512, 512, 250, Fraction(25), Fraction(10), False, 8, 0, AudioStream(48000, 1))
