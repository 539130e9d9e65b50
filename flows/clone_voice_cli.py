"""`flow run clone-voice --sample x.wav --name N`: from seconds of a consented voice to one that speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from av_models.domain.cloning import CloneMethod

__all__ = ["run_clone_voice"]


def run_clone_voice(
    sample: Annotated[list[Path], typer.Option(metavar="FILE", help="Recording, or folder of them; repeatable.")],
    name: Annotated[str, typer.Option(help="Of the new voice, as --voice will know it.")],
    transcript: Annotated[
        str, typer.Option(metavar="TEXT|FILE", help="What is said; else NAME.txt beside the recording, else as heard.")
    ] = "",
    consent: Annotated[
        str, typer.Option(metavar="ID", help="Record that covers the sample; found by it if left out.")
    ] = "",
    base: Annotated[str, typer.Option(metavar="VOICE", help="Neural voice to start from; the house voice.")] = "",
    method: Annotated[
        CloneMethod, typer.Option(help="Measure the speaker, teach the networks, or the better of both.")
    ] = CloneMethod.AUTO,
    curve: Annotated[
        bool, typer.Option("--curve", help="Also from the first 3, 10, 60 and 300 s, as a curve.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of the sample.")] = "en-us",
    budget_s: Annotated[float, typer.Option("--budget-s", min=1.0, help="Seconds of teaching.")] = 180.0,
    max_steps: Annotated[int, typer.Option(min=0, help="Steps instead of seconds, for repeatable runs.")] = 0,
    seed: Annotated[int, typer.Option(help="Of everything that draws lots.")] = 7,
    use: Annotated[
        str, typer.Option(help="What the voice is made for; both consents must allow it.")
    ] = "demonstration",
    territory: Annotated[
        str, typer.Option(help="Where it will be heard: country code, EU or worldwide.")
    ] = "worldwide",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Clone a voice whose owner consented, in a recording with that very voice. Run it again to go on."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.clone_voice import CloneRun, clone_voice

        run = CloneRun(
            samples=tuple(
                str(one.expanduser().absolute()) if one.expanduser().exists() else str(one) for one in sample
            ),
            transcript=transcript,
            name=name,
            consent=consent,
            base=base,
            method=method,
            curve=curve,
            language=language,
            budget_s=budget_s,
            max_steps=max_steps,
            seed=seed,
            use=use,
            territory=territory,
        )
        return dict(clone_voice(run))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(made: dict[str, Any]) -> None:
    likeness, match, sample = made["likeness"], made["voice_match"], made["sample"]
    typer.echo(f"Voice:    {made['voice']} ({made['folder']})")
    typer.echo(f"Consent:  {', '.join(made['consent_ids'])}; likeness to the consent's voice {match['likeness']:.2f}")
    typer.echo(f"Sample:   {sample['seconds']:.1f} s, of it {sample['used_s']:.1f} s used")
    typer.echo(f"Method:   {made['method']} in {made['clone_s']:.1f} s ({made['why']})")
    typer.echo(
        f"Likeness: {likeness['clone']:.2f}, before {likeness['before']:.2f} (to {likeness['measured_on']}"
        + (f"; the sample to itself {likeness['sample_to_itself']:.2f})" if likeness["sample_to_itself"] else ")")
    )
    for row in made["tried"]:
        off = row["pitch_off_semitones"], row["tone_off_db"]
        heard = "no voice in it" if None in off else "pitch {:+.1f} st  tone {:.1f} dB".format(*off)
        lead = f"  {row['method']:7} {row['sample_s']:6.1f} s  likeness {row['likeness']:.2f}"
        typer.echo(f"{lead}  {heard}  words wrong {100 * row['word_errors']:.0f} %")
    typer.echo(f"Try it:   flow run speak --voice {made['voice']} --script x.txt")
