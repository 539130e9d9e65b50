"""TextGrid files of Praat: an alignment out and in again, tiers 'words' and 'phones'."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from av_models.domain.errors import MediaError
from av_models.domain.speech import Alignment, Phone, Word

__all__ = ["read_textgrid", "textgrid_of", "textgrid_text"]

_FINEST = 10**9  # Praat writes decimal seconds; a nanosecond is far below one sample


def textgrid_text(alignment: Alignment) -> str:
    """`textgrid_of` an alignment."""
    return textgrid_of(alignment.words, alignment.phones, alignment.speech.duration)


def textgrid_of(words: Sequence[Word], phones: Sequence[Phone], length: Fraction) -> str:
    """The long text format. Silence stands as 'sil' in the phones, as an empty interval between the words. Sounds of
    languages other than English stand in IPA. length: of the sound, in seconds."""
    from praatio import textgrid

    duration = float(length)
    grid = textgrid.Textgrid(0.0, duration)
    for name, entries in (("words", _rows(words)), ("phones", _rows(phones))):
        grid.addTier(textgrid.IntervalTier(name, entries, 0.0, duration), reportingMode="silence")
    with tempfile.TemporaryDirectory(prefix="textgrid-") as folder:
        path = Path(folder) / "alignment.TextGrid"
        grid.save(str(path), format="long_textgrid", includeBlankSpaces=True, reportingMode="silence")
        return path.read_text(encoding="utf-8")


def read_textgrid(source: Path | str) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words and phones of a TextGrid file, or of its text. MediaError when it is none or lacks a tier."""
    if isinstance(source, Path):
        return _read(source, str(source))
    with tempfile.TemporaryDirectory(prefix="textgrid-") as folder:
        path = Path(folder) / "given.TextGrid"
        path.write_text(source, encoding="utf-8")
        return _read(path, "TextGrid")


def _read(path: Path, name: str) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    from praatio import textgrid

    remedy = "Give a TextGrid with the interval tiers 'words' and 'phones'."
    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
        words, phones = grid.getTier("words").entries, grid.getTier("phones").entries
    except FileNotFoundError as error:
        raise MediaError(name, "there is no such file", remedy) from error
    except Exception as error:  # praatio raises whatever its parser stumbles over
        raise MediaError(name, "it cannot be read as a TextGrid with words and phones", remedy) from error
    return (
        tuple(Word(entry.label, _exact(entry.start), _exact(entry.end)) for entry in words),
        tuple(Phone(entry.label, _exact(entry.start), _exact(entry.end)) for entry in phones),
    )


def _rows(spans: Sequence[Word] | Sequence[Phone]) -> list[tuple[float, float, str]]:
    labelled: Iterable[tuple[Word | Phone, str]] = (
        (s, s.text if isinstance(s, Word) else s.ipa or s.label) for s in spans
    )
    return [(float(span.start), float(span.end), label) for span, label in labelled]


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * _FINEST), _FINEST)
