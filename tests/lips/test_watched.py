"""What a performance shows besides landmarks, on the sample actor, whose blinks are known; and what he is heard to
say."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from media_made import SAMPLES
from numpy.typing import NDArray

from av_models.alignment.spotting import spot
from av_models.face.backend import get_backend
from av_models.face.track import follow
from av_models.io.audio import read_audio
from av_models.io.video import Picture, read_pictures
from av_models.lips.said import find_said
from av_models.lips.watched import Watched, watch_performance
from av_models.speech.phones import pronounce
from av_models.speech.script import read_script

FIRST, LAST = 95, 170
# Where the renderer closed the lids by a fifth or more.
BLINK = range(120, 126)
HAND = range(140, 160)

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    found = read_pictures(SAMPLES / "actor_b.mp4", range(FIRST, LAST))
    return [Picture(k, Fraction(k, 25), one.rgb) for k, one in enumerate(found)]


@pytest.fixture(scope="module")
def landmarks(pictures: list[Picture], tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.float32]:
    followed = follow(iter(pictures), get_backend("dlib", tmp_path_factory.mktemp("models")))
    return followed.arrays["landmarks"]


@pytest.fixture(scope="module")
def seen(pictures: list[Picture], landmarks: NDArray[np.float32]) -> Watched:
    hand = [Picture(p.index, p.time, with_hand(p.rgb, landmarks[p.index])) for p in pictures]
    shown = [hand[k] if k + FIRST in HAND else one for k, one in enumerate(pictures)]
    return watch_performance(shown, landmarks, 25.0)


def with_hand(rgb: Pixels, points: NDArray[np.float32]) -> Pixels:
    """The mouth covered by an ellipse of the skin's own colour."""
    import cv2

    nose = rgb[int(points[30, 1]) - 8 : int(points[30, 1]) + 8, int(points[31, 0]) : int(points[35, 0])]
    skin = np.median(nose.reshape(-1, 3), axis=0) * 0.9
    apart = float(np.linalg.norm(points[45] - points[36]))
    middle = tuple(int(value) for value in points[48:68].mean(0))
    covered = rgb.copy()
    cv2.ellipse(covered, middle, (int(0.55 * apart), int(0.33 * apart)), 20, 0, 360, skin.tolist(), -1)
    return covered


def test_a_blink_is_seen_and_nothing_else_taken_for_one(seen: Watched) -> None:
    frames = set((np.flatnonzero(seen.blink) + FIRST).tolist())
    assert set(BLINK) <= frames
    assert frames <= set(range(BLINK[0] - 4, BLINK[-1] + 5))


def test_a_hidden_mouth_is_seen(seen: Watched) -> None:
    frames = set((np.flatnonzero(seen.hidden) + FIRST).tolist())
    assert len(frames & set(HAND)) >= 0.8 * len(HAND)
    assert frames <= set(HAND)


def test_a_cut_is_seen(pictures: list[Picture], landmarks: NDArray[np.float32]) -> None:
    shown = [Picture(p.index, p.time, p.rgb if p.index < 40 else 255 - p.rgb) for p in pictures]
    assert np.flatnonzero(watch_performance(shown, landmarks, 25.0).cut).tolist() == [40]


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    return read_audio(SAMPLES / "actor_b.mp4", 16_000)


def said(sound: NDArray[np.float32], texts: Sequence[str]) -> list[tuple[float, float] | None]:
    found, _ = find_said(sound, 16_000, [read_script(text).lines[0] for text in texts], "en-us")
    return [None if one is None else (float(one.words[0].start), float(one.words[-1].end)) for one in found]


def test_phrases_are_found_among_others_that_are_not_said(sound: NDArray[np.float32]) -> None:
    texts = [
        "And welcome to the studio.",
        "Nobody has ever told me this before.",
        "And we have a very big program for you.",
        "The weather stays mild and very calm.",
    ]
    first, none, third, nothing = said(sound, texts)
    assert none is None and nothing is None
    assert first == (pytest.approx(0.876, abs=0.05), pytest.approx(2.667, abs=0.06))
    assert third == (pytest.approx(4.49, abs=0.05), pytest.approx(6.708, abs=0.06))


def test_phrases_keep_the_order_of_the_script(sound: NDArray[np.float32]) -> None:
    later, earlier = said(sound, ["And we have a very big program for you.", "My name is Bob Fowler."])
    assert (later is None) != (earlier is None)


def test_nothing_is_spotted_in_silence() -> None:
    words = [[pronounce(word) for word in ("nobody", "knows", "the", "answer")]]
    assert spot(np.zeros(16_000, np.float32), 16_000, words) == ()
    assert spot(np.zeros(0, np.float32), 16_000, words) == ()
