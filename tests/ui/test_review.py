"""The gates where no server is needed: unattended runs, the terminal, and what an answer means."""

from __future__ import annotations

import pickle

import pytest

from av_models.domain.errors import RejectedError
from flows import review
from flows.review import Decision, Gate, Verdict, ask, line_numbers


def answers(monkeypatch: pytest.MonkeyPatch, *typed: str) -> list[str]:
    """A terminal at which somebody types these lines; returns what is shown there."""
    left, shown = list(typed), []

    def prompt(text: str, default: object = None, **options: object) -> object:
        shown.append(text)
        given = left.pop(0)
        kind = options.get("type", str)
        return kind(given) if given else default  # type: ignore[operator]

    monkeypatch.setattr(review, "_at_terminal", lambda: True)
    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("typer.echo", lambda text, **_: shown.append(text))
    return shown


def test_unattended_runs_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(Gate.SPEECH, "look", review=False) == Decision(Verdict.APPROVE)
    monkeypatch.setattr(review, "_at_terminal", lambda: False)
    monkeypatch.setattr(review, "_has_page", lambda: False)
    assert ask(Gate.MODEL, "look") == Decision(Verdict.APPROVE)


def test_the_terminal_shows_no_picture_data(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = answers(monkeypatch, "a")
    assert ask(Gate.SWAP, "Two shots.\n\n![a sheet](data:image/png;base64,AAAA)\n\nIn `out/swap`.").verdict == "approve"
    assert shown[0] == "Two shots.\n\nIn `out/swap`."


def test_lines_are_asked_for_until_they_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = answers(monkeypatch, "maybe", "r", "2, 9", "2, 4-5", "too fast")
    found = ask(Gate.SPEECH, "listen", n_lines=5)
    assert found == Decision(Verdict.REDO, (2, 4, 5), 0.0, "too fast")
    assert "There is no line 9; the script has lines 1 to 5." in shown
    assert found.reseed((7, 7, 7, 8, 9)) == (7, 8, 7, 9, 10)


def test_more_training_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "redo", "2.5", "")
    found = ask(Gate.MODEL, "look")
    assert found.redo
    assert found.budget_s(210.0) == 360.0


def test_reject_ends_with_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "x", "wrong actor")
    with pytest.raises(RejectedError, match="Rejected at the swap gate: wrong actor") as caught:
        ask(Gate.SWAP, "look")
    assert caught.value.exit_code == 5
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_no_lines_named_means_all() -> None:
    assert line_numbers("", 3) == ()
    assert Decision(Verdict.REDO).reseed((1, 1, 1)) == (2, 2, 2)


@pytest.mark.parametrize(("text", "numbers"), [("3", (3,)), ("1 - 3, 2", (1, 2, 3)), ("5 1", (1, 5))])
def test_line_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert line_numbers(text, 5) == numbers


@pytest.mark.parametrize("text", ["0", "6", "4-2", "two", "1-"])
def test_wrong_line_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r"line"):
        line_numbers(text, 5)
