"""Which letters a language is written in, so that text for another voice is refused where it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

__all__ = ["check_writing"]

# First word of a letter's Unicode name -> what people call those letters, and the languages (ISO 639) that use them.
_WRITINGS: Mapping[str, tuple[str, str]] = {
    "LATIN": ("Latin", ""),
    "CYRILLIC": ("Cyrillic", "ba be bg bs cv kk ky mk nog ru sr tt uk uz"),
    "GREEK": ("Greek", "el grc"),
    "ARABIC": ("Arabic", "ar az fa ku sd ug ur"),
    "HEBREW": ("Hebrew", "he"),
    "ARMENIAN": ("Armenian", "hy hyw"),
    "GEORGIAN": ("Georgian", "ka"),
    "DEVANAGARI": ("Devanagari", "hi kok mr ne"),
    "BENGALI": ("Bengali", "as bn bpy"),
    "GURMUKHI": ("Gurmukhi", "pa"),
    "GUJARATI": ("Gujarati", "gu"),
    "ORIYA": ("Odia", "or"),
    "TAMIL": ("Tamil", "ta"),
    "TELUGU": ("Telugu", "te"),
    "KANNADA": ("Kannada", "kn"),
    "MALAYALAM": ("Malayalam", "ml"),
    "SINHALA": ("Sinhala", "si"),
    "ETHIOPIC": ("Ethiopic", "am ti"),
    "CHEROKEE": ("Cherokee", "chr"),
    "HANGUL": ("Korean", "ko"),
    "THAI": ("Thai", "th"),
    "MYANMAR": ("Burmese", "my shn"),
    "CJK": ("Chinese", "cmn hak ja ko yue zh"),
    "HIRAGANA": ("Japanese", "ja"),
    "KATAKANA": ("Japanese", "ja"),
}
# Letters of these follow each other without spaces: a whole sentence would be one word, which nobody can time.
_WITHOUT_SPACES = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "MYANMAR"})
_LONGEST_UNSPACED = 10


def check_writing(word: str, code: str) -> None:
    """Raise ValueError for letters that a voice of language `code` cannot read. Latin letters are read by all."""
    unspaced = 0
    for letter in word:
        if not letter.isalpha() or unicodedata.category(letter) == "Lm" or letter in "ªº":
            continue
        writing = unicodedata.name(letter, "").split(" ", 1)[0]
        called, languages = _WRITINGS.get(writing, ("another", "none"))
        if languages and code not in languages.split():
            raise ValueError(f"'{word}', whose '{letter}' is of {called} script, which a voice of '{code}' cannot read")
        unspaced += writing in _WITHOUT_SPACES
    if unspaced > _LONGEST_UNSPACED:
        raise ValueError(f"'{word[:12]}…', which is not divided into words: put spaces between them")
