"""Whether the voice can read the language of a script, and what it reads less well."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.errors import InputError
from av_models.domain.script import Line

from .languages.known import is_known, known_names
from .languages.language import strip_punctuation
from .tongue import NAMES, hear_tongue

__all__ = ["notes_on"]

_MOST_EXAMPLES = 5


def notes_on(lines: Sequence[Line], language: str, declared: str, for_voice: bool) -> tuple[str, ...]:
    """Sentences for the user. declared: the language that the script names itself, '' if it names none.

    for_voice: raise InputError when the script is in another language than the voice.
    """
    if for_voice:
        _refuse_other_language(lines, language, declared)
        return (*_left_to_espeak(lines, language), *_guessed(lines, language))
    return _left_to_espeak(lines, language)


def _refuse_other_language(lines: Sequence[Line], language: str, declared: str) -> None:
    expected = language.lower().partition("-")[0]
    if declared:
        if declared.partition("-")[0] != expected:
            raise _other_language(f"The script says that it is written in '{declared}'", declared, language)
        return
    words = [strip_punctuation(word).lower() for line in lines for word in line.written.split()]
    heard = hear_tongue([word for word in words if word], expected)
    if heard.certain:
        raise _other_language(f"The script reads as {NAMES[heard.code]}", heard.code, language)


def _other_language(problem: str, code: str, language: str) -> InputError:
    name = NAMES.get(code.partition("-")[0], f"'{code}'")
    return InputError(
        f"{problem}, and the voice speaks '{language}'.",
        f"Choose a voice that speaks {name} (`flow voices` lists them), or translate the script. "
        f"If it is meant so, write 'Language: {language}' above its first line.",
    )


def _guessed(lines: Sequence[Line], language: str) -> tuple[str, ...]:
    """English words, names and foreign words among them, that no dictionary tells how to say."""
    if not language.lower().startswith("en"):
        return ()
    from .phones import is_in_dictionary

    words = [
        strip_punctuation(token.written)
        for line in lines
        for token in line.tokens
        if not token.phones and not all(is_in_dictionary(word) for word in token.spoken)
    ]
    different = list(dict.fromkeys(words))
    if not different:
        return ()
    shown = ", ".join(f"“{word}”" for word in different[:_MOST_EXAMPLES])
    more = f" and {len(different) - _MOST_EXAMPLES} more" if len(different) > _MOST_EXAMPLES else ""
    return (f"No dictionary knows {shown}{more}: listen to them, or give their phones, as in {{Nguyen|W IH1 N}}.",)


def _left_to_espeak(lines: Sequence[Line], language: str) -> tuple[str, ...]:
    """Numbers in a language whose numbers we do not know."""
    if is_known(language):
        return ()
    words = [
        strip_punctuation(token.written)
        for line in lines
        for token in line.tokens
        if any(character.isdigit() for character in token.written) and not token.phones
    ]
    if not words:
        return ()
    shown = ", ".join(f"“{word}”" for word in list(dict.fromkeys(words))[:_MOST_EXAMPLES])
    known = " and ".join(known_names())
    return (
        f"Numbers, dates and short forms are spelled out in {known}; in '{language}' they are espeak-ng's own. "
        f"Listen to {shown}, or write them as words.",
    )
