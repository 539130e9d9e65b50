"""Progress reaches whoever watches, and is the place where a stage can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from av_models.domain.errors import InputError
from av_models.io.preview import decode_image
from tasks.artifacts import MOST_PICTURE_BYTES, artifact_key, inline_picture
from tasks.progress import (
    Progress,
    Report,
    StageStopped,
    announce,
    request_stop,
    stopping_together,
    unwatched,
    watch,
    written_time,
)


class Onlooker:
    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.said: list[tuple[str, str]] = []
        self.holds: list[bool] = []

    def progressed(self, report: Report) -> None:
        self.reports.append(report)

    def announced(self, subject: str, sentence: str) -> None:
        self.said.append((subject, sentence))

    def held(self, held: bool) -> None:
        self.holds.append(held)


@pytest.fixture
def onlooker() -> Iterator[Onlooker]:
    found = Onlooker()
    unwatch = watch(found)
    yield found
    unwatch()


def test_first_and_last_report(onlooker: Onlooker) -> None:
    with Progress("follow the face", 10, "frame", "a.mp4") as progress:
        for frame in range(1, 11):
            progress.reach(frame)
    first, last = onlooker.reports[0], onlooker.reports[-1]
    assert (first.share, first.ended) == (0.0, False)
    assert (last.share, last.n_done, last.ended) == (1.0, 10, True)
    assert last.sentence == "follow the face, a.mp4: 10 frames in 0 s"


def test_a_stage_stops_at_its_next_report(onlooker: Onlooker) -> None:
    with pytest.raises(StageStopped), stopping_together(), Progress("train") as progress:
        progress.update(0.2)
        request_stop()
        progress.update(0.3)
    assert onlooker.reports[-1].ended and onlooker.reports[-1].share == 0.2
    with stopping_together(), Progress("train") as again:
        again.update(0.3)


def test_a_failure_stops_the_stages_beside_it_and_no_later_ones(onlooker: Onlooker) -> None:
    with pytest.raises(InputError), stopping_together():
        beside = Progress("train")
        raise InputError("The other stage failed.")
    with pytest.raises(StageStopped):
        beside.update(0.3)
    Progress("train").update(0.3)


def test_a_stage_that_begins_when_its_run_has_ended_ends_too() -> None:
    """As the workers do that were still busy with the stage before, or with loading, at Ctrl-C."""

    def begin() -> None:
        asked.wait()
        with Progress("track faces") as late:
            late.update(0.1)

    asked = Event()
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt), stopping_together():
            begun = pool.submit(copy_context().run, begin)  # how Prefect starts its workers
            request_stop()
            raise KeyboardInterrupt
        asked.set()
        assert isinstance(begun.exception(), StageStopped)
    Progress("train").update(0.3)


@pytest.mark.parametrize("stopped", [True, False])
def test_an_artifact_that_cannot_be_drawn_because_its_run_was_stopped_is_no_news(
    stopped: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object, **__: object) -> None:
        if stopped:
            request_stop()
        raise RuntimeError("Cannot send a request, as the client has been closed.")

    monkeypatch.setattr("tasks.progress.in_run", lambda: True)
    monkeypatch.setattr("tasks.progress.ARTIFACT_EVERY_S", 0.0)
    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", closed)
    with stopping_together(), Progress("train") as progress:
        progress.update(0.1)
    assert len(caplog.records) == (0 if stopped else 1)


def test_time_left_of_a_stage_that_knows_it(onlooker: Onlooker) -> None:
    report = Report(1, "train", "", 0.25, 0, 0, "step", "step 40", 60.0, 185.0, False)
    assert report.sentence == "train: 25%, about 3:05 min left (step 40)"


def test_announcements_and_holds(onlooker: Onlooker) -> None:
    announce("speech", "3 lines")
    with unwatched():
        assert onlooker.holds == [True]
    assert onlooker.said == [("speech", "3 lines")] and onlooker.holds == [True, False]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1:00 min"), (185, "3:05 min"), (3720, "1:02:00 h")]
)
def test_written_time(seconds: float, text: str) -> None:
    assert written_time(seconds) == text


def test_artifact_key() -> None:
    assert artifact_key("Find & follow", "", "Actor_B.mp4") == "find-follow-actor-b-mp4"


def test_inline_picture_is_made_small_enough() -> None:
    rough = np.random.default_rng(1).integers(0, 60, (900, 1600, 3), np.uint8)
    markdown = inline_picture(rough, "a [sheet]")
    assert markdown.startswith("![a  sheet ](data:image/jpeg;base64,") and len(markdown) < MOST_PICTURE_BYTES + 100


def test_inline_picture_keeps_a_small_file_as_it_is(tmp_path: Path) -> None:
    import base64

    from av_models.io.preview import encode_jpeg

    data = encode_jpeg(np.full((32, 48, 3), 90, np.uint8))
    inside = base64.b64decode(inline_picture(data, "x").split("base64,")[1].rstrip(")"))
    assert inside == data and decode_image(inside).shape == (32, 48, 3)
