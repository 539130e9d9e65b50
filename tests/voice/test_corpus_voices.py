"""Is it one voice? With embeddings made up so that it is known, and by pitch where there is no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from av_models.speech.corpus.voices import VoiceMark, mark_by_pitch, strangers, two_voices

Array = NDArray[np.float32]
RNG = np.random.default_rng(3)
ANNA, BOB = (v / np.linalg.norm(v) for v in np.abs(RNG.normal(0, 1, (2, 256))).clip(0.4) - 0.4)


def windows(*who: Array) -> Array:
    """One a window, each a little off its speaker."""
    rows = np.stack([one + np.abs(RNG.normal(0, 0.03, 256)) for one in who])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def mark(*who: Array) -> VoiceMark:
    found = windows(*who)
    mean = found.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32), found


def test_a_clip_of_somebody_else_and_one_with_two_people_are_found() -> None:
    marks = [mark(ANNA, ANNA, ANNA) for _ in range(9)] + [mark(BOB, BOB), mark(*[ANNA] * 8, BOB, BOB, BOB)]
    reasons = strangers(marks)
    assert reasons[:9] == [""] * 9
    assert "another voice" in reasons[9] and "two voices" in reasons[10]


def test_a_sample_by_itself_is_known_to_change_its_speaker() -> None:
    assert two_voices(windows(ANNA, ANNA, BOB, BOB))
    assert not two_voices(windows(ANNA, ANNA, ANNA))
    assert not two_voices(windows(ANNA))


def test_by_pitch_a_man_among_women_is_found() -> None:
    tracks = [np.full(50, hz, np.float32) for hz in (210, 205, 220, 198, 212, 105)]
    reasons = strangers([mark_by_pitch(track) for track in tracks])
    assert reasons[:5] == [""] * 5 and "105 Hz" in reasons[5]


def test_a_handful_of_clips_is_not_judged() -> None:
    assert strangers([mark(ANNA), mark(BOB)]) == ["", ""]
    assert mark_by_pitch(np.zeros(9, np.float32)) == 0.0
