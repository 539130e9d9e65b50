"""SSML 1.1 (W3C 2010) read as pieces: the part of it that a voice here can obey, and a note about the rest.

speak p s break prosody emphasis phoneme say-as sub voice, and amazon:breath. <voice name="ANNA"> is the role ANNA.
"""

from __future__ import annotations

import xml.parsers.expat as expat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from av_models.domain.errors import ScriptError
from av_models.domain.script import Direction, TokenKind

from .pieces import Piece, PieceWriter
from .ssml_values import SAY_AS, break_ms, directed, emphasis_of, phones_of, read_as
from .wishes import Unheard

__all__ = ["Document", "Said", "is_ssml", "read_ssml"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one voice says in one go: a sentence, or a paragraph without sentences of its own. paragraph: from 0."""

    role: str
    pieces: tuple[Piece, ...]
    paragraph: int


@dataclass(slots=True)
class Document:
    """language: as the document names it, '' if it does not."""

    title: str = ""
    language: str = ""
    lines: list[Said] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_ssml(text: str) -> bool:
    """Whether a script is SSML and not plain text."""
    return text.lstrip("\ufeff \n\t").startswith(("<speak", "<?xml"))


def read_ssml(text: str, language: str) -> Document:
    """ScriptError with line and column for XML that is broken and for what no voice can do. language: of the voice."""
    return _Reader(text.lstrip("\ufeff \n\t"), text, language).read()


Leave = Callable[[], None]


class _Reader:
    """Hears what expat finds. `leaving`: what to do at the end of each element that is open."""

    def __init__(self, text: str, whole: str, language: str) -> None:
        self.text, self.language = text, language
        # What was stripped before the document counts in the places that are told.
        self.lines_before = whole[: len(whole) - len(text)].count("\n")
        self.document = Document()
        self.writer = PieceWriter()
        self.roles: list[str] = []
        self.leaving: list[Leave] = []
        self.paragraph, self.gap, self.skipping = 0, False, 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype

    def read(self) -> Document:
        try:
            self.parser.Parse(self.text, True)
        except expat.ExpatError as error:
            problem = f"the XML is broken ({expat.ErrorString(error.code)})"
            place = error.lineno + self.lines_before, error.offset + 1
            raise ScriptError(problem, *place, "well-formed SSML, with & written as &amp; and < as &lt;") from error
        return self.document

    def _place(self) -> tuple[int, int]:
        return self.parser.CurrentLineNumber + self.lines_before, self.parser.CurrentColumnNumber + 1

    def _error(self, problem: str, expected: str) -> ScriptError:
        return ScriptError(problem, *self._place(), expected)

    def _note(self, sentence: str) -> None:
        self.document.notes.append(f"Line {self._place()[0]}: {sentence}")

    def _doctype(self, *_: object) -> None:
        raise self._error("a document type", "a document that begins with <speak>: entities are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.skipping:
            self.skipping += 1
            return
        try:
            self.leaving.append(self._enter(name, attributes))
        except Unheard as error:
            raise self._error(str(error), error.expected) from error

    def _end(self, name: str) -> None:
        if self.skipping:
            self.skipping -= 1
            if self.skipping:
                return
        self.leaving.pop()()

    def _enter(self, name: str, attributes: Mapping[str, str]) -> Leave:
        if not self.leaving and name != "speak":
            raise self._error(f"the document begins with <{name}>", "<speak>")
        if name in _ELEMENTS:
            return _ELEMENTS[name](self, attributes)
        if ":" in name:
            self._note(f"<{name}> is not obeyed; what stands in it is read.")
            return _nothing
        near = get_close_matches(name, _ELEMENTS, n=1)
        known = f"<{near[0]}>" if near else f"one of {', '.join(sorted(_ELEMENTS))}"
        raise self._error(f"unknown element <{name}>", known)

    def _characters(self, data: str) -> None:
        if self.skipping:
            return
        line, column = self._place()
        for character in data:
            if character.isspace():
                self.writer.end_word()
            else:
                self.writer.write(character, line, column)
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)

    def speak(self, attributes: Mapping[str, str]) -> Leave:
        self.document.language = attributes.get("xml:lang", "").strip()
        return self._end_line

    def paragraph_(self, attributes: Mapping[str, str]) -> Leave:
        self._end_paragraph()
        return self._end_paragraph

    def sentence(self, attributes: Mapping[str, str]) -> Leave:
        self._end_line()
        return self._end_line

    def voice(self, attributes: Mapping[str, str]) -> Leave:
        name = attributes.get("name", "").strip().upper()
        if not name:
            raise self._error("a voice without a name", '<voice name="ANNA">, the role that speaks')
        self._end_line()
        self.roles.append(name)

        def leave() -> None:
            self._end_line()
            self.roles.pop()

        return leave

    def _end_paragraph(self) -> None:
        self._end_line()
        self.gap = True

    def _end_line(self) -> None:
        if self.writer.pieces:
            role = self.roles[-1] if self.roles else ""
            self.paragraph += self.gap and bool(self.document.lines)
            self.gap = False
            self.document.lines.append(Said(role, tuple(self.writer.pieces), self.paragraph))
        self.writer.pieces = []
        self.writer.end_word()

    def break_(self, attributes: Mapping[str, str]) -> Leave:
        if length_ms := break_ms(attributes):
            self.writer.put(Piece(TokenKind.PAUSE, *self._place(), pause_ms=length_ms))
        return _nothing

    def breath(self, attributes: Mapping[str, str]) -> Leave:
        self.writer.put(Piece(TokenKind.BREATH, *self._place()))
        return _nothing

    def prosody(self, attributes: Mapping[str, str]) -> Leave:
        direction, others = directed(attributes)
        for name in others:
            self._note(f"{name} of <prosody> is not obeyed.")
        return self._directed(direction)

    def _directed(self, direction: Direction) -> Leave:
        self.writer.directions.append(direction)

        def leave() -> None:
            self.writer.directions.pop()

        return leave

    def emphasis(self, attributes: Mapping[str, str]) -> Leave:
        before = self.writer.emphasis
        self.writer.emphasis, direction = emphasis_of(attributes)
        undirect = self._directed(direction)

        def leave() -> None:
            self.writer.emphasis = before
            undirect()

        return leave

    def phoneme(self, attributes: Mapping[str, str]) -> Leave:
        phones = phones_of(attributes)
        return self._one_word(lambda word: setattr(word, "phones", phones))

    def sub(self, attributes: Mapping[str, str]) -> Leave:
        alias = tuple(attributes.get("alias", "").split())
        if not alias:
            raise self._error("<sub> without an alias", '<sub alias="what is said">')
        return self._one_word(lambda word: setattr(word, "alias", alias))

    def say_as(self, attributes: Mapping[str, str]) -> Leave:
        kind = attributes.get("interpret-as", "").strip().lower()
        if kind not in SAY_AS:
            self._note(f"say-as '{kind}' is not known; its text is read as usual.")
            return _nothing
        if not SAY_AS[kind]:  # a date or a sum in several words is read as it is written
            return _nothing
        return self._one_word(lambda word: setattr(word, "alias", read_as(kind, word.written)))

    def _one_word(self, finish: Callable[[Piece], None]) -> Leave:
        """All words inside the element become one written word, which `finish` completes."""
        self.writer.end_word()
        first = len(self.writer.pieces)

        def leave() -> None:
            words = self.writer.pieces[first:]
            if not words or any(word.kind is not TokenKind.WORD for word in words):
                raise self._error("no words to say", "text inside the element")
            words[0].written = words[0].said = " ".join(word.written for word in words)
            finish(words[0])
            self.writer.pieces[first:] = words[:1]
            self.writer.word = words[0]

        return leave

    def meta(self, attributes: Mapping[str, str]) -> Leave:
        if attributes.get("name", "").lower() == "title":
            self.document.title = " ".join(attributes.get("content", "").split())
        return _nothing

    def skipped(self, attributes: Mapping[str, str]) -> Leave:
        self.skipping = 1
        return _nothing

    def plain(self, attributes: Mapping[str, str]) -> Leave:
        return _nothing

    def unheard(self, attributes: Mapping[str, str]) -> Leave:
        expected = "pronunciations as <phoneme>, and sounds as beds of the production"
        raise self._error("an element that no voice can obey", expected)


def _nothing() -> None:
    return None


_ELEMENTS: dict[str, Callable[[_Reader, Mapping[str, str]], Leave]] = {
    "speak": _Reader.speak, "p": _Reader.paragraph_, "s": _Reader.sentence, "voice": _Reader.voice,
    "break": _Reader.break_, "amazon:breath": _Reader.breath, "prosody": _Reader.prosody,
    "emphasis": _Reader.emphasis, "phoneme": _Reader.phoneme, "sub": _Reader.sub, "say-as": _Reader.say_as,
    "meta": _Reader.meta, "metadata": _Reader.skipped, "desc": _Reader.skipped, "mark": _Reader.plain,
    "token": _Reader.plain, "w": _Reader.plain, "lang": _Reader.plain, "audio": _Reader.unheard,
    "lexicon": _Reader.unheard,
}  # fmt: skip
