"""`flow consent`: record a person's consent, check it, see what there is, take it back."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from av_models.domain.consent import ConsentRecord, Finding
    from av_models.io.consent import ShelvedRecord

__all__ = ["app"]

# What a rule is called while it is met; when it is not, its own name is shown.
_CHECKED = {
    "tampered": "signature",
    "issuer": "issuer",
    "evidence": "evidence",
    "minor": "adult",
    "not-yet-valid": "begin",
    "expired": "end",
    "revoked": "revocation",
    "revocation-list": "revocation-list",
    "audit-log": "audit-log",
}

_COLUMNS = ("id", "subject", "kind", "rights", "valid_until", "state")

app = typer.Typer(no_args_is_help=True, help="Record, check, list and revoke consent.")


@app.command("new")
def new_record(
    subject: Annotated[str, typer.Option(help="Name of the person, estate or fictional identity.")] = "",
    kind: Annotated[str, typer.Option(help="living_adult, estate or fictional.")] = "",
    adult_confirmed: Annotated[
        bool, typer.Option("--adult-confirmed", help="You checked that it is an adult.")
    ] = False,
    right: Annotated[list[str] | None, typer.Option(help="voice, face or performance; repeatable.")] = None,
    use: Annotated[list[str] | None, typer.Option(help="What results may be made for; repeatable.")] = None,
    territory: Annotated[list[str] | None, typer.Option(help="Country code, EU or worldwide; repeatable.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="BCP-47 tag or any; repeatable.")] = None,
    valid_from: Annotated[str, typer.Option(help="First day, as 2027-01-31; today if left out.")] = "",
    valid_until: Annotated[str, typer.Option(help="Last day, as 2027-01-31.")] = "",
    evidence: Annotated[Path | None, typer.Option(help="Signed form, filmed consent or licence text.")] = None,
    media: Annotated[
        list[Path] | None, typer.Option(help="Footage, voice file or folder of recordings it covers; repeatable.")
    ] = None,
    voice_recording: Annotated[
        Path | None, typer.Option(help="The subject speaking, best the spoken consent: needed for clone-voice.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Contract or licence on which it rests.")] = "",
    consent_id: Annotated[str, typer.Option("--id", help="Name of the record; from the subject if left out.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where to write it; media/consent if left out.")] = None,
    key: Annotated[Path | None, typer.Option(help="Private key (PEM) of another issuer than yourself.")] = None,
    issuer: Annotated[str, typer.Option(help="Name of that issuer.")] = "",
) -> None:
    """Record a consent that was really given. In a terminal it asks for what is missing."""
    from flows.consent_questions import Questions

    ask = Questions(_in_a_terminal())
    answers = {
        "subject": ask.text("subject", "Who consents (name)", subject),
        "kind": ask.text("kind", "Kind of subject (living_adult, estate, fictional)", kind),
        "adult_confirmed": ask.confirmed("Did you check that the subject is an adult", adult_confirmed),
        "rights": ask.several("right", "Rights (voice, face, performance)", right),
        "uses": ask.several("use", f"Permitted uses ({_known_uses()})", use),
        "territories": ask.with_default("Territories", territory, "worldwide"),
        "languages": ask.with_default("Languages", language, "any"),
        "valid_from": valid_from or date.today().isoformat(),
        "valid_until": ask.text("valid-until", "Last day (2027-01-31)", valid_until),
        "evidence": ask.file("File with the evidence", evidence),
        "media": ask.files("Files it covers: footage, voice weights", media),
        "licence": ask.text("licence", "Contract or licence on which it rests", licence),
        "voice_recording": voice_recording,
    }
    _issue(answers, consent_id, folder, key, issuer)


@app.command("verify")
def verify_record(
    which: Annotated[list[str] | None, typer.Argument(help="Ids or files; all records if left out.")] = None,
) -> None:
    """Check records rule by rule: exit code 77 if one of them fails."""
    from av_models.domain.errors import ConsentError
    from av_models.io.consent import all_records, record_path
    from av_models.io.consent_checks import examine_record

    configs, media = _folders()
    named = [Path(one) if one.endswith(".json") else record_path(configs, media, one) for one in which or []]
    refused: list[ConsentError] = []
    for path in named or [one.path for one in all_records(configs, media)]:
        record, findings = examine_record(configs, media, path, date.today())
        _print_examined(path, record, findings)
        refused += [ConsentError(one.rule, path.stem, one.detail, one.remedy) for one in findings if not one.met]
    if refused:
        raise refused[0]


@app.command("list")
def list_records(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """All records with their state and last day."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    rows = _rows()
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table(box=SIMPLE)
    for heading in _COLUMNS:
        table.add_column(heading.replace("_", " "), no_wrap=heading in ("id", "valid_until", "state"))
    for row in rows:
        cells = (row[heading] for heading in _COLUMNS)
        style = None if row["state"] == "valid" else "red"
        table.add_row(*(", ".join(cell) if isinstance(cell, list) else cell for cell in cells), style=style)
    Console().print(table if rows else "No records yet: make one with `flow consent new`.")


