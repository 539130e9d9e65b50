"""`flow run swap --model NAME --video V`: a trained face on any footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from av_models.domain.errors import InputError
from av_models.domain.production import Profile

__all__ = ["run_swap"]


def run_swap(
    video: Annotated[str, typer.Option(metavar="FILE", help="Footage whose performance and sound are kept.")],
    model: Annotated[str, typer.Option(metavar="NAME|DIR", help="Of the one who is seen most.")] = "",
    swap: Annotated[
        list[str] | None, typer.Option(metavar="PERSON=MODEL", help="By number on the contact sheet; repeatable.")
    ] = None,
    consent: Annotated[
        list[str] | None, typer.Option(metavar="[PERSON=]ID", help="Record of a performance; found if left out.")
    ] = None,
    lips: Annotated[str, typer.Option(help="keep: the performance's own.")] = "keep",
    profile: Annotated[Profile, typer.Option(help="Encoded fast, or with patience.")] = Profile.FINAL,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="media/out/NAME-swap if left out.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Such as swap.color=linear.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Lay a trained face into footage of a performer who consented; signed, marked and labelled."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.settings import from_settings
        from flows.swap import Swapping
        from flows.swap import swap as swap_flow

        given: dict[str, Any] = {"video": video, "lips": lips, "profile": profile, "out": str(out) if out else None}
        given |= {"models": models_by_person(model, swap or ()), "consents": _by_person(consent or ())}
        return dict(swap_flow(from_settings(Swapping, given, settings or ())))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def models_by_person(model: str, swaps: Sequence[str]) -> dict[str, str]:
    """'' is the one who is seen most. InputError for none, for both, and for what names no person or no model."""
    if bool(model) == bool(swaps):
        raise InputError("Give either --model or --swap PERSON=MODEL.", "See `flow run swap --help`.")
    if model:
        return {"": model}
    for one in swaps:
        person, _, name = one.partition("=")
        if not person.strip() or not name.strip():
            raise InputError(f"--swap {one!r} names no model.", "Write it as --swap 1=NAME.")
    return _by_person(swaps)


def _by_person(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    return {person.strip() if sign else "": (name if sign else person).strip() for person, sign, name in pairs}


def _show(made: dict[str, Any]) -> None:
    typer.echo(f"Video:    {made['master']}")
    typer.echo(f"Swapped:  {made['swapped']} of {made['frames']} frames")
    for first, last, reason in made["left"]:
        typer.echo(f"  frames {first} to {last} show the actor: {reason}")
    if len(made["people"]) > 1:
        for one in made["people"]:
            typer.echo(f"  person {one['person']}: {one['swapped']} frames, confidence {one['confidence']['mean']}")
    places, more = len(made["look_at"]), made["more_to_look_at"]
    if places:
        typer.echo(f"Look at:  {places} places{f' and {more} more' if more else ''}, see swap.json and frames.csv")
    typer.echo(f"Faces by: {made['faces_by']['backend']}: {made['faces_by']['licence']}")
    typer.echo(f"Consent:  {', '.join(made['consent_ids'])}")
