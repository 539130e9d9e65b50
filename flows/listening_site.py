"""The page of a blind listening test, and what it may know: nothing before the answer.

A clip has no name: it is asked for by the number of the question and its place in it, and what comes is the bare sound
with the same head for all. What a question really shows stays here until the listener has answered the last one. An
answer is taken when the clips can have been heard to their ends, and not before.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from av_models.domain.listening import OPTIONS, ListeningTest, Part, Trial

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from av_models.io.listening_answers import Listener

__all__ = ["listening_site"]

_MOST_BODY_BYTES = 2_000
_MOST_PLAYS = 999
_EARLY_S = 0.1
"""Players end a clip a little before or after its last sample."""

_QUESTIONS = {
    Part.HEADPHONES: "Which of the three tones is the softest?",
    Part.JUDGE: "Is this a recording of a person, or a synthesis?",
    Part.PREFER: "Which of the two would you rather listen to?",
}
_LABELS = {
    "1": "The first", "2": "The second", "3": "The third",
    "recording": "Recording of a person", "synthesis": "Synthesis by a machine",
    "first": "Clip 1", "second": "Clip 2",
}  # fmt: skip
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(slots=True)
class _Waiting:
    """Since when each listener could hear the clips of the present question: (trial, clips asked for, first time)."""

    clock: Callable[[], float]
    since: dict[str, tuple[int, set[int], float]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def hand_out(self, listener: str, trial: int, place: int) -> None:
        with self.lock:
            known = self.since.get(listener)
            if known is None or known[0] != trial:
                self.since[listener] = (trial, {place}, self.clock())
            else:
                known[1].add(place)

    def heard_s(self, listener: str, trial: int, n_clips: int) -> float:
        """Seconds since the first clip went out; 0 while any of them was never asked for."""
        with self.lock:
            known = self.since.get(listener)
            if known is None or known[0] != trial or len(known[1]) < n_clips:
                return 0.0
            return self.clock() - known[2]


def listening_site(
    folder: Path, withdrawn: Callable[[], str] = lambda: "", clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """The site of the test in `folder`. withdrawn: why nobody may be heard any more, '' while all consent stands.

    All clips are read at once, so that no answer comes sooner for one kind than for another. Addresses are relative:
    the site works below any path of a proxy.
    """
    from starlette.applications import Starlette
    from starlette.routing import Route

    from av_models.io.listening_answers import Answers
    from av_models.io.listening_folder import blind_wav, read_test
    from av_models.io.listening_pages import test_page

    test, answers, waiting = read_test(folder), Answers(folder), _Waiting(clock)
    sounds = {clip.file: blind_wav(folder, clip.file) for item in test.items for clip in item.clips}

    def page(request: Request) -> Response:
        from starlette.responses import HTMLResponse

        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
            "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        body = test_page(test, nonce, withdrawn())
        return HTMLResponse(body, headers={**_HEADERS, "Content-Security-Policy": policy})

    def admit(request: Request) -> Response:
        if withdrawn():
            return _told(410, "withdrawn")
        return _state(test, answers.admit(test), 201)

    def state(request: Request) -> Response:
        listener = answers.listener(request.path_params["listener"])
        if listener is None:
            return _told(404, "unknown listener")
        return _told(410, "withdrawn") if withdrawn() else _state(test, listener)

    def sound(request: Request) -> Response:
        from starlette.responses import Response

        listener = answers.listener(request.path_params["listener"])
        trial, place = request.path_params["trial"], request.path_params["place"]
        if withdrawn():
            return _told(410, "withdrawn")
        # Only of the present question: what lies ahead stays unknown, what lies behind is answered.
        if listener is None or listener.done or trial != len(listener.answers) + 1:
            return _told(404, "no such clip")
        if not 1 <= place <= len(listener.trial.shown):
            return _told(404, "no such clip")
        waiting.hand_out(listener.id, trial, place)
        data, _ = sounds[_file(test, listener.trial, place - 1)]
        return Response(data, media_type="audio/wav", headers=_HEADERS)

    async def answer(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool

        body = await _body(request)
        return await run_in_threadpool(take, request.path_params["listener"], body)

    def take(name: str, body: dict[str, Any]) -> Response:
        listener = answers.listener(name)
        if listener is None:
            return _told(404, "unknown listener")
        trial, said = body.get("trial"), body.get("answer")
        if not isinstance(trial, int) or not 1 <= trial <= len(listener.plan):
            return _told(422, "no such question")
        if trial <= len(listener.answers):  # sent twice: the confirmation of the first was lost on its way
            return _state(test, listener)
        if trial != len(listener.answers) + 1 or said not in OPTIONS[listener.trial.part]:
            return _told(422, "no answer to this question")
        shown = listener.trial.shown
        length_s = sum(sounds[_file(test, listener.trial, place)][1] for place in range(len(shown)))
        heard_s = waiting.heard_s(name, trial, len(shown))
        if heard_s < length_s - _EARLY_S * len(shown):
            return _told(409, "not heard to the end")
        answers.keep(listener, trial - 1, said, _plays(body.get("plays"), len(shown)), round(1000 * heard_s))
        kept = answers.listener(name)
        assert kept is not None
        return _state(test, kept)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/listeners", admit, methods=["POST"]),
            Route("/listeners/{listener}", state),
            Route("/listeners/{listener}/answers", answer, methods=["POST"]),
            Route("/listeners/{listener}/clips/{trial:int}/{place:int}", sound),
        ]
    )


def _state(test: ListeningTest, listener: Listener, status: int = 200) -> Response:
    """What a listener may know: the present question, or, after the last one, what was what."""
    known: dict[str, Any] = {"listener": listener.id, "n_trials": len(listener.plan), "done": listener.done}
    if listener.done:
        return _json(known | _debriefing(test, listener), status)
    # A check looks like any other clip to judge.
    part = Part.JUDGE if listener.trial.part is Part.CHECK else listener.trial.part
    known |= {
        "trial": len(listener.answers) + 1,
        "question": _QUESTIONS[part],
        "options": [{"value": value, "label": _LABELS[value]} for value in OPTIONS[part]],
        "n_clips": len(listener.trial.shown),
    }
    return _json(known, status)


def _debriefing(test: ListeningTest, listener: Listener) -> dict[str, Any]:
    judged = [
        {"trial": number, "text": test.item(trial.item).text, "truth": trial.truth, "answer": one.answer}
        for number, (trial, one) in enumerate(listener.answered, start=1)
        if trial.part is Part.JUDGE
    ]
    chosen = [trial.chosen(one.answer) for trial, one in listener.answered if trial.part is Part.PREFER]
    return {
        "judged": judged,
        "n_right": sum(one["truth"] == one["answer"] for one in judged),
        "chosen": {name: chosen.count(name) for name in (test.voice, test.against)} if chosen else {},
    }


def _file(test: ListeningTest, trial: Trial, place: int) -> str:
    return test.item(trial.item).file(trial.shown[place])


async def _body(request: Request) -> dict[str, Any]:
    """JSON of a few bytes; {} for anything else."""
    import json

    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > _MOST_BODY_BYTES:
            return {}
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _plays(given: Any, n_clips: int) -> list[int]:
    """As the page counted, if it did."""
    if not isinstance(given, list) or len(given) != n_clips or not all(isinstance(one, int) for one in given):
        return [1] * n_clips
    return [min(max(one, 1), _MOST_PLAYS) for one in given]


def _told(status: int, reason: str) -> Response:
    return _json({"error": reason}, status)


def _json(values: dict[str, Any], status: int) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(values, status, headers=_HEADERS)