@app.command("revoke")
def revoke(
    consent_id: Annotated[str, typer.Argument(metavar="ID", help="The record, see `flow consent list`.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept and shown.")] = "",
) -> None:
    """Take a consent back: it blocks new work at once, and what was made under it is listed."""
    from av_models.io.consent import revoke_record

    outputs = revoke_record(*_folders(), consent_id, reason)
    typer.echo(f"Revoked: {consent_id}. Nothing new will be made with it.")
    typer.echo(f"Made under it so far: {len(outputs) or 'nothing'}.")
    for output in outputs:
        typer.echo(f"  {output.at}  {output.what:8}{output.place}  SHA-256 {output.digest[:16]}…")
    if outputs:
        typer.echo("These files are not deleted: take them down where they were published, then remove them.")


def _issue(answers: dict[str, Any], consent_id: str, folder: Path | None, key: Path | None, issuer: str) -> None:
    from av_models.domain.errors import InputError
    from av_models.io.consent import all_records
    from av_models.io.consent_issue import ConsentDraft, free_id, issue_record
    from av_models.io.consent_keys import key_name, own_key, read_key
    from av_models.io.consent_ledgers import log_event, revocations

    if bool(key) != bool(issuer):
        raise InputError("--key and --issuer belong together.", "Give both, or none to sign as yourself.")
    configs, media = _folders()
    taken = [*(one.path.stem for one in all_records(configs, media)), *revocations(media)]
    if consent_id in taken:
        raise InputError(f"The id '{consent_id}' is taken, or was revoked.", "Choose another one with --id.")
    draft = ConsentDraft(id=consent_id or free_id(answers["subject"], taken), **answers, measure_voice=_measured_voice)
    signing = read_key(key) if key else own_key(media)
    path = issue_record(draft, folder or media / "consent", signing, issuer or key_name(signing), date.today())
    log_event(media, "issued", {"consent_id": draft.id, "issuer": issuer or key_name(signing)})
    typer.echo(f"Recorded: {path}\nCheck it with: flow consent verify {draft.id}")


def _measured_voice(recording: Path) -> tuple[str, str]:
    from tasks.voiceprints import voiceprint_of

    return voiceprint_of(recording)


def _print_examined(path: Path, record: ConsentRecord | None, findings: tuple[Finding, ...]) -> None:
    typer.secho(f"{path.stem}  ({path})", bold=True)
    if record:
        typer.echo(f"  {record.subject}, {record.kind}; licence: {record.licence}")
        typer.echo(f"  rights: {', '.join(record.rights)}; uses: {', '.join(record.uses)}")
        typer.echo(f"  territories: {', '.join(record.territories)}; languages: {', '.join(record.languages)}")
        for media in record.media:
            typer.echo(f"  covers {media.name}  SHA-256 {media.digest[:16]}…")
        if record.voice_recording:
            typer.echo(f"  voice recording {record.voice_recording.name}: samples of the voice are compared with it")
    for one in findings:
        mark = typer.style("ok  ", fg="green") if one.met else typer.style("FAIL", fg="red")
        typer.echo(f"  {mark} {_CHECKED[one.rule] if one.met else one.rule:16} {one.detail}")


def _rows() -> list[dict[str, Any]]:
    from av_models.io.consent import all_records, revocations

    configs, media = _folders()
    revoked = revocations(media)
    return [_row(one, revoked) for one in all_records(configs, media)]


def _row(shelved: ShelvedRecord, revoked: dict[str, str]) -> dict[str, Any]:
    from av_models.domain.consent_rules import standing

    record = shelved.record
    if record is None:
        state = shelved.error.rule if shelved.error else "unreadable"
        blank = dict.fromkeys(("subject", "kind", "rights", "uses", "valid_until"), "")
        return {"id": shelved.path.stem, **blank, "state": state}
    unmet = [finding.rule for finding in standing(record, date.today(), revoked) if not finding.met]
    return {
        "id": record.id,
        "subject": record.subject,
        "kind": str(record.kind),
        "rights": list(record.rights),
        "uses": list(record.uses),
        "valid_until": record.valid_until,
        "state": unmet[-1] if unmet else "valid",
    }


def _known_uses() -> str:
    from av_models.domain.consent import Use

    return ", ".join(Use)


def _in_a_terminal() -> bool:
    return sys.stdin.isatty()


def _folders() -> tuple[Path, Path]:
    from tasks.workspace import configs_dir, media_dir

    return configs_dir(), media_dir()
