"""A translation beside its original: which sentence answers to which, and whether it fits the mouth."""

from __future__ import annotations

from fractions import Fraction

from av_models.domain.dubbing import Dubbing
from av_models.speech.dubbing import TimedSentence, compare, pair_by_length, sentences_of
from av_models.speech.script import read_script

LONG = "Das ist jetzt aber wirklich eine außerordentlich lange Übersetzung."


def timed(text: str, language: str, *seconds: float) -> list[TimedSentence]:
    """Sentences one after the other, as long as given."""
    parts = [part for line in read_script(text, language).lines for part in sentences_of(line)]
    ends = [sum((Fraction(str(s)) for s in seconds[: n + 1]), Fraction(0)) for n in range(len(parts))]
    return [TimedSentence(p, e - Fraction(str(s)), e) for p, e, s in zip(parts, ends, seconds, strict=True)]


def test_a_line_is_cut_at_its_sentence_ends_and_loses_nothing() -> None:
    (line,) = read_script("Am 3. Mai kam Dr. Groß. [pause 200ms] Er blieb! [breath]", "de").lines
    parts = sentences_of(line)
    assert [part.written for part in parts] == ["Am 3. Mai kam Dr. Groß.", "Er blieb!"]
    assert tuple(token for part in parts for token in part.tokens) == line.tokens


def test_too_long_too_short_and_fitting() -> None:
    originals = timed("That is long. That is short. Fine.", "en-us", 1.2, 4.0, 0.6)
    dubbed = timed(f"{LONG} Kurz. Gut.", "de", 4.2, 0.5, 0.6)
    long, short, fine = compare(originals, dubbed, "en-us", "de")
    assert long.isochrony and short.isochrony and fine.isochrony
    assert "syllables fewer" in long.isochrony.verdict and 8 <= long.isochrony.syllables_over <= 14
    assert "room for" in short.isochrony.verdict and short.isochrony.syllables_over < 0
    assert (fine.isochrony.verdict, fine.isochrony.syllables_over) == ("fits", 0)
    assert (long.original_syllables, long.dubbed_syllables, fine.dubbed_rate) == (3, 20, 1.67)
    over = Dubbing("en-us", "de", (long, short, fine)).syllables_over
    assert over == long.isochrony.syllables_over


def test_what_was_not_found_in_the_footage_is_not_judged() -> None:
    (line,) = read_script("Hello.").lines
    (one,) = compare([TimedSentence(line)], timed("Hallo.", "de", 0.5), "en-us", "de")
    assert one.isochrony is None and one.original_rate is None and one.original_syllables == 2


def test_sentences_that_a_translator_joined_or_divided_are_paired_by_length() -> None:
    assert pair_by_length([10, 20, 5], [12, 18, 6]) == ((0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 2, 3))
    assert pair_by_length([10, 10, 20], [21, 20]) == ((0, 2, 0, 1), (2, 3, 1, 2))
    assert pair_by_length([20, 5], [11, 10, 5]) == ((0, 1, 0, 2), (1, 2, 2, 3))
    assert pair_by_length([], [4]) == ((0, 0, 0, 1),)
