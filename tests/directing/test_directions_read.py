"""Directions in plain scripts and in SSML: what is read, and what is refused where."""

from __future__ import annotations

import pytest

from av_models.domain.errors import ScriptError
from av_models.domain.script import PLAIN, Direction, TokenKind
from av_models.speech.directions import told
from av_models.speech.script import read_script


def directions(text: str) -> dict[str, Direction]:
    return {t.spoken[0]: t.direction for line in read_script(text).lines for t in line.tokens if t.spoken}


def test_a_span_ends_where_it_is_closed_and_else_with_its_line() -> None:
    found = directions("[rate 0.8] one [pitch +2st]two[/pitch] three\nfour [volume -3dB] five")
    assert found["one"] == found["three"] == Direction(rate=0.8)
    assert found["two"] == Direction(rate=0.8, pitch_st=2)
    assert found["four"] == PLAIN and found["five"] == Direction(volume_db=-3)


@pytest.mark.parametrize(
    ("mark", "direction"),
    [
        ("rate 90%", Direction(rate=0.9)),
        ("rate slow", Direction(rate=0.8)),
        ("RATE  +10%", Direction(rate=1.1)),
        ("pitch -1.5st", Direction(pitch_st=-1.5)),
        ("pitch +100%", Direction(pitch_st=12)),
        ("range 0", Direction(pitch_range=0)),
        ("volume loud", Direction(volume_db=4)),
    ],
)
def test_values_as_users_write_them(mark: str, direction: Direction) -> None:
    assert directions(f"[{mark}] word")["word"] == direction


def test_emphasis_has_two_strengths() -> None:
    (line,) = read_script("It is *very* and **utterly** fan*tas*tic.").lines
    assert [token.emphasis for token in line.tokens] == [0, 0, 1, 0, 2, 1]


def test_fillers_are_words_with_phones_of_their_own() -> None:
    (line,) = read_script("[Um], well, uh, [mm-hm] I read 5 mm.").lines
    assert [token.spoken[0] for token in line.tokens if token.filler] == ["um", "uh", "mm-hm"]
    assert line.tokens[0].written == "um," and line.tokens[0].break_after == ","
    assert line.tokens[3].phones == ("M", "HH", "M")
    assert not line.tokens[-1].filler
    (german,) = read_script("[ähm] guten Tag, er kommt.", "de").lines
    assert [token.filler for token in german.tokens] == [True, False, False, False, False]


def test_a_sigh_is_a_sound_and_a_laugh_is_said() -> None:
    script = read_script("Well [sigh] yes.\nFunny. [laughs] He laughs, haha!")
    assert [token.kind for token in script.lines[0].tokens][1] is TokenKind.SIGH
    laugh, *words = script.lines[1].tokens[1:]
    assert laugh.filler and laugh.spoken == ("haha",) and laugh.phones == ("HH", "AA1") * 3
    assert not any(word.filler for word in words) and not script.notes
    (french,) = (read_script("Bonjour. [laughs]", "fr").notes,)
    assert french == ("Line 1: [laughs] is left out: laughs are known in English and German.",)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("a [brath] b", 3, "[breath]"),
        ("a [rat 0.9] b", 3, "[rate …]"),
        ("a [rate 3] b", 3, "from 0.5 to 2"),
        ("a [pitch 200Hz] b", 3, "semitones"),
        ("a [pitch] b", 3, "semitones"),
        ("a b [rate 0.9]", 5, "words behind it"),
        ("[rate 0.9][/rate] a", 1, "words behind it"),
        ("[rate 0.9] a [/pitch] b", 14, "[/rate]"),
        ("[/rate] a", 1, "[rate 0.9] before it"),
        ("a ** b", 3, "a second **"),
        ("**a* b", 4, "both sides"),
        ("**** b", 1, "**word**"),
        ("[rate 0.9] ANNA: Hello.", 1, "the name first"),
    ],
)
def test_a_wrong_direction_is_told_where_it_stands(text: str, column: int, expected: str) -> None:
    with pytest.raises(ScriptError) as error:
        read_script(f"Fine.\n{text}")
    assert (error.value.line, error.value.column) == (2, column)
    assert expected in error.value.remedy


