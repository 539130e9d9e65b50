"""IPA as espeak-ng writes it, taken apart into sounds, each with the nearest phones of ARPAbet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .arpabet import is_vowel, table
from .languages.known import language_of

__all__ = ["Sound", "only_sounds", "prolonged", "pronounce_ipa", "read_ipa"]

# Written as "IPA=ARPAbet ARPAbet"; 'v' stands where the stress digit goes. Sounds that English lacks get the phone that
# sounds most like them; rounded front vowels get a rounded one, for the lips' sake.
_SOUNDS = table(
    "tʃ=CH|dʒ=JH|tɕ=CH|dʑ=JH|tʂ=CH|dʐ=JH|ts=T S|dz=D Z|pf=P F|p=P|b=B|ɓ=B|t=T|ʈ=T|d=D|ɖ=D|ɗ=D|k=K|ɡ=G|g=G|ɠ=G|q=K|"
    "c=K|ɟ=G|f=F|v=V|ʋ=V|β=V|ɸ=F|θ=TH|ð=DH|s=S|z=Z|ʃ=SH|ʒ=ZH|ʂ=SH|ʐ=ZH|ɕ=SH|ʑ=ZH|ɧ=SH|ç=HH|ʝ=Y|x=HH|χ=HH|h=HH|"
    "ɦ=HH|ħ=HH|ʕ=HH|ɣ=G|ɰ=G|ʁ=R|ʀ=R|m=M|ɱ=M|n=N|ɳ=N|ɲ=N|ɴ=NG|ŋ=NG|l=L|ɫ=L|ɭ=L|ʎ=L|ʟ=L|ɬ=L|ɮ=L|ɹ=R|ɻ=R|r=R|ɾ=R|"
    "ɽ=R|j=Y|w=W|ʍ=W|ɥ=W|ʔ=T|ɐ̯=AHv|eɪ=EYv|aɪ=AYv|aʊ=AWv|ɔɪ=OYv|ɔø=OYv|ɔʏ=OYv|oʊ=OWv|əʊ=OWv|iə=IYv AH0|eə=EHv|"
    "ʊə=UHv AH0|i=IYv|ɪ=IHv|ᵻ=IHv|ɨ=IHv|e=EYv|ɛ=EHv|ε=EHv|ɘ=AHv|æ=AEv|a=AAv|ɑ=AAv|ɒ=AAv|ɔ=AOv|o=OWv|ʊ=UHv|u=UWv|"
    "ʌ=AHv|ə=AHv|ɐ=AHv|ɚ=ERv|ɜ=ERv|ɝ=ERv|ɞ=ERv|y=UWv|ʏ=UHv|ø=ERv|œ=ERv|ɶ=ERv|ʉ=UWv|ɵ=UHv|ɯ=UHv|ɤ=AHv|"
    "ʦ=T S|ʣ=D Z|ä=AAv|ã=AAv|õ=AOv|ẽ=EHv|ĩ=IHv|ũ=UHv"
)
_FLAP = {"ɾ": "T"}  # of American English; elsewhere it is an r
_LONGEST = max(map(len, _SOUNDS))
_STRESS = {"ˈ": "1", "ˌ": "2", " ": "0"}


@dataclass(frozen=True, slots=True)
class Sound:
    """text: as espeak wrote it.  phones: the nearest of ARPAbet, one or two; () for a mark that makes no sound of its
    own: stress, length, spaces, accents.  ipa: one for each phone, '' where the language is English."""

    text: str
    phones: tuple[str, ...] = ()
    ipa: tuple[str, ...] = ()


def read_ipa(ipa: str, language: str = "en-us") -> tuple[Sound, ...]:
    """Every sound and mark in order; their texts joined give `ipa` again. Vowels get their stress digit."""
    reader = language_of(language)
    english = reader.code == "en"
    sounds: list[Sound] = []
    stress, at = "0", 0
    while at < len(ipa):
        size = next((n for n in range(_LONGEST, 0, -1) if ipa[at : at + n] in _SOUNDS), 1)
        text = ipa[at : at + size]
        usual = reader.ipa.get(text, text)
        written = (_FLAP if english else {}).get(text) or _SOUNDS.get(usual, "")
        stress = _STRESS.get(text, stress)
        phones = tuple(written.replace("v", stress).split())
        sounds.append(Sound(text, phones, () if english else _shared(usual, len(phones))))
        if phones and is_vowel(phones[0]):
            stress = "0"
        at += size
    return tuple(sounds)


def only_sounds(sounds: Sequence[Sound]) -> tuple[Sound, ...]:
    """Without marks: length and accents are joined to the sound before them, stress and spaces are left out."""
    kept: list[Sound] = []
    for sound in sounds:
        if sound.phones:
            kept.append(sound)
        elif kept and sound.text not in _STRESS and _is_accent(sound.text):
            kept[-1] = prolonged(kept[-1], sound.text)
    return tuple(kept)


def prolonged(sound: Sound, mark: str) -> Sound:
    """The sound with a mark of length or an accent after it."""
    accent = mark if _is_accent(mark) else ""
    ipa = (*sound.ipa[:-1], sound.ipa[-1] + accent) if sound.ipa else ()
    return Sound(sound.text + mark, sound.phones, ipa)


@lru_cache(maxsize=8192)
def pronounce_ipa(word: str, language: str) -> tuple[tuple[str, str], ...]:
    """(nearest ARPAbet, IPA) of every sound of a word that is not English, as espeak-ng says it."""
    from .espeak_library import transcribe

    said = unicodedata.normalize("NFC", re.sub(r"\([a-z-]+\)", "", transcribe(word, language)))
    pairs = tuple(
        pair for sound in only_sounds(read_ipa(said, language)) for pair in zip(sound.phones, sound.ipa, strict=True)
    )
    return pairs or (("AH0", "ə"),)


def _shared(ipa: str, n: int) -> tuple[str, ...]:
    """ "ts" as two phones is t and s."""
    if n == len(ipa) or n == 0:
        return tuple(ipa)[:n]
    return (ipa,) * n


def _is_accent(text: str) -> bool:
    return unicodedata.category(text)[0] in "ML"
