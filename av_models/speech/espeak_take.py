"""One run of words spoken by espeak-ng: written as SSML, and its events read back as phones with exact samples."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np

from av_models.domain.script import Token
from av_models.domain.speech import SILENCE

from .arpabet import is_vowel
from .directions import bent
from .espeak_library import EventKind, RawSpeech
from .espeak_phones import espeak_mnemonics, from_mnemonic, is_lengthening, is_silence
from .ipa import only_sounds, read_ipa
from .normalise import letter_names, with_capitals
from .phones import letter_name
from .reel import Run, Said, trimmed
from .times import NO_WORD, Stretch, divide_phones, merge_slivers, split_stretch

__all__ = ["Take"]

_SLIVER_MS = 25
_LONGEST_CLOSURE_MS = 110
_CLOSURE_STEP_MS = 5
_CLOSED_LEVEL = 0.045  # of the stretch's peak: what counts as no sound before a stop is released
_HUM = "m-"  # the m that is a syllable, which espeak can draw out as it can no other
_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_EMPHASES = (
    "",
    '<prosody pitch="+22%" range="+40%" rate="82%" volume="+30%">',
    '<prosody pitch="+40%" range="+70%" rate="70%" volume="+50%">',
)


class Take:
    """A run of words written as SSML, and the way back from espeak's events to those words."""

    def __init__(self, run: Run, tract: float, language: str, paces: Sequence[float] = ()) -> None:
        """tract: how many times as fast it will be played than espeak speaks it.  paces: how many times as fast as of
        the voice's own accord each spoken word of the run is said; none for all as they are."""
        self.tract, self.language, self.paces = tract, language, paces
        self.foreign = not language.lower().startswith("en")
        self.ssml = ""
        self.starts: list[int] = []
        self.hummed: list[int] = []
        self.run, self.spoken = run, run.spoken
        self._span = (0, 1.0)
        for token in run.tokens:
            self._write(token)
        self._enter(0, 1.0)
        if not run.tokens[-1].break_after:
            # Before a pause the voice should stay up; at the end of a line it falls as in any statement.
            self.ssml = self.ssml.rstrip() + (" ." if run.last else " ,")

    def _write(self, token: Token) -> None:
        letters = letter_names(token.written, token.spoken)
        words = with_capitals(token.written, token.spoken, self.language)
        for word, is_letter in zip(words, letters, strict=True):
            article = is_letter and word == "a" and not self.foreign
            phones = token.phones or (letter_name("a") if article else ())
            self._enter(token.emphasis, self.paces[len(self.starts)] if self.paces else 1.0)
            self.starts.append(len(self.ssml))
            hums = token.filler and not any(is_vowel(phone) for phone in phones)
            self.hummed += [len(self.starts) - 1] * hums
            said = espeak_mnemonics(phones).replace("m", _HUM) if hums else espeak_mnemonics(phones)
            self.ssml += f"[[{said}]] " if phones else f"{escape(word)} "
        if token.break_after:
            self.ssml = self.ssml.rstrip() + f"{token.break_after} "

    def _enter(self, emphasis: int, pace: float) -> None:
        """Close the span before and open another, unless they are alike."""
        if (emphasis, pace) == self._span:
            return
        was_emphasised, was_paced = self._span
        self.ssml += "</prosody> " * (bool(was_emphasised) + (was_paced != 1.0))
        self.ssml += _EMPHASES[emphasis]
        self.ssml += f'<prosody rate="{100 * pace:.0f}%">' if pace != 1.0 else ""
        self._span = (emphasis, pace)

    def listen(self, raw: RawSpeech) -> Said:
        """Name every stretch of the recording, and trim it to its phones."""
        sounds = self._sounds(raw)
        stretches = _divide_groups(_close_stops(sounds, raw), self.spoken, self.language)
        stretches = merge_slivers(stretches, round(_SLIVER_MS * raw.rate_hz / 1000))
        samples = _shortened(raw.samples.astype(np.float32) / 32768, self.tract)
        played = [replace(s, first=round(s.first / self.tract), end=round(s.end / self.tract)) for s in stretches]
        said = trimmed(samples, raw.rate_hz, played)
        return replace(said, samples=bent(said.samples, self.run.tokens, said.stretches, said.rate_hz))

    def _sounds(self, raw: RawSpeech) -> list[Stretch]:
        """Phoneme events as stretches, each with the word that the last word event named."""
        phonemes = [event for event in raw.events if event.kind == EventKind.PHONEME]
        ends = {id(event): after.sample for event, after in pairwise(phonemes)}
        sounds: list[Stretch] = []
        word = 0
        for event in raw.events:
            if event.kind == EventKind.WORD:
                word = max(word, bisect_right(self.starts, event.character) - 1)
                continue
            end = ends.get(id(event), raw.samples.size)
            if sounds and is_lengthening(event.phoneme):
                sounds[-1] = replace(sounds[-1], end=end)
                continue
            labels, ipa = self._labels(event.phoneme)
            if word in self.hummed and labels:
                labels = labels[-1:]
            if labels:
                sounds += split_stretch(labels, event.sample, end, word, ipa)
            else:
                sounds.append(Stretch(SILENCE, event.sample, end))
        return sounds

    def _labels(self, phoneme: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """ARPAbet and IPA of what espeak names a phoneme; nothing for silence."""
        if is_silence(phoneme):
            return (), ()
        if not self.foreign:
            return from_mnemonic(phoneme), ()
        sounds = only_sounds(read_ipa(unicodedata.normalize("NFC", phoneme), self.language))
        return tuple(p for s in sounds for p in s.phones)[:2], tuple(i for s in sounds for i in s.ipa)[:2]


def _divide_groups(sounds: Sequence[Stretch], spoken: Sequence[str], language: str) -> list[Stretch]:
    """espeak says "of the" as one word: share the phones of such a group among its words."""
    named = sorted({sound.word for sound in sounds if sound.word != NO_WORD})
    upto = dict(zip(named, [*named[1:], len(spoken)], strict=True))
    divided = list(sounds)
    for word in named:
        indices = [index for index, sound in enumerate(sounds) if sound.word == word]
        group = spoken[word : upto[word]]
        owners = divide_phones([sounds[index].label for index in indices], group, language)
        for index, owner in zip(indices, owners, strict=True):
            divided[index] = replace(sounds[index], word=word + owner)
    return divided


def _close_stops(sounds: Sequence[Stretch], raw: RawSpeech) -> list[Stretch]:
    """espeak's event of a stop marks its release; the silent closure before it belongs to the stop as well."""
    step = round(_CLOSURE_STEP_MS * raw.rate_hz / 1000)
    closed_below = _CLOSED_LEVEL * float(np.abs(raw.samples.astype(np.int32)).max())
    closed = list(sounds)
    for index in range(1, len(closed)):
        stop, before = closed[index], closed[index - 1]
        if stop.label not in _STOPS or before.label == SILENCE:
            continue
        earliest = max(before.first + (before.end - before.first) // 3, stop.first - _LONGEST_CLOSURE_MS * step // 5)
        start = stop.first
        while start - step >= earliest and np.abs(raw.samples[start - step : start]).max() < closed_below:
            start -= step
        closed[index - 1 : index + 1] = [replace(before, end=start), replace(stop, first=start)]
    return closed


def _shortened(samples: np.ndarray, tract: float) -> np.ndarray:
    """Play n samples `tract` times as fast: round(n / tract) samples at the old rate."""
    if tract == 1:
        return samples
    import soxr

    n = round(samples.size / tract)
    played = np.asarray(soxr.resample(samples, tract, 1.0), dtype=np.float32)
    return np.pad(played, (0, max(0, n - played.size)))[:n]
