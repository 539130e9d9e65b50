"""`flow run train-face --source V --actor V`: a face becomes a model of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from av_models.domain.errors import InputError

__all__ = ["consents_by_role", "run_train_face"]


def run_train_face(
    source: Annotated[str, typer.Option(metavar="VIDEO", help="The face that will be seen.")],
    actor: Annotated[str, typer.Option(metavar="VIDEO", help="A performance that will carry it.")],
    name: Annotated[str, typer.Option(help="Of the model; both names if left out.")] = "",
    preset: Annotated[
        str, typer.Option(help="draft (128 px), standard (256 px) or fine (384 px); the latter want a GPU.")
    ] = "draft",
    architecture: Annotated[str, typer.Option(help="df: a decoder for each person; liae: a shared one.")] = "df",
    budget_s: Annotated[float | None, typer.Option("--budget-s", help="Seconds of training.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Steps instead of seconds, for repeatable runs.")] = None,
    size_px: Annotated[int | None, typer.Option(help="Of the network's input, 64 to 512; the preset's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Faces of each person in one step; the preset's.")] = None,
    consent: Annotated[
        list[str] | None,
        typer.Option(metavar="source=ID|actor=ID", help="Whose record, where several people are seen; repeatable."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Such as training.temporal=0.5.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Train a face whose owner consented, beside a performer who consented. Run it again to go on."""
    from flows.running import run_command

    training = {"preset": preset, "architecture": architecture, "budget_s": budget_s, "max_steps": max_steps}
    training |= {"size_px": size_px, "batch": batch}

    def call() -> dict[str, Any]:
        from flows.settings import from_settings
        from flows.train_face import FaceTraining, train_face

        chosen = {key: value for key, value in training.items() if value is not None}
        given = {"source": source, "actor": actor, "name": name, "training": chosen}
        given["consent"] = consents_by_role(consent or ())
        return dict(train_face(from_settings(FaceTraining, given, settings or ())))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def consents_by_role(given: Sequence[str]) -> dict[str, str]:
    """InputError for what names neither source nor actor, or no record."""
    pairs = [tuple(part.strip() for part in one.partition("=")) for one in given]
    for one, (role, _, consent_id) in zip(given, pairs, strict=True):
        if role not in ("source", "actor") or not consent_id:
            raise InputError(f"--consent {one!r} does not say whose record it is.", "Write it as --consent actor=ID.")
        if [other for other, *_ in pairs].count(role) > 1:
            raise InputError(f"--consent {role}=ID is given twice.", "One record speaks for one person: give one.")
    return {role: consent_id for role, _, consent_id in pairs}


def _show(made: dict[str, Any]) -> None:
    typer.echo(f"Model:    {made['model']} ({Path(made['folder'])})")
    typer.echo(f"Trained:  {made['steps']} steps in {made['train_s']:.0f} s, stopped by: {made['stopped_by']}")
    typer.echo(f"Held out: {made['heldout_psnr_db']:.1f} dB on frames of the source that it never saw")
    typer.echo(f"Consent:  {', '.join(made['consent_ids'])}")
    typer.echo(f"Faces by: {made['faces_by']['backend']}: {made['faces_by']['licence']}")
    for note in made["notes"]:
        typer.echo(f"Note:     {note}")
    typer.echo(f"Use it:   flow run swap --model {made['model']} --video x.mp4")
