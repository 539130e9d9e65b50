"""`flow run listening`, `flow run listening-results` and `flow listen`: a blind test is made, read and served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_listening", "run_listening_results", "serve_listening"]


def run_listening(
    name: Annotated[str, typer.Option(help="Of the test, as `flow listen` will know it.")],
    voice: Annotated[str, typer.Option(metavar="NAME", help="The voice under test, one of `flow voices`.")],
    recordings: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Recordings to tell the voice from: recording or synthesis?")
    ] = None,
    held_out: Annotated[
        str, typer.Option(metavar="REGEX", help="Ids of recordings that trained nothing; '.' for all.")
    ] = "",
    transcripts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ids and texts; the folder's own if left out.")
    ] = None,
    consent: Annotated[
        str, typer.Option(metavar="ID", help="Record that covers the recordings; found by them if left out.")
    ] = "",
    against: Annotated[str, typer.Option(metavar="NAME", help="Another voice: which of the two is better?")] = "",
    texts: Annotated[
        str, typer.Option(help="What both voices say: text file, or the text; else further held-out prompts.")
    ] = "",
    clips: Annotated[int, typer.Option(help="Clips that each listener judges.")] = 16,
    pairs: Annotated[int, typer.Option(help="Pairs that each listener compares.")] = 8,
    checks: Annotated[int, typer.Option(help="Clips that say what to answer.")] = 1,
    headphones: Annotated[bool, typer.Option(help="Begin with tones that only headphones let one tell apart.")] = True,
    title: Annotated[str, typer.Option(help="What listeners read.")] = "Listening test",
    seed: Annotated[int, typer.Option(help="Of everything that draws lots.")] = 7,
    use: Annotated[str, typer.Option(help="What it is made for; every consent must allow it.")] = "research",
    territory: Annotated[str, typer.Option(help="Where it is heard: country code, EU or worldwide.")] = "worldwide",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Make a blind listening test. `flow listen NAME` serves it."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.listening import listening, load_listening

        asked = load_listening(
            name=name, voice=voice, recordings=_full(recordings), held_out=held_out, transcripts=_full(transcripts),
            consent=consent, against=against, texts=texts, clips=clips, pairs=pairs, checks=checks,
            headphones=headphones, title=title, seed=seed, use=use, territory=territory,
        )  # fmt: skip
        return dict(listening(asked))

    raise typer.Exit(run_command(call, _show_made, as_json, debug))


def run_listening_results(
    name: Annotated[str, typer.Option(help="Of the test.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="media/out/listening/NAME if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """What the answers to a listening test say so far: shares with intervals, d', preference."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.listening_results import ListeningResults, listening_results

        return dict(listening_results(ListeningResults(name=name, out=_full(out))))

    raise typer.Exit(run_command(call, _show_results, as_json, debug))


def serve_listening(
    name: Annotated[str, typer.Argument(help="Of the test; without it, all of them are listed.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of the page.")] = 4300,
) -> None:
    """Serve the page of a listening test until Ctrl-C. Who stopped may go on; answers are kept at once."""
    if not name:
        _list()
        return
    from flows.listening_server import serve_test

    serve_test(name, host, port)


def _full(path: Path | None) -> str:
    return str(path.expanduser().absolute()) if path else ""


def _list() -> None:
    from av_models.io.listening_answers import Answers
    from av_models.io.listening_folder import find_tests, read_test
    from tasks.workspace import media_dir

    folders = find_tests(media_dir() / "listening")
    if not folders:
        typer.echo("There is no listening test yet. Make one with `flow run listening`.")
    for folder in folders:
        test, people = read_test(folder), Answers(folder).everybody()
        against = f" against {test.against}" if test.against else ""
        n_done = sum(one.done for one in people)
        typer.echo(f"{test.name}: {test.voice}{against}, {len(people)} listeners, {n_done} to the last question")


def _show_made(made: dict[str, Any]) -> None:
    items = ", ".join(f"{n} {part}" for part, n in made["items"].items() if n)
    typer.echo(f"Test:    {made['name']} ({items}; {made['rate_hz']} Hz, {made['lufs']} LUFS)")
    typer.echo(f"Folder:  {made['folder']}\nServe:   {made['serve']}")


def _show_results(found: dict[str, Any]) -> None:
    typer.echo("\n".join(found["sentences"]))
    typer.echo(f"Page:    {found['page']}")
