from __future__ import annotations

import json
from pathlib import Path

import pytest

from av_models.domain.bench import at_least, at_most, shown
from av_models.domain.errors import InputError


def test_a_target_is_met_missed_or_absent() -> None:
    assert at_most("a", "b", 5.0, 5).met is True
    assert at_most("a", "b", 5.1, 5).met is False
    assert at_least("a", "b", 5.1, 5).met is True
    assert at_least("a", "b", None, 5).met is False
    assert at_least("a", "b", float("nan"), 5).met is False
    assert shown("a", "b", 7.0).met is None


def test_an_unknown_suite_names_the_known_ones() -> None:
    from flows.bench import check_suites

    with pytest.raises(InputError, match=r"'smell'.*Known suites: .*sync"):
        check_suites(["sync", "smell"])


def test_the_command_asks_for_what_was_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every option of the command line reaches the suites, in numbers and full paths."""
    from typer.testing import CliRunner

    import flows.bench
    import flows.running
    from flows.bench import Benchmark
    from flows.cli import app

    asked: list[Benchmark] = []
    monkeypatch.setattr(flows.running, "run_command", lambda call, *_: len(call()))
    monkeypatch.setattr(flows.bench, "bench", lambda run: asked.append(run) or {})
    typed = ["--clips", str(tmp_path), "--minutes", "20,2.5", "--preset", "standard", "--size", "192", "--head-start"]
    typed += ["--set", "training.temporal=0.25", "--held-out", "x$", "--kills", "7"]
    answer = CliRunner().invoke(app, ["run", "bench", "--suite", "faces", "--suite", "sync", *typed])
    assert answer.exit_code == 0, answer.output
    (run,) = asked
    assert run.suites == ("faces", "sync") and run.clips == str(tmp_path) and run.minutes == (20.0, 2.5)
    assert run.head_start and run.kills == 7 and run.options["held_out"] == "x$"
    training = run.options["training"]
    assert (training.preset, training.size_px, training.temporal, training.batch) == ("standard", 192, 0.25, 16)


@pytest.mark.parametrize("minutes", ["soon", "0", "5,-1"])
def test_minutes_that_are_none_are_refused(minutes: str) -> None:
    from flows.bench import Benchmark
    from flows.settings import from_settings

    with pytest.raises(InputError, match="minutes"):
        from_settings(Benchmark, {"suites": ["faces"], "minutes": minutes})


def test_every_suite_that_is_listed_can_be_found() -> None:
    from importlib import import_module

    from flows.bench import SUITES

    for place in SUITES.values():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))


def test_rows_are_written_and_a_suite_that_breaks_off_says_why(
    workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows import bench_cli
    from flows.bench import SUITES, Benchmark, bench

    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(SUITES, "toy", "toy_suite:rows")
    found = bench(Benchmark(suites=("toy",), quick=True))
    kept = json.loads((workshop / "out" / "bench" / "bench.json").read_text())
    assert [row["met"] for row in kept["rows"]] == [True, False, None]
    assert kept["rows"][0]["note"] == "quick" and "weights are gone" in kept["rows"][2]["note"]
    assert kept["n_missed"] == 1 and kept["date"].endswith("UTC") and "load_1min" in kept["machine"]
    bench_cli._show(found)
    printed = capsys.readouterr().out
    assert "small is good" in printed and "at most 5" in printed
