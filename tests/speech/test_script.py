from __future__ import annotations

import pytest

from av_models.domain.errors import InputError, ScriptError
from av_models.domain.script import TokenKind
from av_models.speech.script import LONGEST_LINE, LONGEST_SCRIPT, decode_script, read_script


def test_title_roles_comments_and_paragraphs() -> None:
    script = read_script("# note\nTitle: The play\n\nBOB: Hello there.\nHow are you?\n\nFine.\nANN-MARIE:  And you?\n")
    assert script.title == "The play"
    assert [(line.role, line.paragraph, line.written) for line in script.lines] == [
        ("BOB", 0, "Hello there."),
        ("BOB", 0, "How are you?"),
        ("", 1, "Fine."),
        ("ANN-MARIE", 1, "And you?"),
    ]


def test_a_colon_in_ordinary_speech_is_no_role() -> None:
    (line,) = read_script("Remember: be kind.").lines
    assert line.role == ""
    assert line.tokens[0].break_after == ","


def test_marks() -> None:
    (line,) = read_script("[breath] Now [pause 0.4s] *very best* of {tomato|T AH0 M AA1 T OW0}! [pause 250ms]").lines
    kinds = [token.kind for token in line.tokens]
    assert kinds[0] is TokenKind.BREATH
    assert [token.pause_ms for token in line.tokens if token.kind is TokenKind.PAUSE] == [400, 250]
    assert [token.written for token in line.tokens if token.emphasis] == ["very", "best"]
    tomato = next(token for token in line.tokens if token.phones)
    assert tomato.phones == ("T", "AH0", "M", "AA1", "T", "OW0")
    assert (tomato.written, tomato.break_after) == ("tomato!", "!")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("Fine.\nOne [cough] two", 2, 5),
        ("BOB: a [pause] b", 1, 8),
        ("a [pause 20s] b", 1, 3),
        ("a [pause 400ms b", 1, 3),
        ("a *b c", 1, 3),
        ("a {b|AH B} c", 1, 6),
        ("a {b|QQ1} c", 1, 6),
        ("a {b c|AH0} d", 1, 3),
        ("a ] b", 1, 3),
        ("ok 😀 then", 1, 4),
        ("ok Привет", 1, 4),
        ("Title: one\nTitle: two\nx", 2, 1),
    ],
)
def test_a_wrong_mark_is_located_and_says_what_was_expected(text: str, line: int, column: int) -> None:
    with pytest.raises(ScriptError) as error:
        read_script(text)
    assert (error.value.line, error.value.column) == (line, column)
    assert error.value.remedy.startswith("Expected ")


def test_escaped_characters_are_no_marks() -> None:
    (line,) = read_script(r"a \[b\] \*c\* 5*3").lines
    assert line.spoken == ("a", "b", "c", "five", "times", "three")
    assert not any(token.emphasis for token in line.tokens)


def test_a_mark_alone_belongs_to_the_next_line_and_at_the_end_to_the_last() -> None:
    script = read_script("[pause 1s]\nHello.\n* * *\nBye.\n[breath]")
    assert [token.kind.value for token in script.lines[0].tokens] == ["pause", "word"]
    assert [token.kind.value for token in script.lines[1].tokens] == ["word", "breath"]
    assert script.lines[1].paragraph == 1


def test_a_long_line_is_cut_at_sentence_ends_and_loses_nothing() -> None:
    sentence = "This is a sentence, of a fair length, that somebody wrote. "
    text = (sentence * 20).strip()
    lines = read_script(text).lines
    assert all(len(line.written) <= LONGEST_LINE and line.written.endswith(".") for line in lines)
    assert " ".join(line.written for line in lines) == text
    endless = read_script("word " * 300).lines
    assert all(len(line.written) <= LONGEST_LINE for line in endless)
    assert sum(len(line.spoken) for line in endless) == 300


def test_stops_that_end_no_sentence() -> None:
    (line,) = read_script("Dr. J. Smith met Mr. Jones at 5 p.m. Then he left.").lines
    assert [token.written for token in line.tokens if token.break_after == "."] == ["p.m.", "left."]


@pytest.mark.parametrize(
    "data",
    [b"", b"  \n\n", b"\x00\x01", "hi".encode("utf-16"), b"caf\xe9", b"a" * (LONGEST_SCRIPT + 1), b"GIF89a\x00\x01"],
)
def test_unusable_files_are_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(InputError) as error:
        decode_script(data, "x.txt")
    assert "x.txt" in str(error.value)
    assert error.value.remedy


def test_byte_order_mark_and_windows_lines() -> None:
    assert decode_script(b"\xef\xbb\xbfa\r\nb", "x.txt") == "a\nb"


@pytest.mark.parametrize("text", ["# only a comment", "Title: nothing else", "[pause 1s]", "..."])
def test_a_script_without_words(text: str) -> None:
    with pytest.raises(InputError, match="nothing to say"):
        read_script(text)
