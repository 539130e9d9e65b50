"""The page's server: it gives nothing away before the answer, takes none too early, and loses none."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from listening_made import OTHER, VOICE, made_test, write_clips
from starlette.testclient import TestClient

from av_models.domain.listening import RECORDING, SYNTHESIS, Part
from av_models.io.listening_answers import Answers, Listener
from av_models.io.watermark import MARKED_FROM, detect_audio
from flows.listening_site import listening_site

TEST = made_test(n_judged=3, n_checks=1, n_pairs=1, n_tones=1)
SECONDS = 1.5


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"), TEST, SECONDS)


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    """The same clips, and no answers yet."""
    import shutil

    return Path(shutil.copytree(clips, tmp_path / "pilot"))


class Ear:
    """A browser without a window, and a clock that only moves when it listens."""

    def __init__(self, folder: Path, consent: list[str] | None = None) -> None:
        self.now_s = 100.0
        self.folder, self.withdrawn = folder, consent if consent is not None else []
        self.state: dict[str, Any] = {}
        self.restart()

    def restart(self) -> None:
        site = listening_site(self.folder, lambda: "".join(self.withdrawn), lambda: self.now_s)
        self.client = TestClient(site)

    def come(self) -> None:
        answer = self.client.post("/listeners", json={})
        assert answer.status_code == 201
        self.state = answer.json()

    def clip(self, place: int = 1, trial: int | None = None) -> Any:
        return self.client.get(f"{self.path}/clips/{trial or self.state['trial']}/{place}")

    def listen(self) -> list[Any]:
        heard = [self.clip(place) for place in range(1, self.state["n_clips"] + 1)]
        for one in heard:
            found = soundfile.info(io.BytesIO(one.content))
            self.now_s += found.frames / found.samplerate
        return heard

    def answer(self, said: str, trial: int | None = None) -> Any:
        body = {"trial": trial or self.state["trial"], "answer": said, "plays": [1] * self.state["n_clips"]}
        found = self.client.post(f"{self.path}/answers", json=body)
        if found.status_code == 200:
            self.state = found.json()
        return found

    @property
    def path(self) -> str:
        return f"/listeners/{self.state['listener']}"

    @property
    def known(self) -> Listener:
        """What the server keeps to itself."""
        found = Answers(self.folder).listener(self.state["listener"])
        assert found is not None
        return found


@pytest.fixture
def ear(folder: Path) -> Iterator[Ear]:
    one = Ear(folder)
    one.come()
    yield one


def test_nothing_that_comes_before_the_answer_gives_it_away(ear: Ear) -> None:
    """Heads, names, sizes and words of what the browser gets are the same for recordings and for syntheses."""
    page = ear.client.get("/")
    told: dict[str, list[Any]] = {RECORDING: [], SYNTHESIS: []}
    shapes = set()
    for _ in range(len(TEST.items)):
        trial = ear.known.trial
        names = [TEST.item(trial.item).text or "robot", VOICE, OTHER, trial.item]
        state = json.dumps(ear.state)
        assert not [one for one in names if one in state or one in page.text]
        assert not [one for one in ("truth", "shown", "check") if one in state]
        heard = ear.listen()
        if trial.part in (Part.JUDGE, Part.CHECK):
            told[trial.truth].append(heard[0])
            shapes.add(
                (ear.state["question"], tuple(sorted(ear.state)), str(ear.state["options"]), ear.state["n_clips"])
            )
        ear.answer(ear.state["options"][0]["value"])
    assert len(shapes) == 1  # a check looks like any other clip
    everything = told[RECORDING] + told[SYNTHESIS]
    assert len(told[RECORDING]) >= 1 and len(told[SYNTHESIS]) >= 2
    assert len({tuple(sorted(one.headers.items())) for one in everything}) == 1
    assert len({len(one.content) for one in everything}) == 1  # of sounds of one length
    for one in everything:
        head, samples = one.content[:44], one.content[44:]
        assert head[:4] == b"RIFF" and head[36:40] == b"data" and int.from_bytes(head[40:], "little") == len(samples)
        assert int.from_bytes(head[4:8], "little") == len(one.content) - 8


def test_what_lies_on_disk_is_labelled_and_what_is_heard_stays_marked(ear: Ear) -> None:
    for item in TEST.of(Part.JUDGE):
        assert b"AI-generated" in (ear.folder / "clips" / item.file(SYNTHESIS)).read_bytes()
    while not (ear.known.trial.part is Part.JUDGE and ear.known.trial.truth == SYNTHESIS):
        ear.listen()
        ear.answer(ear.state["options"][0]["value"])
    samples, rate_hz = soundfile.read(io.BytesIO(ear.listen()[0].content), dtype="float32")
    assert detect_audio(samples, rate_hz) > MARKED_FROM
    assert "AI-generated" in ear.client.get("/").text


def test_an_answer_needs_ears(ear: Ear) -> None:
    said = ear.state["options"][0]["value"]
    assert ear.answer(said).status_code == 409  # never asked for the clip
    ear.clip()
    ear.now_s += SECONDS / 2
    assert ear.answer(said).status_code == 409
    ear.now_s += SECONDS / 2
    assert ear.answer(said).status_code == 200 and len(ear.known.answers) == 1
    while ear.known.trial.part is not Part.PREFER:
        ear.listen()
        ear.answer(ear.state["options"][0]["value"])
    ear.clip(1)
    ear.now_s += 60
    assert ear.answer("first").status_code == 409  # one clip of the two was never heard
    ear.clip(2)
    assert ear.answer("first").status_code == 200 and ear.state["done"]


@pytest.mark.parametrize("said", ["maybe", "first", "", None, 3])
def test_only_an_answer_to_the_question_counts(ear: Ear, said: Any) -> None:
    ear.listen()
    assert ear.answer(said).status_code == 422 and not ear.known.answers
    huge = ear.client.post(f"{ear.path}/answers", content=b'{"trial": 1, "answer": "' + b"1" * 100_000 + b'"}')
    assert huge.status_code == 422
    assert ear.client.post(f"{ear.path}/answers", content=b"[1, 2").status_code == 422


def test_what_lies_ahead_and_what_others_hear_stays_unknown(ear: Ear) -> None:
    assert ear.clip(1, trial=2).status_code == 404 and ear.clip(2).status_code == 404
    assert ear.client.get("/listeners/somebody").status_code == 404
    assert ear.client.get("/listeners/somebody/clips/1/1").status_code == 404
    for path in ("/test.json", "/clips/j00-recording.wav", "/answers.sqlite", "/listeners"):
        assert ear.client.get(path).status_code in (404, 405)
    ear.listen()
    ear.answer("1")
    assert ear.clip(1, trial=1).status_code == 404


def test_who_stopped_goes_on_where_he_was_even_after_a_restart(ear: Ear) -> None:
    for _ in range(2):
        ear.listen()
        ear.answer(ear.state["options"][0]["value"])
    before = ear.state
    ear.clip()
    ear.now_s += 60
    ear.restart()
    assert ear.client.get(ear.path).json() == before and before["trial"] == 3
    assert ear.answer("recording").status_code == 409  # the new server has not handed the clip out yet
    ear.listen()
    assert ear.answer("recording").status_code == 200
    ear.answer("synthesis", trial=3)  # sent once more, because the confirmation was lost
    assert ear.known.answers[2].answer == "recording" and ear.state["trial"] == 4


def test_the_truth_is_told_after_the_last_answer(ear: Ear) -> None:
    right = 0
    while not ear.state["done"]:
        assert "truth" not in json.dumps(ear.state)
        trial = ear.known.trial
        right += trial.part is Part.JUDGE
        ear.listen()
        ear.answer(trial.truth or "second")
    assert (ear.state["n_right"], len(ear.state["judged"])) == (right, 3)
    assert {one["text"] for one in ear.state["judged"]} == {item.text for item in TEST.of(Part.JUDGE)}
    assert ear.state["chosen"] == {VOICE: 0, OTHER: 1} or ear.state["chosen"] == {VOICE: 1, OTHER: 0}
    assert ear.client.get(ear.path).json() == ear.state


def test_a_revocation_ends_the_test_at_once(folder: Path) -> None:
    revoked: list[str] = []
    one = Ear(folder, revoked)
    one.come()
    revoked.append("revoked: changed my mind")
    assert one.clip().status_code == 410 and one.client.post("/listeners", json={}).status_code == 410
    page = one.client.get("/").text
    assert "This test is over" in page and "<script" not in page and "my mind" not in page


def test_the_page_loads_nothing_and_runs_nothing_but_its_own(ear: Ear) -> None:
    page = ear.client.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in page.text and nonce not in ear.client.get("/").text
    assert "http://" not in page.text and "https://" not in page.text and "src=" not in page.text
