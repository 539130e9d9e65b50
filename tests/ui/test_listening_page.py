"""The page of a listening test in a real browser, with nothing but a keyboard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browser import Page

sys.path.append(str(Path(__file__).parents[1] / "listening"))

from listening_made import VOICE, made_test, write_clips

from av_models.domain.listening import Part
from av_models.io.listening_answers import Answers, Listener

TEST = made_test(n_judged=2, n_checks=1, n_pairs=1, n_tones=1)
_FOCUSED = "(document.activeElement.id || document.activeElement.textContent || document.activeElement.value).trim()"
_HEARD = """(async () => {
    const buttons = [...document.querySelectorAll('#clips button')];
    while (!buttons.every(one => /Play/.test(one.textContent)))
        await new Promise(done => setTimeout(done, 20));
    return document.querySelector('#clips').textContent;
})()"""


@dataclass
class Sitting:
    """One listener at the page of a test that is served as `flow listen` does it."""

    page: Page
    url: str
    folder: Path

    @property
    def listener(self) -> Listener:
        return Answers(self.folder).everybody()[-1]

    def arrive(self) -> None:
        self.page.open(self.url)
        self.until("!document.getElementById('intro').hidden || !document.getElementById('trial').hidden")

    def until(self, condition: str) -> None:
        self.page.evaluate(
            f"(async () => {{ while (!({condition})) await new Promise(done => setTimeout(done, 20)); }})()"
        )

    def tab_to(self, wanted: str) -> None:
        """Press Tab until the focus is where it is wanted; every stop on the way is seen."""
        stops = []
        for _ in range(12):
            self.page.press("Tab")
            stops.append(self.page.evaluate(_FOCUSED))
            if stops[-1] == wanted:
                return
        raise AssertionError(f"Tab never reached {wanted}: {stops}")

    def question(self, number: int) -> None:
        self.until(f"document.getElementById('place').textContent.startsWith('Question {number} ')")
        self.until("document.activeElement.id === 'question'")

    def hear(self, button: str) -> None:
        self.tab_to(button)
        self.page.press("Enter")
        self.page.evaluate(_HEARD)

    def choose(self, downwards: int) -> None:
        """The first radio button, or one of those below, then Next."""
        self.page.press("Tab")
        while self.page.evaluate("document.activeElement.type") != "radio":
            self.page.press("Tab")
        self.page.press(" ")
        self.page.press("ArrowDown", downwards)
        self.tab_to("next")
        self.page.press("Enter")


@pytest.fixture
def sitting(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sitting]:
    import socket

    from flows.deploy import _served
    from flows.listening_site import listening_site

    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "media"))
    folder = write_clips(tmp_path / "pilot", TEST, 0.6, marked=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with _served(listening_site(folder), "127.0.0.1", port):
        yield Sitting(page, f"http://127.0.0.1:{port}/", folder)


def test_a_whole_test_is_taken_by_keyboard_and_can_be_gone_on_with(sitting: Sitting) -> None:
    page = sitting.page
    sitting.arrive()
    assert "AI-generated" in page.evaluate("document.body.innerText")
    sitting.tab_to("start")
    page.press("Enter")
    said: list[str] = []
    for number, trial in enumerate(plan(sitting), start=1):
        sitting.question(number)
        if number == 3:  # the window was closed in between
            sitting.arrive()
            sitting.question(number)
        assert page.evaluate("document.getElementById('answers').disabled && document.getElementById('next').disabled")
        for place in range(1, len(trial.shown) + 1):
            sitting.hear(f"Play clip {place}" if len(trial.shown) > 1 else "Play the clip")
        downwards = number % 2
        sitting.choose(downwards)
        said.append(value(trial.part, downwards))
    sitting.until("!document.getElementById('end').hidden")
    assert page.evaluate("document.activeElement.id") == "end-title"
    assert [answer.answer for answer in sitting.listener.answers] == said and sitting.listener.done
    assert {answer.plays for answer in sitting.listener.answers} == {(1,), (1, 1)}
    assert page.evaluate("document.querySelectorAll('#rows tr').length") == 2
    assert VOICE in page.evaluate("document.getElementById('taste').textContent")
    assert page.problems == []


def plan(sitting: Sitting) -> tuple[Any, ...]:
    sitting.until("!document.getElementById('trial').hidden")
    return sitting.listener.plan


def value(part: Part, downwards: int) -> str:
    from av_models.domain.listening import OPTIONS

    return OPTIONS[part][downwards]


def test_a_clip_that_is_stopped_is_not_heard(sitting: Sitting) -> None:
    page = sitting.page
    sitting.arrive()
    sitting.tab_to("start")
    page.press("Enter")
    sitting.question(1)
    sitting.tab_to("Play the clip")
    page.press("Enter")
    sitting.until("document.activeElement.textContent === 'Stop the clip'")
    page.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Play the clip"
    assert page.evaluate("document.getElementById('answers').disabled")
    page.press("Enter")
    page.evaluate(_HEARD)
    assert not page.evaluate("document.getElementById('answers').disabled")
    assert "choose an answer" in page.evaluate("document.getElementById('status').textContent")


def test_a_lost_server_is_told_and_the_answer_is_not_lost(sitting: Sitting) -> None:
    page = sitting.page
    sitting.arrive()
    sitting.tab_to("start")
    page.press("Enter")
    sitting.question(1)
    sitting.hear("Play the clip")
    page.evaluate("window.real = window.fetch; window.fetch = () => Promise.reject(new TypeError('no network')); 0")
    sitting.choose(0)
    sitting.until("!document.getElementById('trouble').hidden")
    assert "cannot be reached" in page.evaluate("document.getElementById('trouble').textContent")
    page.evaluate("window.fetch = window.real; 0")
    sitting.tab_to("again")
    page.press("Enter")
    sitting.question(2)
    assert [answer.answer for answer in sitting.listener.answers] == ["1"]


def test_everything_has_a_name_and_can_be_read(sitting: Sitting, tmp_path: Path) -> None:
    page = sitting.page
    sitting.arrive()
    sitting.tab_to("start")
    page.press("Enter")
    sitting.question(1)
    nameless = """[...document.querySelectorAll('button, input, progress, fieldset, section, table')].filter(one =>
        !one.closest('[hidden]') && !(one.textContent.trim() || one.labels?.length || one.ariaLabel)).length"""
    assert page.evaluate(nameless) == 0
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.getElementById('status').getAttribute('role')") == "status"
    small = """[...document.querySelectorAll('button, #options label')].filter(one => !one.closest('[hidden]'))
        .filter(one => one.getBoundingClientRect().height < 44).length"""
    assert page.evaluate(small) == 0
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        assert page.evaluate(_LEAST_CONTRAST) >= 4.5
    for width_px in (320, 1280):
        page.resize(width_px, 900)
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px


_LEAST_CONTRAST = """(() => {
    const light = text => {
        const parts = text.match(/[0-9.]+/g).slice(0, 3).map(one => one / 255)
            .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = one => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const texts = [...document.querySelectorAll('h1, h2, p, label, legend, button, span, strong')]
        .filter(one => !one.closest('[hidden]') && one.textContent.trim());
    return Math.min(...texts.map(one => {
        const [ink, card] = [getComputedStyle(one).color, behind(one)].map(light);
        return (Math.max(ink, card) + 0.05) / (Math.min(ink, card) + 0.05);
    }));
})()"""
