"""What is said when, read back from the timeline of a finished production, or from a TextGrid."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from av_models.domain.errors import InputError, MediaError
from av_models.domain.speech import Phone, Word
from av_models.domain.sync import Wording

from .textgrid import read_textgrid

__all__ = ["read_spoken"]

_REMEDY = "Give a .TextGrid with the tiers 'words' and 'phones', or the timeline.otio of a production."


def read_spoken(path: Path, language: str) -> Wording:
    """Words and phones in the time of the programme.

    From a TextGrid as they stand there. From an OTIO timeline: the speech track tells where each line lies, and
    `alignment/NNN.TextGrid` beside the timeline what is in it; without those files only the text is known.
    Errors: InputError for another kind of file, MediaError for one that cannot be read.
    """
    kind = path.suffix.lower()
    if kind == ".textgrid":
        words, phones = read_textgrid(path)
        return Wording(" ".join(word.text for word in words), language, words, phones)
    if kind == ".otio":
        return _from_otio(path, language)
    raise InputError(f"{path.name} is no timeline that can be read.", _REMEDY)


def _from_otio(path: Path, language: str) -> Wording:
    import opentimelineio as otio

    try:
        timeline = otio.adapters.read_from_file(str(path))
        track = next(one for one in timeline.audio_tracks() if one.name == "Speech")
    except (OSError, StopIteration, otio.exceptions.OTIOError) as error:
        raise MediaError(str(path), "it holds no timeline with a track 'Speech'", _REMEDY) from error
    texts: list[str] = []
    words: list[Word] = []
    phones: list[Phone] = []
    complete = True
    for number, clip in enumerate(track.find_clips(), start=1):
        start = Fraction(clip.trimmed_range_in_parent().start_time.to_seconds()).limit_denominator(10**9)
        texts.append(" ".join(marker.name for marker in clip.markers) or clip.name)
        grid = path.parent / "alignment" / f"{number:03d}.TextGrid"
        complete = complete and grid.is_file()
        if complete:
            own_words, own_phones = read_textgrid(grid)
            words += [replace(one, start=one.start + start, end=one.end + start) for one in own_words]
            phones += [replace(one, start=one.start + start, end=one.end + start) for one in own_phones]
    known = (tuple(words), tuple(phones)) if complete else ((), ())
    return Wording("\n".join(texts), language, *known)
