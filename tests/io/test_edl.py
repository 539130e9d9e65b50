from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from edits import timeline, utterance

from av_models.domain.edit import Anchor
from av_models.io.edl import edl_text
from av_models.io.timeline import stretches

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]
ANCHORS = (
    Anchor(0, Fraction(2)),
    Anchor(10, Fraction(12, 5)),
    Anchor(20, Fraction(16, 5)),
    Anchor(30, Fraction(3)),
    Anchor(34, Fraction(3)),
)


def reopened(text: str, rate: Fraction) -> Any:
    """As another program reads it: the adapter of the OpenTimelineIO project, which is not ours."""
    pytest.importorskip("otio_cmx3600_adapter", reason="pip install otio-cmx3600-adapter")
    return otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))


@pytest.mark.parametrize("rate", RATES)
def test_events_come_back_at_their_frames_with_their_speeds(rate: Fraction) -> None:
    edit = timeline([utterance("Hello there dear old friend, how are you?"), utterance("Good night.")], rate, ANCHORS)
    text = edl_text(edit, "Title", "actor_b.mp4")
    opened = reopened(text, rate)
    expected = [
        (placement.first_frame + one.first, one.end - one.first, one.speed)
        for placement in edit.placements
        for one in stretches(placement, rate)
    ]
    picture = next(track for track in opened.tracks if track.name == "V")
    assert len(picture) == len(expected)
    for clip, (first, length, _) in zip(picture, expected, strict=True):
        here = clip.range_in_parent()
        assert (here.start_time.value, here.duration.value) == (first, length)
    # Read from the text: the adapter forgets a speed that takes as many frames as it fills.
    speeds = [float(line.split()[2]) / float(rate) for line in text.splitlines() if line.startswith("M2")]
    assert speeds == pytest.approx([float(speed) for *_, speed in expected if speed != 1], abs=1e-3)
    sound = next(track for track in opened.tracks if track.name == "A1")
    assert len([clip for clip in sound if isinstance(clip, otio.schema.Clip)]) == 2


def test_the_list_is_what_the_standard_asks_for() -> None:
    text = edl_text(
        timeline([utterance("Hello there dear old friend.")], anchors=ANCHORS), "Täglich", "my actor's clip.mp4"
    )
    assert text.startswith("TITLE: T?glich\nFCM: NON-DROP FRAME\n")
    assert text.isascii()
    code = r"\d\d:\d\d:\d\d:\d\d"
    events = [line for line in text.splitlines() if line[:3].isdigit()]
    for number, line in enumerate(events, 1):
        assert re.fullmatch(rf"{number:03d}  [A-Z0-9 ]{{8}} [VA]     C        {code} {code} {code} {code}", line)
    assert re.search(rf"^M2   MYACTORS 050\.000 +{code}$", text, re.MULTILINE)
    assert re.search(rf"^M2   MYACTORS -12\.500 +{code}$", text, re.MULTILINE)


def test_roles_and_exact_starts_are_remarks() -> None:
    text = edl_text(timeline([utterance("Hello there.")], Fraction(24000, 1001)), "Title", "actor.mp4")
    assert "* STARTS AT 0.250000 S, 13230 SAMPLES AT 22050 HZ" in text
    assert "speech/001.wav" in text
