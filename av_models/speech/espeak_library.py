"""espeak-ng itself, through ctypes: one library per process, so one lock around every use of it.

Values are taken from its public header speak_lib.h (version 1.52). Events carry the sample at which a phoneme begins.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from av_models.domain.errors import InputError, ModelError

__all__ = ["PARAMETERS", "Event", "EventKind", "RawSpeech", "speak", "transcribe"]

_SYNCHRONOUS = 2
_WITH_PHONEME_EVENTS, _EVENTS_IN_IPA = 1, 2
_UTF8, _SSML, _PHONEMES = 0x01, 0x10, 0x100
_IPA = 0x02
_LIST_END, _WORD, _PHONEME = 0, 1, 7
_CRASHES = frozenset({"kl"})  # its numbers bring the whole process down

# name: (number of espeak_PARAMETER, least, most, what espeak takes when nothing is said)
PARAMETERS: Mapping[str, tuple[int, int, int, int]] = {
    "rate_wpm": (1, 80, 450, 175),
    "volume": (2, 0, 200, 100),
    "pitch": (3, 0, 99, 50),
    "pitch_range": (4, 0, 99, 50),
    "word_gap": (7, 0, 50, 0),
}


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class EventKind:
    WORD = _WORD
    PHONEME = _PHONEME


@dataclass(frozen=True, slots=True)
class Event:
    """kind: EventKind. sample: where it begins. character: of the text, from 0, for words. phoneme: espeak's own name
    of it, or IPA of at most eight bytes."""

    kind: int
    sample: int
    character: int
    phoneme: str


@dataclass(frozen=True, slots=True)
class RawSpeech:
    """samples: int16 mono."""

    samples: np.ndarray
    rate_hz: int
    events: tuple[Event, ...]


class _Library:
    """The library while it is open, and what the running synthesis has delivered so far.

    Some of its voices waver by state that lives as long as the loaded file and survives espeak_Terminate: a line would
    sound different after another line. So it is unloaded after each use (0.8 ms): equal requests give equal samples.
    """

    def __init__(self, ipa: bool) -> None:
        """ipa: phoneme events carry IPA."""
        self.pieces: list[np.ndarray] = []
        self.events: list[Event] = []
        try:
            import espeakng_loader

            self.c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            self.data = Path(espeakng_loader.get_data_path())
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelError(f"espeak-ng cannot be loaded: {error}.", "Run: pip install espeakng-loader.") from error
        self.c.espeak_TextToPhonemes.restype = ctypes.c_char_p
        options = _WITH_PHONEME_EVENTS | (_EVENTS_IN_IPA if ipa else 0)
        self.rate_hz: int = self.c.espeak_Initialize(_SYNCHRONOUS, 0, str(self.data).encode(), options)
        if self.rate_hz <= 0:
            remedy = "Run: pip install --force-reinstall espeakng-loader."
            raise ModelError(f"espeak-ng found no data in {self.data}.", remedy)
        # ctypes keeps no reference to a callback: without this attribute it is freed and the next call crashes.
        self._callback = _Callback(self._receive)
        self.c.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        import _ctypes

        self.c.espeak_Terminate()
        _ctypes.dlclose(self.c._handle)

    def _receive(self, wave: Any, n_samples: int, events: Any) -> int:
        if wave and n_samples:
            self.pieces.append(np.ctypeslib.as_array(wave, (n_samples,)).copy())
        index = 0
        while events[index].type != _LIST_END:
            event = events[index]
            index += 1
            if event.type in (_WORD, _PHONEME):
                phoneme = event.id.string.decode("utf-8", "replace") if event.type == _PHONEME else ""
                self.events.append(Event(event.type, event.sample, event.text_position - 1, phoneme))
        return 0

    def choose_voice(self, voice: str) -> None:
        """espeak takes an unknown variant without a word, so that is checked here. Of a region that it does not know
        ("de-at") the language is taken."""
        language, plus, variant = voice.partition("+")
        language = language.lower()
        if language.partition("-")[0] in _CRASHES:
            raise InputError(
                f"espeak-ng 1.52 crashes on the language '{language}'.", "Choose a voice of another language."
            )
        known = not variant or (variant.isalnum() and (self.data / "voices" / "!v" / variant).is_file())
        tags = dict.fromkeys((language, language.partition("-")[0]))
        if not known or all(self.c.espeak_SetVoiceByName(f"{tag}{plus}{variant}".encode()) != 0 for tag in tags):
            what = f"language '{language}'" if known else f"variant '{variant}'"
            raise InputError(f"espeak-ng has no {what}.", "Name a language such as en-us and a variant such as f2.")


_lock = threading.Lock()


@contextmanager
def _opened(ipa: bool = False) -> Iterator[_Library]:
    with _lock:
        library = _Library(ipa)
        try:
            yield library
        finally:
            library.close()


def speak(ssml: str, voice: str, parameters: Mapping[str, int], *, ipa: bool = False) -> RawSpeech:
    """Synthesise one stretch of SSML that may hold [[mnemonics]]. parameters: of PARAMETERS. ipa: name phonemes so."""
    text = ssml.encode() + b"\0"
    with _opened(ipa) as library:
        library.choose_voice(voice)
        for name, (number, _, _, usual) in PARAMETERS.items():
            library.c.espeak_SetParameter(number, parameters.get(name, usual), 0)
        status = library.c.espeak_Synth(text, len(text), 0, 1, 0, _UTF8 | _SSML | _PHONEMES, None, None)
    if status != 0 or not library.pieces:
        raise ModelError(f"espeak-ng could not speak (status {status}).", "Shorten the line, or use another engine.")
    return RawSpeech(np.concatenate(library.pieces), library.rate_hz, tuple(library.events))


def transcribe(text: str, voice: str, *, ipa: bool = True) -> str:
    """What espeak would say, one clause after the other with spaces between words: IPA or its own mnemonics."""
    parts = []
    with _opened() as library:
        library.choose_voice(voice)
        rest = ctypes.c_char_p(text.encode())
        while rest.value:
            said = library.c.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA if ipa else 0)
            parts.append(said.decode("utf-8", "replace"))
    return " ".join(part.strip() for part in parts if part.strip())
