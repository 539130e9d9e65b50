"""Which language a script is written in, told from its commonest words: enough to see that a voice cannot read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["NAMES", "Tongue", "hear_tongue"]

# The commonest words of running text. A word that stands in several lists tells nothing and is left out below.
_COMMON: Mapping[str, str] = {
    "en": "the and of to is that it for was with as his be at by this have from or had not are but what all were we "
    "when your can said there use each which she how their if will other about out many then them these some her "
    "would make like him into time has look my you they been who its now find i am hello please no do me don't "
    "on an so a in",
    "de": "der die das und ist nicht ein eine zu den von mit sich des auf für im dem auch es wird aus er hat dass sie "
    "nach bei um noch wie über so nur oder aber vor zur bis mehr durch man sein wurde sei ich wir ihr mein dein haben "
    "kann sind guten bitte heute wenn werden keine zum einen einer vom bin bist mir mich dir "
    "dich danke morgen sehr ihnen unser uns diese dieser dieses jetzt",
    "fr": "le les des et est un une que pour dans ce qui pas sur sont avec il elle nous vous ils plus mais au aux par "
    "cette ou tout être avoir fait son ses ma ta leur comme bien très je suis bonjour merci c'est l'on d'un",
    "es": "el los las y es un una que en por con para su como más pero sus le ya este porque muy sin sobre también me "
    "hasta hay donde quien desde todo nos durante uno ni ese eso ella fue está yo soy hola del lo al",
    "it": "il gli di che è un una per con non sono del della nel dei alla più anche come ma le si questo quello ha ho "
    "perché molto essere stato fare tutto loro noi voi ciao buongiorno sei degli delle",
    "nl": "het een van en dat niet te zijn op aan met voor er maar om bij ook als dan zij wij hun naar uit over nog "
    "wordt werd heeft hebben kan geen wat dit deze worden ik je hallo mijn jouw veel",
    "pt": "o os as e é um uma que não em para com por mais do da dos das no na ao se como mas foi ele ela seu sua ou "
    "quando muito já também só pelo pela até isso ela entre depois sem mesmo aos eu sou olá você",
    "sv": "och att det som är en ett på för med av den till inte om har de men var jag sig från vi så kan när man "
    "hade nu också över hej mycket alla efter eller här detta",
    "da": "og at det som er en et på for med af den til ikke om har de men var jeg sig fra vi så kan når man havde nu "
    "også over hej meget alle efter eller her dette blev",
    "pl": "i w na z do się nie to jest że o jak ale po co tak za od przez jego już tylko czy dla był była ten może "
    "jestem dzień dobry proszę ich tego także",
}
NAMES: Mapping[str, str] = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
    "pt": "Portuguese", "sv": "Swedish", "da": "Danish", "pl": "Polish",
}  # fmt: skip
_LETTERS: Mapping[str, str] = {"de": "ß", "es": "ñ¿¡", "pt": "ãõ", "pl": "łęąśżź", "da": "ø"}

_CLEAR_HITS = 3
_CLEAR_SHARE = 0.15
_CLEAR_LEAD = 4


@dataclass(frozen=True, slots=True)
class Tongue:
    """code: the likeliest of the languages that are known here; '' when nothing speaks for any.  certain: so many of
    its words are there, and so few of the expected language, that reading on would be a mistake. Never so where the
    expected language is not known here: it may be a near relative."""

    code: str
    certain: bool


def hear_tongue(words: Sequence[str], expected: str) -> Tongue:
    """words: lower case, as written. expected: ISO 639-1 code of the voice."""
    exclusive, different = _exclusive(), set(words)
    hits = Counter(exclusive[word] for word in different if word in exclusive)
    for code, letters in _LETTERS.items():
        hits[code] += sum(any(letter in word for letter in letters) for word in different)
    code, n = max(hits.items(), key=lambda entry: entry[1], default=("", 0))
    if n == 0 or code == expected or expected not in _COMMON:
        return Tongue(code if n else "", False)
    clear = n >= _CLEAR_HITS and n >= _CLEAR_SHARE * len(different) and n >= _CLEAR_LEAD * hits[expected]
    return Tongue(code, clear)


def _exclusive() -> dict[str, str]:
    """The language of every word that stands in one list only."""
    count = Counter(word for text in _COMMON.values() for word in set(text.split()))
    return {word: code for code, text in _COMMON.items() for word in text.split() if count[word] == 1}
