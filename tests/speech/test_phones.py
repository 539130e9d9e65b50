from __future__ import annotations

import pytest

from av_models.speech.arpabet import check_phones, is_phone
from av_models.speech.espeak_phones import espeak_mnemonics, from_mnemonic, to_ipa
from av_models.speech.ipa import read_ipa
from av_models.speech.phones import pronounce, pronunciations
from av_models.speech.times import divide_phones


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("permission", "P ER0 M IH1 SH AH0 N"),
        ("the", "DH AH0"),
        ("b", "B IY1"),
        ("understudies", "AH2 N D ER0 S T AH1 D IY0 Z"),
        ("don't", "D OW1 N T"),
    ],
)
def test_known_and_unknown_words(word: str, phones: str) -> None:
    assert pronounce(word) == tuple(phones.split())


@pytest.mark.parametrize("word", ["zyxomatic", "café", "Fowler's", "x", "qqq", "naïveté"])
def test_whatever_is_asked_the_answer_is_arpabet(word: str) -> None:
    for way in pronunciations(word):
        assert check_phones(way) == ""


def test_possessives_of_unknown_words_are_voiced_like_their_last_phone() -> None:
    assert pronounce("blorft's")[-1] == "S"
    assert pronounce("zorgle's")[-1] == "Z"


def test_espeak_names_and_ipa_lead_to_arpabet() -> None:
    assert from_mnemonic("'oU") == ("OW1",)
    assert from_mnemonic(",A@") == ("AA2", "R")
    assert from_mnemonic("t#") == ("T",)
    sounds = [phone for sound in read_ipa("həlˈoʊ wˈɜːld dʒˈʌmp") for phone in sound.phones]
    assert sounds == ["HH", "AH0", "L", "OW1", "W", "ER1", "L", "D", "JH", "AH1", "M", "P"]


def test_given_phones_survive_the_way_through_espeak_and_ipa() -> None:
    phones = ["AH0", "B", "AW1", "T", "CH", "IY1", "Z", "TH", "ER2", "ZH"]
    assert espeak_mnemonics(phones[:4]) == "@b'aUt"
    assert [phone for sound in read_ipa(to_ipa(phones)) for phone in sound.phones] == phones


def test_words_said_as_one_are_divided() -> None:
    assert divide_phones(["AH", "V", "DH", "AH"], ["of", "the"], "en-us") == [0, 0, 1, 1]
    assert divide_phones(["IH", "T", "S", "AH"], ["it's", "a"], "en-us") == [0, 0, 0, 1]
    assert divide_phones(["AH"], ["of", "the"], "en-us") == [0]


def test_foreign_words_get_the_nearest_phones() -> None:
    assert all(is_phone(phone) for word in ("schön", "Äpfel", "ich") for phone in pronounce(word, "de"))
