from __future__ import annotations

import pytest

from av_models.speech.normalise import letter_names, speak_words


def say(text: str, language: str = "en-us") -> str:
    return " ".join(word for words in speak_words(text.split(), language) for word in words)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It costs $5.20, or $5 million.", "it costs five dollars twenty cents or five million dollars"),
        ("£3bn and €1 and $0.99", "three billion pounds and one euro and ninety nine cents"),
        ("May 5, 2024", "may fifth twenty twenty four"),
        ("2024-05-17 or 12/25/1905", "may seventeenth twenty twenty four or december twenty fifth nineteen oh five"),
        ("in 2005, the 1990s", "in two thousand five the nineteen nineties"),
        ("at 5:30 p.m. or 7pm or 9:05", "at five thirty p m or seven p m or nine oh five"),
        ("1,234 of 3.14", "one thousand two hundred thirty four of three point one four"),
        ("the 21st, 1/2, 3/4", "the twenty first one half three quarters"),
        ("50% at -5 or 20°C", "fifty percent at minus five or twenty degrees celsius"),
        ("5 km, 10kg, 1 kg", "five kilometers ten kilograms one kilogram"),
        ("call 555-1234 or 007", "call five five five one two three four or zero zero seven"),
        ("10-15 people", "ten to fifteen people"),
        ("50/50 and 24/7 on 5G", "fifty fifty and twenty four seven on five g"),
        ("€3.50/kg or 5*3", "three euros fifty cents per kilogram or five times three"),
        ("Dr. Smith of St. James St.", "doctor smith of saint james street"),
        ("No. 5 and no. Nothing", "number five and no nothing"),
        ("Mr. and Mrs. Jones, etc.", "mister and missus jones et cetera"),
        ("the BBC and NASA, J. R. Smith, Ph.D.", "the b b c and nasa j r smith p h d"),
        ("the US told us STOP", "the u s told us stop"),
        ("Henry VIII in World War II; I am", "henry the eighth in world war two i am"),
        ("well-known R&D at bob@example.com", "well known r and d at bob at example dot com"),
        ("don’t — “really” (no)", "don't really no"),
    ],
)
def test_written_becomes_spoken(written: str, spoken: str) -> None:
    assert say(written) == spoken


def test_every_written_word_keeps_its_place() -> None:
    written = ["Pay", "$5", "million", "—", "now"]
    assert speak_words(written) == (("pay",), ("five",), ("million", "dollars"), (), ("now",))


def test_letters_are_told_from_the_article() -> None:
    assert letter_names("U.S.A.", ("u", "s", "a")) == (True, True, True)
    assert letter_names("A4", ("a", "four")) == (True, False)
    assert letter_names("a", ("a",)) == letter_names("A", ("a",)) == letter_names("I", ("i",)) == (False,)


def test_a_language_of_which_we_know_no_numbers_leaves_them_to_espeak() -> None:
    assert say("J'ai 3,5 euros — voilà !", "fr") == "j'ai 3,5 euros voilà"


@pytest.mark.parametrize(
    ("written", "spoken"), [("½ cup", "one half cup"), ("Ｈｅｌｌｏ 𝐁𝐨𝐛 so\u00adft", "hello bob soft")]
)
def test_odd_letters_are_read_as_what_they_look_like(written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(
    ("text", "language", "problem"),
    [
        ("ok Привет", "de", "'П' is of Cyrillic script"),
        ("Нello there", "en-us", "'Н' is of Cyrillic script"),
        ("مرحبا", "en-us", "of Arabic script"),
        ("你好我是安娜我们今天要做一个新的节目", "cmn", "not divided into words"),
        ("press 1️⃣ now", "en-us", "cannot be spoken"),
        ("take 2½ cups", "en-us", "glued to a number"),
    ],
)
def test_letters_that_the_voice_cannot_read_are_named(text: str, language: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        say(text, language)
