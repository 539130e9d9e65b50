"""Transcripts of recordings: tables of ids and texts in their usual spellings, or a text file beside each recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from av_models.domain.errors import InputError

__all__ = ["Transcripts", "read_transcripts", "text_beside"]

_ID_HEADS = {"id", "file", "filename", "file_name", "path", "name", "audio", "wav", "clip", "utterance", "audio_file"}
_TEXT_HEADS = ("text", "transcript", "transcription", "sentence", "normalized_text", "words", "prompt")
_MOST_BYTES = 200_000_000
_BESIDE = (".txt", ".lab")
_SHAPE = "Write an id and a text on each line: 'id<TAB>text', 'id|text' or CSV with quotes where a text has commas."


class Transcripts:
    """Texts by the names of their recordings: a path below the folder, or the file's name alone."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self._used: set[str] = set()
        self._by_stem: dict[str, list[str]] = {}
        for name in self._texts:
            self._by_stem.setdefault(PurePosixPath(name).name, []).append(name)

    def text_of(self, name: str) -> str | None:
        """The text of a recording, None if there is none. InputError when its name could mean two of them."""
        if name not in self._texts:
            stem = PurePosixPath(name).name
            close = [one for one in self._by_stem.get(stem, ()) if name.endswith(one) or one.endswith(name)]
            if len(close) > 1:
                raise InputError(
                    f"The transcripts have {' and '.join(close[:3])} for the recording '{name}'.",
                    "Name the files with their folders, or give every file a name of its own.",
                )
            if not close:
                return None
            name = close[0]
        self._used.add(name)
        return self._texts[name]

    def unused(self) -> tuple[str, ...]:
        """Names for which nobody asked."""
        return tuple(sorted(self._texts.keys() - self._used))


def read_transcripts(path: Path) -> Transcripts:
    """Read a table of ids and texts. InputError names the line that cannot be read."""
    text = _decoded(path)
    if not text.strip():
        raise InputError(f"{path} is empty.", _SHAPE)
    rows = list(_rows(text, path))
    head = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    id_column, text_column = 0, None
    if set(head) & _ID_HEADS and set(head) & set(_TEXT_HEADS):
        id_column = next(column for column, name in enumerate(head) if name in _ID_HEADS)
        text_column = next(head.index(name) for name in _TEXT_HEADS if name in head)
        rows = rows[1:]
    texts: dict[str, str] = {}
    for line, cells in rows:
        if len(cells) < 2:
            raise InputError(f"{path}, line {line}: there is no text beside '{cells[0][:40]}'.", _SHAPE)
        said = cells[text_column] if text_column is not None and text_column < len(cells) else cells[1]
        name = _plain_name(cells[id_column])
        said = " ".join(said.split())
        if texts.setdefault(name, said) != said:
            raise InputError(f"{path}, line {line}: '{name}' has two different texts.", "Leave one of them.")
    return Transcripts(texts)


def text_beside(recording: Path) -> str | None:
    """The text in NAME.txt or NAME.lab beside NAME.wav, None if there is neither."""
    for suffix in _BESIDE:
        if (path := recording.with_suffix(suffix)).is_file():
            return " ".join(_decoded(path).split())
    return None


def _decoded(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path of the transcripts.")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} is too large for transcripts.", "Is it the right file?")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}).", "Save it as plain text in UTF-8."
        ) from error
    if "\0" in text:
        raise InputError(f"{path} is a binary file, not a transcript.", "Save it as plain text in UTF-8.")
    return text


def _rows(text: str, path: Path) -> Iterable[tuple[int, list[str]]]:
    """(line from 1, cells) by the separator of the first line: tab, bar, else comma."""
    lines = text.splitlines()
    first = next(line for line in lines if line.strip())
    separator = next((mark for mark in ("\t", "|") if mark in first), "," if "," in first else "")
    if not separator:
        raise InputError(f"{path}: the first line has an id or a text, not both.", _SHAPE)
    if separator == ",":
        reader = csv.reader(io.StringIO(text))
        yield from ((reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells))
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            # LJSpeech has the text as it is read aloud in a third column.
            cells = line.split(separator)
            yield number, [cells[0], cells[2]] if separator == "|" and len(cells) > 2 and cells[2].strip() else cells


def _plain_name(cell: str) -> str:
    """As recordings are named: forward slashes, no './', no ending of a sound file."""
    name = cell.strip().replace("\\", "/").removeprefix("./")
    path = PurePosixPath(name)
    known = {".wav", ".flac", ".mp3", ".opus", ".ogg", ".m4a", ".aac", ".aif", ".aiff"}
    return path.with_suffix("").as_posix() if path.suffix.lower() in known else name
