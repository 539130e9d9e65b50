"""Written words to spoken words, in the language of the voice.

Knows nothing about marks, prosody or phones. Each written word keeps its place, so captions and speech stay side by
side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .languages.known import language_of
from .languages.language import Place, no_picture, strip_punctuation
from .writing import check_writing

__all__ = ["Unspeakable", "letter_names", "sentence_ends", "speak_words", "strip_punctuation", "with_capitals"]


class Unspeakable(ValueError):
    """A written word for which there are no spoken words. index: which one."""

    def __init__(self, index: int, problem: str) -> None:
        self.index = index
        super().__init__(problem)


def speak_words(written: Sequence[str], language: str = "en-us") -> tuple[tuple[str, ...], ...]:
    """Spoken words of each written word; () for bare punctuation. language: BCP-47. Raises Unspeakable."""
    reader = language_of(language)
    spoken: list[tuple[str, ...]] = []
    for place, word in zip(_places(written), written, strict=True):
        try:
            no_picture(word)
            check_writing(place.core, reader.code)
            _no_glued_fraction(word)
            spoken.append(reader.speak(place) if place.core else ())
        except ValueError as error:
            raise Unspeakable(place.index, str(error)) from error
    return tuple(spoken)


def sentence_ends(written: Sequence[str], language: str = "en-us") -> tuple[bool, ...]:
    """For each written word whether a full stop after it would end a sentence, and not only shorten the word."""
    reader = language_of(language)
    return tuple(reader.ends_sentence(place) for place in _places(written))


def with_capitals(written: str, spoken: Sequence[str], language: str) -> tuple[str, ...]:
    """The spoken words as espeak-ng shall read them: outside English a noun keeps its capital, for German "Weg" (way)
    and "weg" (away) are said differently."""
    core = strip_punctuation(written)
    is_noun = len(spoken) == 1 and core[:1].isupper() and core[1:].islower() and core.lower() == spoken[0]
    return (core,) if is_noun and not language.lower().startswith("en") else tuple(spoken)


def letter_names(written: str, spoken: Sequence[str]) -> tuple[bool, ...]:
    """Which of the `spoken` words are names of letters ("BBC", "J.", "A4"), so that 'a' there is not the article."""
    core = strip_punctuation(written)
    alone = core.isupper() and (core not in {"A", "I"} or bool(re.match(r"[A-Z]\.", written)))
    return tuple(len(word.removesuffix("'s")) == 1 and (alone or len(spoken) > 1) for word in spoken)


def _no_glued_fraction(word: str) -> None:
    """ "2½" would be read as 21/2."""
    if match := re.search(r"[\w.,]([¼-¾⅐-⅞])", word):
        raise ValueError(f"'{word}', in which '{match[1]}' is glued to a number: write it as a decimal")


def _places(written: Sequence[str]) -> tuple[Place, ...]:
    cores = tuple(strip_punctuation(word) for word in written)
    letters = [core for core in cores if core.isalpha() and len(core) > 1]
    shouting = len(letters) > 2 and all(core.isupper() for core in letters)
    stops = tuple(bool(core) and _tail(word, core).startswith(".") for word, core in zip(written, cores, strict=True))
    return tuple(Place(cores, stops, index, shouting) for index in range(len(cores)))


def _tail(word: str, core: str) -> str:
    """What follows the core: of "etc.)" it is ".)"."""
    return word[word.find(core) + len(core) :]
