"""How many syllables are said: what decides whether a translated line fits the mouth of the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from av_models.domain.script import Line

from .arpabet import is_vowel

__all__ = ["count_syllables", "word_syllables"]

_SYLLABIC = "\N{COMBINING VERTICAL LINE BELOW}"  # under a consonant that carries a syllable: the n of German "haben"


def count_syllables(line: Line, language: str) -> int:
    """Vowels and syllabic consonants of the words of the line as they are spoken. language: BCP-47."""
    given = sum(is_vowel(phone) for token in line.tokens for phone in token.phones)
    spoken = [word for token in line.tokens if not token.phones for word in token.spoken]
    return given + word_syllables(spoken, language)


def word_syllables(words: Sequence[str], language: str) -> int:
    """Of spoken words: English by its dictionary, other languages by espeak-ng's IPA."""
    if language.lower().startswith("en"):
        from .phones import pronounce

        return sum(is_vowel(phone) for word in words for phone in pronounce(word, language))
    if not words:
        return 0
    from .espeak_library import transcribe
    from .ipa import read_ipa

    ipa = unicodedata.normalize("NFC", re.sub(r"\([a-z-]+\)", "", transcribe(" ".join(words), language)))
    vowels = sum(is_vowel(phone) for sound in read_ipa(ipa, language) for phone in sound.phones)
    return vowels + ipa.count(_SYLLABIC)
