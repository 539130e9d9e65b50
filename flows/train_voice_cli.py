"""`flow run train-voice --recordings DIR --name NAME`: from consented recordings to a voice that speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_train_voice"]


def run_train_voice(
    recordings: Annotated[Path, typer.Option(metavar="DIR", help="Folder of wav, flac, mp3, opus or m4a files.")],
    name: Annotated[str, typer.Option(help="Of the voice, as --voice will know it.")],
    transcripts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ids and texts as tsv, csv or id|text; else NAME.txt beside each recording."),
    ] = None,
    consent: Annotated[
        str, typer.Option(metavar="ID", help="Record that covers the recordings; found by them if left out.")
    ] = "",
    language: Annotated[str, typer.Option(help="Of the recordings.")] = "en-us",
    budget_s: Annotated[float, typer.Option("--budget-s", min=1.0, help="Seconds of training.")] = 7200.0,
    max_steps: Annotated[
        int, typer.Option(min=0, help="Steps of each network instead of seconds, for repeatable runs.")
    ] = 0,
    start_from: Annotated[
        str, typer.Option(metavar="VOICE", help="Neural voice that goes on learning; anew if left out.")
    ] = "",
    critic: Annotated[
        bool, typer.Option("--critic", help="Teach the vocoder's last phase against a critic (GAN).")
    ] = False,
    width: Annotated[int, typer.Option(min=0, max=1024, help="Channels of the networks; 0 for their own.")] = 0,
    held_out: Annotated[
        str, typer.Option(metavar="REGEX", help="Ids that never train; one prompt in 20 if left out.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of everything that draws lots.")] = 7,
    use: Annotated[str, typer.Option(help="What the voice is made for; the consent must allow it.")] = "demonstration",
    territory: Annotated[
        str, typer.Option(help="Where it will be heard: country code, EU or worldwide.")
    ] = "worldwide",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Reports; media/out/NAME if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Prepare the recordings, train a voice on them and register it. Run it again to go on after an interruption."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.train_voice import VoiceRun, train_voice

        run = VoiceRun(
            recordings=str(recordings.expanduser().absolute()),
            transcripts=str(transcripts.expanduser().absolute()) if transcripts else "",
            name=name,
            consent=consent,
            language=language,
            budget_s=budget_s,
            max_steps=max_steps,
            start_from=start_from,
            critic=critic,
            width=width,
            held_out=held_out,
            seed=seed,
            use=use,
            territory=territory,
            out=str(out.expanduser().absolute()) if out else "",
        )
        return dict(train_voice(run))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(made: dict[str, Any]) -> None:
    figures = ", ".join(f"{name} {value}" for name, value in made["held_out"].items())
    typer.echo(f"Voice:   {made['voice']} ({made['folder']})")
    typer.echo(
        f"Corpus:  {made['clips']} clips, {made['minutes']} min, {made['refused']} refused; see {made['report']}"
    )
    typer.echo(f"Trained: {made['steps']} steps in {made['train_s']:.0f} s; held out: {figures}")
    check = made["check"]
    if check["flawed"] is not None:
        found = ", ".join(f"{n} {kind}" for kind, n in check["found"].items()) or "nothing"
        typer.echo(f"Check:   {check['flawed']:.1%} of {check['sentences']} held-out sentences with a finding: {found}")
    typer.echo(f"Try it:  flow run speak --voice {made['voice']} --script x.txt")
