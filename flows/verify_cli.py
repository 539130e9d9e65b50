"""`flow verify FILE`: what a file says about its making, and whether it was changed since."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from av_models.domain.provenance import Provenance, Verdict

__all__ = ["verdict_of", "verify_file"]

_N_PICTURES = 5
_DETECT_HZ = 32_000


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


def verdict_of(path: Path, configs_dir: Path, media_dir: Path) -> Verdict:
    """All marks of a file. Raises MediaError when it cannot be read."""
    from av_models.forensics.verify import judge
    from av_models.io.provenance import verify_master
    from av_models.io.watermark import MARKED_FROM

    provenance = verify_master(path)
    consent_ids = _consent_ids(provenance, configs_dir, media_dir)
    return judge(path.name, provenance, _watermark(path), MARKED_FROM, _label(path), consent_ids)


def _watermark(path: Path) -> float | None:
    from av_models.domain.errors import MediaError
    from av_models.io.audio import read_audio
    from av_models.io.watermark import detect_audio

    try:
        samples = read_audio(path, _DETECT_HZ)
    except MediaError:
        return None
    return detect_audio(samples, _DETECT_HZ)


def _label(path: Path) -> float | None:
    """The middle likeness of a few pictures from all over the file."""
    from statistics import median

    from av_models.domain.errors import MediaError
    from av_models.forensics.verify import label_likeness
    from av_models.io.label import ai_label
    from av_models.io.video import frame_times, read_pictures

    try:
        n_frames = len(frame_times(path))
        wanted = [n_frames * (2 * number + 1) // (2 * _N_PICTURES) for number in range(_N_PICTURES)]
        pictures = [picture.rgb for picture in read_pictures(path, sorted(set(wanted)))]
    except MediaError:
        return None
    height_px, width_px = pictures[0].shape[:2]
    label = ai_label(width_px, height_px)
    return median(label_likeness(rgb, label) for rgb in pictures)


def _consent_ids(provenance: Provenance, configs_dir: Path, media_dir: Path) -> list[str]:
    from av_models.io.consent import all_records
    from av_models.io.provenance import proves

    shelf = all_records(configs_dir, media_dir) if provenance.consent_proofs else ()
    return [one.record.id for one in shelf if one.record and proves(provenance, one.record)]


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
