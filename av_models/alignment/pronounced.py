"""How the words of a line may be said, for aligners that look for them in a sound."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.script import Line
from av_models.speech.normalise import letter_names
from av_models.speech.phones import letter_name, pronounce, pronunciations

__all__ = ["line_ipa", "line_pronunciations", "word_pronunciations"]

Ways = list[tuple[tuple[str, ...], ...]]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def line_pronunciations(line: Line, language: str) -> Ways:
    """For every spoken word the ways it may be said: the author's alone, a letter's name, else the dictionary's."""
    ways: Ways = []
    english = language.lower().startswith("en")
    for token in line.tokens:
        for word, is_letter in zip(token.spoken, letter_names(token.written, token.spoken), strict=True):
            if token.phones:
                ways.append((token.phones,))
            elif english and is_letter and word in _LETTERS:
                ways.append((letter_name(word),))
            else:
                ways += word_pronunciations([word], language)
    return ways


def line_ipa(line: Line, language: str) -> list[tuple[str, ...]]:
    """For every spoken word the IPA of each of its phones, where the language is not English; else ()."""
    if language.lower().startswith("en"):
        return [()] * len(line.spoken)
    from av_models.speech.ipa import pronounce_ipa

    return [
        () if token.phones else tuple(ipa for _, ipa in pronounce_ipa(word, language))
        for token in line.tokens
        for word in token.spoken
    ]


def word_pronunciations(words: Sequence[str], language: str) -> Ways:
    """InputError for a language whose sounds are not known here."""
    if language.lower().startswith("en"):
        return [pronunciations(word) for word in words]
    return [(pronounce(word, language),) for word in words]
