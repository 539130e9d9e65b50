"""Speech in other languages than English: real sounds with exact times, and a script that its voice can read."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from av_models.domain.errors import InputError
from av_models.domain.speech import SILENCE, Phone
from av_models.speech.arpabet import is_phone
from av_models.speech.engine import Synthesis
from av_models.speech.ipa import pronounce_ipa
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script
from av_models.speech.tongue import hear_tongue

GERMAN = "Guten Tag, ich bin heute früh mit der Bahn gekommen und lese nun die Nachrichten."
ENGLISH = "Hello, I am your understudy, and somebody wrote these words this morning."


def speak(text: str, language: str) -> Synthesis:
    (line,) = read_script(text, language).lines
    return get_engine("espeak").synthesize(line, {"tract": "1.04"}, (), language, 1)


def ipa(phones: tuple[Phone, ...]) -> list[str]:
    return [phone.ipa for phone in phones if phone.label != SILENCE]


def test_german_phones_are_the_real_sounds_with_the_nearest_english_ones() -> None:
    speech = speak("Ich möchte auch fünf zwölf Pferde über Häuser, hören Sie?", "de")
    said = " ".join(ipa(speech.phones))
    for sounds in ("ɪ ç", "aʊ x", "f ʏ n f", "t s v œ l f", "p f eː ʁ d ə", "yː b ɐ", "h ɔʏ z ɐ", "h øː ʁ ə n"):
        assert sounds in said
    assert all(is_phone(phone.label) for phone in speech.phones if phone.label != SILENCE)
    assert [phone.label for phone in speech.phones if phone.ipa == "øː"] == ["ER1"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "de"), ("Grüß Gott am 3. Mai um 9:15 Uhr!", "de-at"), ("Bonjour, j'ai R&D et 23 ans.", "fr"),
        ("¡Hola! ¿Qué tal?", "es"), ("Привет, мне 30 лет.", "ru"), ("مرحبا بكم", "ar"), ("नमस्ते दुनिया", "hi"),
        ("こんにちは アンナです", "ja"),
    ],
)  # fmt: skip
def test_phones_cover_the_sound_without_gaps_in_every_language(text: str, language: str) -> None:
    speech = speak(text, language)
    assert speech.phones[0].start == 0
    assert speech.phones[-1].end == Fraction(len(speech.samples), speech.rate_hz)
    assert all(left.end == right.start < right.end for left, right in pairwise(speech.phones))
    assert all(phone.ipa for phone in speech.phones if phone.label != SILENCE)
    assert len(speech.words) == len(read_script(text, language).lines[0].spoken)


def test_english_phones_carry_no_ipa() -> None:
    assert not any(phone.ipa for phone in speak("Hello there.", "en-us").phones)


def test_capitals_tell_german_nouns_from_other_words() -> None:
    assert "v eː k" in " ".join(ipa(speak("Der Weg.", "de").phones))
    assert "v ɛ k" in " ".join(ipa(speak("Sie ist weg.", "de").phones))


def test_words_are_said_in_ipa_and_in_the_nearest_phones() -> None:
    assert pronounce_ipa("schöne", "de") == (("SH", "ʃ"), ("ER1", "øː"), ("N", "n"), ("AH0", "ə"))
    assert pronounce_ipa("pfütze", "de")[:3] == (("P", "p"), ("F", "f"), ("UH1", "ʏ"))


@pytest.mark.parametrize(("text", "language", "name"), [(GERMAN, "en-us", "German"), (ENGLISH, "de", "English")])
def test_a_script_in_another_language_than_the_voice_is_refused(text: str, language: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"reads as {name}.*'{language}'.*flow voices"):
        read_script(text, language, for_voice=True)
    assert read_script(f"Language: {language[:2]}\n{text}", language, for_voice=True).lines
    with pytest.raises(InputError, match="written in 'fr'"):
        read_script(f"Language: fr\n{text}", language, for_voice=True)


@pytest.mark.parametrize(
    "text", ["Die Hard was on.", "Angela Merkel, Herr Schmidt!", "Volkswagen, Porsche und BMW.", "Hm."]
)
def test_names_and_titles_are_no_other_language(text: str) -> None:
    assert read_script(text, "en-us", for_voice=True).lines


def test_a_near_relative_of_a_known_language_is_not_refused() -> None:
    danish = [
        "jeg",
        "hedder",
        "anna",
        "og",
        "det",
        "er",
        "ikke",
        "noget",
        "for",
        "mig",
        "men",
        "hun",
        "har",
        "meget",
        "at",
        "sige",
    ]
    assert hear_tongue(danish, "en").certain
    assert not hear_tongue(danish, "nb").certain


def test_numbers_that_are_left_to_espeak_are_told() -> None:
    (note,) = read_script("J'ai 3,5 euros.", "fr").notes
    assert "“3,5”" in note and "English and German" in note
    assert read_script("J'ai faim.", "fr").notes == read_script("3,5 Euro", "de").notes == ()
