"""German: what is written becomes what is said, and a full stop that counts ends no sentence."""

from __future__ import annotations

import pytest

from av_models.speech.normalise import speak_words
from av_models.speech.script import read_script
from av_models.speech.syllables import count_syllables


def say(text: str) -> str:
    return " ".join(word for words in speak_words(text.split(), "de") for word in words)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("1.000 oder 1.234.567 Menschen", "eintausend oder eine million zweihundertvierunddreißigtausendfünfhundertsie"
         "benundsechzig menschen"),
        ("3,5 Prozent, 3,14 und -5", "drei komma fünf prozent drei komma eins vier und minus fünf"),
        ("am 3. Oktober 2024", "am dritten oktober zweitausendvierundzwanzig"),
        ("der 1. und 2. Preis, ein 3. Versuch", "der erste und zweite preis ein dritter versuch"),
        ("vom 3. bis 5. Mai, am 3.10.2024", "vom dritten bis fünften mai am dritten oktober zweitausendvierundzwanzig"),
        ("in der 3. Klasse, die 2. Klasse", "in der dritten klasse die zweite klasse"),
        ("um 17:30 Uhr, 17.30 Uhr, 9 Uhr", "um siebzehn uhr dreißig siebzehn uhr dreißig neun uhr"),
        ("1 Uhr, 14:05, 8:00-18:00 Uhr", "ein uhr vierzehn uhr fünf acht uhr bis achtzehn uhr"),
        ("3:2 gewonnen", "drei zu zwei gewonnen"),
        ("5,20 €, 1 €, 0,99 €", "fünf euro zwanzig ein euro neunundneunzig cent"),
        ("5 Mio. €, $5, 10 CHF", "fünf millionen euro fünf dollar zehn franken"),
        ("50 % von 5 km bei 20 °C", "fünfzig prozent von fünf kilometer bei zwanzig grad celsius"),
        ("1 h, 1 kg, 120km/h", "eine stunde ein kilogramm einhundertzwanzig kilometer pro stunde"),
        ("z. B. so, d. h. nicht, z.B. auch", "zum beispiel so das heißt nicht zum beispiel auch"),
        ("Dr. Müller, St. Gallen, Nr. 12", "doktor müller sankt gallen nummer zwölf"),
        ("Hauptstr. 5 bzw. S. 7 usw.", "hauptstraße fünf beziehungsweise seite sieben und so weiter"),
        ("300 v. Chr. in Rom", "dreihundert vor christus in rom"),
        ("Ludwig XIV. starb 1715", "ludwig der vierzehnte starb siebzehnhundertfünfzehn"),
        ("von Friedrich II. im II. Weltkrieg", "von friedrich dem zweiten im zweiten weltkrieg"),
        ("die 90er und 1980er", "die neunziger und neunzehnhundertachtziger"),
        ("BMW, NATO und J. S. Bach", "b m w nato und j s bach"),
        ("E-Mail, U-Bahn, MP3, 5fach", "e mail u bahn m p drei fünffach"),
        ("3/4 oder 1/2 Liter, ½ Pfund", "drei viertel oder ein halb liter ein halb pfund"),
        ("0351 123, § 5, Äpfel & Öl", "null drei fünf eins einhundertdreiundzwanzig paragraf fünf äpfel und öl"),
        ("„Straße“, »Maß« und ‚groß‘", "straße maß und groß"),
        ("info@beispiel.de und Schüler:innen", "info ät beispiel punkt de und schüler innen"),
    ],
)  # fmt: skip
def test_written_german_becomes_spoken(written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Am 3. Oktober kam Dr. Groß. Er blieb.", ["Groß.", "blieb."]),
        ("Das ist z. B. Anna. Und Bernd usw. Dann nicht.", ["Anna.", "usw.", "nicht."]),
        ("Er hat 3. Dann ging er.", ["3.", "er."]),
        ("Ludwig XIV. war König. Kapitel II. Der Anfang.", ["König.", "II.", "Anfang."]),
        ("Bis zum 3. Wir warten.", ["3.", "warten."]),
        ("Der 1. FC Köln spielt am 2. Mai gegen die 3. Mannschaft.", ["Mannschaft."]),
    ],
)
def test_only_stops_that_end_a_sentence_do(text: str, ends: list[str]) -> None:
    (line,) = read_script(text, "de").lines
    assert [token.written for token in line.tokens if token.break_after == "."] == ends


def test_captions_keep_what_is_written() -> None:
    (line,) = read_script("Um 17:30 Uhr kostet es 5,20 €.", "de").lines
    assert line.written == "Um 17:30 Uhr kostet es 5,20 €."
    assert [token.spoken for token in line.tokens] == [
        ("um",), ("siebzehn", "uhr"), ("dreißig",), ("kostet",), ("es",), ("fünf", "euro"), ("zwanzig",),
    ]  # fmt: skip


def test_a_day_that_is_in_no_calendar_is_refused_where_it_stands() -> None:
    with pytest.raises(ValueError, match=r"column 6.*calendar"):
        read_script("Seit 31.13.2024.", "de")


@pytest.mark.parametrize(
    ("text", "language", "n"),
    [
        ("Guten Tag, ich bin Ihre Zweitbesetzung.", "de", 11),
        ("Um 17:30 Uhr.", "de", 6),
        ("Hello, I am your understudy.", "en-us", 9),
        ("The BBC, {tomato|T AH0 M AA1 T OW0}.", "en-us", 7),
        ("Bonjour, je suis Anna.", "fr", 7),
    ],
)
def test_syllables_are_counted_as_they_are_said(text: str, language: str, n: int) -> None:
    (line,) = read_script(text, language).lines
    assert count_syllables(line, language) == n