def test_ssml_gives_the_tokens_of_the_plain_script() -> None:
    plain = read_script(
        "ANNA: It [rate 0.8][pitch +2st]was[/pitch][/rate] **big**. [pause 300ms] "
        "{tomato|T AH0 M EY1 T OW0} [breath] yes."
    )
    ssml = read_script(
        '<?xml version="1.0"?><speak xml:lang="en-US"><voice name="Anna">It <prosody rate="80%" pitch="+2st">was'
        '</prosody> <emphasis level="strong">big</emphasis>. <break time="300ms"/>'
        '<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme> <amazon:breath/> yes.</voice></speak>'
    )
    assert ssml.lines == plain.lines


def test_ssml_reads_what_stands_for_something_else() -> None:
    script = read_script(
        '<speak><p><s>On <say-as interpret-as="date">May 5</say-as> the <say-as interpret-as="characters">BBC</say-as> '
        'paid <sub alias="ten dollars">$X</sub>.</s><s>The <say-as interpret-as="ordinal">3</say-as>.</s></p>'
        '<p>Pin <say-as interpret-as="digits">42</say-as> &amp; out.</p></speak>'
    )
    assert [(line.paragraph, " ".join(line.spoken)) for line in script.lines] == [
        (0, "on may fifth the b b c paid ten dollars"),
        (0, "the third"),
        (1, "pin four two and out"),
    ]
    assert script.lines[0].written == "On May 5 the BBC paid $X."


def test_ssml_that_is_not_obeyed_is_told() -> None:
    script = read_script(
        '<speak><prosody rate="slow" contour="(0%,+1st)">One.</prosody>\n<mstts:express-as style="sad">Two.'
        '</mstts:express-as> <say-as interpret-as="name">Three</say-as></speak>'
    )
    assert [note.partition(":")[0] for note in script.notes] == ["Line 1", "Line 2", "Line 2"]
    assert "contour" in script.notes[0] and "express-as" in script.notes[1] and "'name'" in script.notes[2]
    assert script.lines[0].spoken == ("one", "two", "three")


@pytest.mark.parametrize(
    ("ssml", "line", "problem"),
    [
        ("<speak>a\n<brek/> b</speak>", 2, "unknown element <brek>. Expected <break>"),
        ("<speak>a\n\n<break time='5'/> b</speak>", 3, "400ms"),
        ("<speak>a & b</speak>", 1, "&amp;"),
        ("<speak>a <b</speak>", 1, "XML is broken"),
        ("<speak><audio src='x.wav'/>b</speak>", 1, "no voice can obey"),
        ("<?xml version='1.0'?><!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", 1, "document type"),
        ("<speak>\n😀</speak>", 2, "cannot be spoken"),
        ("<speak><phoneme alphabet='ipa' ph='q1z'>word</phoneme></speak>", 1, "IPA such as"),
        ("<?xml version='1.0'?><html>a</html>", 1, "<speak>"),
    ],
)
def test_wrong_ssml_is_told_where_it_stands(ssml: str, line: int, problem: str) -> None:
    with pytest.raises(ScriptError) as error:
        read_script(ssml)
    assert error.value.line == line
    assert problem in str(error.value)


def test_an_ssml_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to say"):
        read_script("<speak><break/></speak>")


def test_directions_are_told_in_words() -> None:
    (line,) = read_script("[rate 0.9] It *is* [pitch +1st]late[/pitch]. [pause 250ms] {Ng|IH1 NG} [um]").lines
    assert told(line) == [
        "rate 0.9 on “It is”", "rate 0.9, pitch +1 st on “late.”", "rate 0.9 on “Ng um”", "emphasis on “is”",
        "pause 250 ms after “late.”", "“Ng” said IH1 NG", "filler “um”",
    ]  # fmt: skip


def test_words_that_no_dictionary_knows_are_told() -> None:
    script = read_script("Xyloquist met Anna's {Nguyen|W IH1 N} in Strazenburg.", for_voice=True)
    (note,) = script.notes
    assert "“Xyloquist”, “Strazenburg”" in note and "Anna" not in note.partition(":")[0]
