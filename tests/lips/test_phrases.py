"""Lines in phrases, phrases on the actor's mouth, and which way each is fitted."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from spoken_lines import alignment_of

from av_models.domain.edit import Fit, Lips
from av_models.domain.speech import Phone, Word
from av_models.lips.activity import MouthPhrase, mouth_phrases
from av_models.lips.choice import choose_fit
from av_models.lips.guide import Guide, Moment, carried_over, mouth_guides, said_guide
from av_models.lips.isochrony import isochrony
from av_models.lips.phrases import line_of, split_phrases
from av_models.lips.said import Performed

TWO = "Good morning, everybody. It costs $20 [pause 300ms] and not one cent more."


def test_phrases_end_with_sentences_and_pauses_never_inside_a_word() -> None:
    alignment = alignment_of(TWO)
    phrases = split_phrases(alignment)
    texts = [" ".join(word.text for word in alignment.words[p.first_word : p.end_word]) for p in phrases]
    assert texts == ["good morning", "everybody", "it costs twenty dollars", "and not one cent more"]
    assert (phrases[0].first_word, phrases[-1].end_word) == (0, len(alignment.words))
    assert all(one.end_word == other.first_word for one, other in pairwise(phrases))
    line = line_of(alignment.speech.utterance.line, phrases[2].first_word, phrases[2].end_word)
    assert line is not None and line.spoken == ("it", "costs", "twenty", "dollars")
    assert line_of(alignment.speech.utterance.line, 0, phrases[2].end_word - 1) is None


def mouth(*spans: tuple[float, float]) -> list[MouthPhrase]:
    return [MouthPhrase(start, end, ()) for start, end in spans]


def test_phrases_are_laid_on_the_movements_that_last_as_long() -> None:
    alignment = alignment_of("Good morning everybody. It is late. This sentence is quite a bit longer than the others.")
    phrases = split_phrases(alignment)
    lengths = [float(phrase.duration) for phrase in phrases]
    starts = (1.0, 4.0, 6.0)
    seen = mouth(*((at, at + 1.1 * length) for at, length in zip(starts, lengths, strict=True)))
    ((one, two, three),) = mouth_guides([(alignment, phrases)], seen)
    assert one and two and three and not one.said
    assert (one.start_s, two.start_s, three.start_s) == pytest.approx(starts)
    assert three.end_s == pytest.approx(6.0 + 1.1 * lengths[2])


def test_two_phrases_share_one_long_movement() -> None:
    alignment = alignment_of("Good morning everybody. It is late.")
    phrases = split_phrases(alignment)
    whole = float(phrases[-1].end - phrases[0].start)
    ((one, two),) = mouth_guides([(alignment, phrases)], mouth((2.0, 2.0 + whole)))
    assert one and two
    assert (one.start_s, two.end_s) == (pytest.approx(2.0), pytest.approx(2.0 + whole))
    assert one.end_s < two.start_s


def test_without_movement_there_is_nothing_to_follow() -> None:
    alignment = alignment_of("Good morning everybody.")
    assert mouth_guides([(alignment, split_phrases(alignment))], ()) == [[None]]


def test_the_actors_words_ends_and_closings_are_followed() -> None:
    alignment = alignment_of("My mother buys bread.")
    (phrase,) = split_phrases(alignment)
    slower = [Word(w.text, 3 + w.start * Fraction(6, 5), 3 + w.end * Fraction(6, 5)) for w in alignment.words]
    phones = [Phone(p.label, 3 + p.start * Fraction(6, 5), 3 + p.end * Fraction(6, 5)) for p in alignment.phones]
    guide = said_guide(alignment, phrase, Performed(tuple(slower), tuple(phones)))
    assert guide.said and len(guide.word_s) == 4
    for moment in guide.moments:
        assert moment.footage_s == pytest.approx(3 + 1.2 * moment.spoken_s, abs=1e-6)
    starts = {round(moment.spoken_s, 4) for moment in guide.moments}
    shut = {round(float(p.start), 4) for p in alignment.phones if p.label in ("M", "B")}
    assert shut <= starts and {round(float(word.start), 4) for word in alignment.words} <= starts


def test_a_guide_is_carried_over_to_another_take() -> None:
    before = alignment_of("My mother buys bread.")
    after = alignment_of("My mother buys bread.", rate_wpm=120)
    start, end = (float(edge) for edge in (before.words[0].start, before.words[-1].end))
    guide = Guide(5.0, 6.0, (Moment(start, 5.0, 1.0), Moment(end, 6.0, 1.0)), False)
    moved = carried_over(guide, before, after)
    spoken = [moment.spoken_s for moment in moved.moments]
    assert spoken == pytest.approx([float(after.words[0].start), float(after.words[-1].end)])


@pytest.mark.parametrize(
    ("length", "paced", "lips", "fit"),
    [
        (1.0, False, Lips.AUTO, Fit.PICTURE),
        (1.15, False, Lips.AUTO, Fit.PICTURE),
        (1.4, False, Lips.AUTO, Fit.SOUND),
        (1.4, True, Lips.AUTO, Fit.PICTURE),
        (2.6, True, Lips.AUTO, Fit.DRIVE),
        (2.6, True, Lips.KEEP, Fit.SOUND),
    ],
)
def test_what_is_distorted_less_is_chosen_and_says_why(length: float, paced: bool, lips: Lips, fit: Fit) -> None:
    alignment = alignment_of("Nobody knows how it happened.")
    (phrase,) = split_phrases(alignment)
    edges = [float(word.start) for word in alignment.words] + [float(phrase.end)]
    moments = tuple(Moment(edge, 2 + length * edge, 1.0) for edge in edges)
    guide = Guide(moments[0].footage_s, moments[-1].footage_s, moments, True)
    choice = choose_fit(alignment, phrase, guide, Fit.AUTO, lips, paced)
    assert choice.fit is fit
    assert f"{guide.duration_s:.2f} s" in choice.reason and choice.reason.endswith(".")


@pytest.mark.parametrize("fit", [Fit.PICTURE, Fit.SOUND])
def test_what_was_asked_for_is_done(fit: Fit) -> None:
    alignment = alignment_of("Nobody knows how it happened.")
    (phrase,) = split_phrases(alignment)
    guide = Guide(2.0, 9.0, (Moment(0.0, 2.0, 1.0), Moment(1.0, 9.0, 1.0)), True)
    assert choose_fit(alignment, phrase, guide, fit, Lips.AUTO, False).fit is fit
    assert choose_fit(alignment, phrase, None, Fit.AUTO, Lips.AUTO, False).fit is Fit.DRIVE
    assert choose_fit(alignment, phrase, None, Fit.AUTO, Lips.KEEP, False).fit is Fit.PICTURE


def test_isochrony_counts_syllables() -> None:
    fits = isochrony(Fraction(2), Fraction(21, 10), Fraction(21, 10), 8)
    assert (fits.syllables_over, fits.verdict) == (0, "fits")
    long = isochrony(Fraction(3), Fraction(2), Fraction(5, 2), 10)
    assert long.syllables_over == 2 and "2 syllables fewer" in long.verdict and "0.50 s" in long.verdict
    short = isochrony(Fraction(1), Fraction(2), Fraction(20, 17), 4)
    assert short.syllables_over == -2 and "2 syllables more" in short.verdict


def face_with_mouth(opening: np.ndarray) -> np.ndarray:
    """Landmarks (N,68,2) of a face 100 px between the eyes whose lips part by `opening` px."""
    points = np.zeros((68, 2))
    points[36], points[45], points[33] = (0, 0), (100, 0), (50, 45)
    points[48], points[54], points[60], points[64] = (25, 75), (75, 75), (30, 75), (70, 75)
    points[[51, 62]], points[[57, 66]], points[8] = (50, 70), (50, 75), (50, 120)
    landmarks = np.repeat(points[None], len(opening), 0)
    for low in (57, 66, 8):
        landmarks[:, low, 1] += opening
    landmarks[:, 66, 1] -= 5
    return landmarks


def test_a_mouth_is_seen_to_speak_pause_and_shut() -> None:
    t = np.arange(200) / 25
    opening = np.where((t > 1) & (t < 3), 8 + 8 * np.sin(2 * np.pi * 4 * t), 0.0)
    opening = np.where((t > 4) & (t < 7), 8 + 8 * np.sin(2 * np.pi * 4 * t), opening)
    opening[(t > 5.3) & (t < 5.45)] = 0
    found = mouth_phrases(face_with_mouth(opening), t)
    assert [(one.start_s, one.end_s) for one in found] == [
        (pytest.approx(1, abs=0.15), pytest.approx(3, abs=0.15)),
        (pytest.approx(4, abs=0.15), pytest.approx(7, abs=0.15)),
    ]
    assert any(abs(shut - 5.38) < 0.06 for shut in found[1].shut_s)


@pytest.mark.parametrize("landmarks", [face_with_mouth(np.zeros(100)), np.full((100, 68, 2), np.nan)])
def test_a_mouth_that_does_not_move_says_nothing(landmarks: np.ndarray) -> None:
    assert mouth_phrases(landmarks, np.arange(100) / 25) == ()
