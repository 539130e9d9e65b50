"""Reading a script: title, roles, comments, paragraphs, and every line as tokens ready to be spoken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from av_models.domain.errors import InputError, ScriptError
from av_models.domain.script import Line, Script, Token

from .marks import take_apart
from .script_language import notes_on
from .ssml import is_ssml, read_ssml
from .tokens import LONGEST_LINE, has_words, split, to_tokens

__all__ = ["LONGEST_LINE", "LONGEST_SCRIPT", "decode_script", "read_script"]

LONGEST_SCRIPT = 200_000
_TITLE = re.compile(r"\s*(?:title|titel)\s*:\s*(.*?)\s*$", re.IGNORECASE)
_LANGUAGE = re.compile(r"\s*(?:language|sprache)\s*:\s*([a-z]{2,3}(?:-[a-z0-9]{2,8})*)\s*$", re.IGNORECASE)
_ROLE = re.compile(r"\s*([^\W\d_][\w .'’-]{0,39}?)\s*:(?=\s|$)\s*")
_MARKS_BEFORE = re.compile(r"\s*(?:\[[^\]]*\]\s*)+([A-Z][A-Z .'’-]{0,39}?)\s*:\s")
_DIVIDER = re.compile(r"\s*(?:[-–—_=~*]\s*){2,}")


def decode_script(data: bytes, name: str) -> str:
    """Text of a script file. name: for messages. InputError when it is empty, binary, not UTF-8 or too long."""
    remedy = "Save it as plain text in UTF-8."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is encoded in UTF-16.", remedy)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "is a binary file, not a script" if b"\0" in data else f"is not UTF-8 at byte {error.start}"
        raise InputError(f"{name} {kind}.", remedy) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\f\v" for c in text):
        raise InputError(f"{name} is a binary file, not a script.", remedy)
    if not text.strip():
        raise InputError(f"{name} is empty.", "Write at least one line to be spoken.")
    if len(text) > LONGEST_SCRIPT:
        problem = f"{name} has {len(text)} characters; {LONGEST_SCRIPT} are allowed."
        raise InputError(problem, "Split it into several scripts.")
    return text


def read_script(text: str, language: str = "en-us", *, for_voice: bool = False) -> Script:
    """Lines in order, none of them without words, none over LONGEST_LINE characters. Raises ScriptError, InputError.

    text: a plain script, or SSML. In a plain one a role ('BOB:') counts to the end of its paragraph or to the next
    role, and pauses and breaths on a line of their own belong to the line that follows. for_voice: a voice of
    `language` shall speak it, so a script that is clearly in another one is refused, unless 'Language: en' above its
    lines says that it is meant.
    """
    sheet = _Sheet(language)
    if is_ssml(text):
        document = read_ssml(text, language)
        sheet.title, sheet.declared = document.title, document.language
        sheet.notes += document.notes
        for said in document.lines:
            sheet.add(said.role, to_tokens(said.pieces, language), said.paragraph)
    else:
        _read_plain(text, sheet)
    return sheet.finished(for_voice)


@dataclass(slots=True)
class _Sheet:
    """The script as read so far. waiting: pauses and breaths that belong to the line that follows."""

    language: str
    title: str = ""
    declared: str = ""
    lines: list[Line] = field(default_factory=list)
    waiting: list[Token] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, role: str, tokens: Sequence[Token], paragraph: int) -> None:
        together = (*self.waiting, *tokens)
        if not has_words(together):
            self.waiting = list(together)
            return
        self.waiting = []
        self.lines += [Line(role, part, paragraph) for part in split(together)]

    def finished(self, for_voice: bool) -> Script:
        if not self.lines:
            remedy = "Write at least one line that is no comment, title or mark."
            raise InputError("The script has nothing to say.", remedy)
        if self.waiting:
            self.lines[-1] = replace(self.lines[-1], tokens=(*self.lines[-1].tokens, *self.waiting))
        notes = (*self.notes, *notes_on(self.lines, self.language, self.declared, for_voice))
        return Script(self.title, self.language, tuple(self.lines), notes)


def _read_plain(text: str, sheet: _Sheet) -> None:
    role, paragraph, gap = "", 0, False
    for number, raw in enumerate(text.split("\n"), start=1):
        if raw.lstrip().startswith("#"):
            continue
        if not raw.strip() or _DIVIDER.fullmatch(raw):
            gap, role = True, ""
            continue
        if match := _TITLE.match(raw):
            sheet.title = _only_title(sheet.title, match[1], number, sheet.lines)
            continue
        if not sheet.lines and not sheet.declared and (match := _LANGUAGE.match(raw)):
            sheet.declared = match[1].lower()
            continue
        if gap and sheet.lines:
            paragraph += 1
        gap = False
        if match := _MARKS_BEFORE.match(raw):
            raise ScriptError("marks before a name", number, 1, f"the name first: {match[1]}: [rate 0.9] …")
        named, start = _role(raw)
        role = named or role
        pieces, notes = take_apart(raw[start:], number, start + 1, sheet.language)
        sheet.notes += notes
        sheet.add(role, to_tokens(pieces, sheet.language), paragraph)


def _only_title(old: str, new: str, number: int, lines: Sequence[Line]) -> str:
    if old or lines or not new:
        problem = "an empty title" if not new else "a second title" if old else "a title after the first line"
        raise ScriptError(problem, number, 1, "one 'Title: ...' above everything that is spoken")
    return new


def _role(raw: str) -> tuple[str, int]:
    """A name in capitals before a colon, and where the speech begins."""
    match = _ROLE.match(raw)
    if match and match[1].isupper():
        return match[1], match.end()
    return "", 0
