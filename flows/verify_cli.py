"""`flow verify FILE`: what a file says about its making, and whether it was changed since."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.marks import verdict_of

if TYPE_CHECKING:
    from av_models.domain.provenance import Verdict

__all__ = ["verdict_of", "verify_file"]


def verify_file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Any video or sound file.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Read the marks of a file: C2PA manifest, watermark in the sound, visible label.

    Exit code 0 when it is marked and unchanged, 1 when it was changed or carries no mark.
    """
    from tasks.workspace import configs_dir, media_dir

    verdict = verdict_of(path, configs_dir(), media_dir())
    if as_json:
        typer.echo(json.dumps(asdict(verdict), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(verdict)))
    if verdict.altered or not verdict.disclosed:
        raise SystemExit(1)


def _lines(verdict: Verdict) -> list[str]:
    provenance = verdict.provenance
    lines = [verdict.name, f"  manifest   {provenance.state}"]
    if provenance.title or provenance.generator:
        lines.append(
            f"             '{provenance.title}', made by {provenance.generator}, signed by {provenance.signer}"
        )
        lines.append(f"             {', '.join(provenance.actions)}; {', '.join(provenance.source_types)}")
    lines += [f"             {problem}" for problem in provenance.problems]
    lines.append(f"  watermark  {_found(verdict.watermark, verdict.watermark_found, 'no sound')}")
    lines.append(f"  label      {_found(verdict.label, verdict.label_found, 'no picture')}")
    if provenance.consent_proofs:
        known = ", ".join(verdict.consent_ids) or "none that lies here"
        lines.append(f"  consent    {len(provenance.consent_proofs)} records, of these known here: {known}")
    return [*lines, f"  {verdict.sentence}"]


def _found(score: float | None, found: bool, absent: str) -> str:
    if score is None:
        return absent
    return f"{'found' if found else 'not found'} ({score:.2f})"
