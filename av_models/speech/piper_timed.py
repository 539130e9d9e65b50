"""A Piper voice that is told when every phone begins: its frames are imposed, and each run laid to the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Phone

from .arpabet import bare, is_phone, is_vowel
from .breath import breath_of, breaths_in
from .directions import gains_db, word_directions
from .engine import Synthesis
from .frame_grid import frames_of
from .level import levelled
from .piper_graph import FREE, free_frames, infer
from .piper_reading import Description, Symbol, pad_of, read_symbols, signs_of
from .reel import Run, runs_of, trimmed
from .times import Stretch, close_gaps, to_phones, to_words

__all__ = ["TimedVoice", "respeak"]

_RAMP_MS = 5
_WEAK = "ˈˌː "
"""Signs that a sound can spare when it has but a frame or two."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedVoice:
    """scales: float32 (3,) as `infer` takes them.  breath: level of breaths.  finish: what is done to the samples of a
    run, given its stretches."""

    session: Any
    voice: Description
    language: str
    scales: np.ndarray
    speaker: int | None
    breath: float
    finish: Callable[[np.ndarray, Run, Sequence[Stretch], int], np.ndarray]


def respeak(timed: TimedVoice, line: Line, phones: Sequence[Phone], seed: int) -> Synthesis:
    """As `TimedEngine.respeak`. Silences are silent; within a run the edges of phones lie on the network's frames."""
    rate_hz = timed.voice.rate_hz
    samples = np.zeros(round(phones[-1].end * rate_hz), np.float32)
    stretches: list[Stretch] = []
    frame = _frame(timed)
    for said, wanted in _shared_out(timed, line, phones):
        first = round(wanted[0].start * rate_hz)
        sound, own = _say(timed, said, wanted, frame)
        room = samples[first : first + sound.size]
        room[:] = sound[: room.size]
        stretches += [stretch.moved(first, said.run.first_word) for stretch in own]
    breaths = iter(breaths_in(line.tokens))
    for phone in phones:
        if phone.label == BREATH:
            kind = next(breaths, TokenKind.BREATH)
            stretches.append(_lay_breath(samples, phone, kind, rate_hz, seed, timed.breath))
    inside = [Stretch(s.label, s.first, min(s.end, samples.size), s.word, s.ipa) for s in stretches]
    closed = close_gaps(sorted(inside, key=lambda stretch: stretch.first), samples.size)
    gains = gains_db(samples, closed, word_directions(line.tokens, emphasised=True))
    samples = levelled(samples, rate_hz, closed, gains)
    return Synthesis(samples, rate_hz, to_words(closed, line.spoken, rate_hz), to_phones(closed, rate_hz))


@dataclass(slots=True)
class _Unit:
    """A phone as it is told to others. ids: that say it.  rest: of the pause that may follow."""

    label: str
    ipa: str
    word: int
    ids: list[int]
    rest: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reading:
    """lead: ids before the first phone."""

    run: Run
    lead: list[int]
    units: list[_Unit]


def _shared_out(timed: TimedVoice, line: Line, phones: Sequence[Phone]) -> Iterator[tuple[_Reading, Sequence[Phone]]]:
    """Each run with its phones, from its first sound to its last. InputError when they are not the line's."""
    readings = [_read(run, timed) for run in runs_of(line)]
    spoken = [index for index, phone in enumerate(phones) if is_phone(phone.label)]
    if [unit.label for reading in readings for unit in reading.units] != [phones[index].label for index in spoken]:
        raise InputError("The phones given are not those of the line.", "Take the phones that the voice itself gave.")
    at = 0
    for reading in readings:
        own = spoken[at : at + len(reading.units)]
        at += len(own)
        yield reading, phones[own[0] : own[-1] + 1]


def _read(run: Run, timed: TimedVoice) -> _Reading:
    """The phones of a run as `PiperEngine.synthesize` names them, whatever their lengths."""
    lead: list[int] = []
    units: list[_Unit] = []
    for symbol in read_symbols(run, timed.voice, timed.language):
        if not symbol.labels:
            _add_signs(lead, units, symbol)
            continue
        for label, ipa, ids in _by_phone(symbol, 1 + len(pad_of(timed.voice))):
            if units and _goes_on(units[-1], label, ipa, symbol.word):
                units[-1].ids += [*units[-1].rest, *ids]
                units[-1].rest = []
            else:
                units.append(_Unit(label, ipa, symbol.word, list(ids)))
    return _Reading(run, lead, units)


def _add_signs(lead: list[int], units: list[_Unit], symbol: Symbol) -> None:
    """A space belongs to the sound before it, and what stands from punctuation on to the pause."""
    if not units:
        lead += symbol.ids
    elif symbol.pause or units[-1].rest:
        units[-1].rest += symbol.ids
    else:
        units[-1].ids += symbol.ids


def _by_phone(symbol: Symbol, n_per_sign: int) -> list[tuple[str, str, tuple[int, ...]]]:
    """Of a sound that is two phones the second gets the last sign; none if there is but one."""
    ipa = symbol.ipa or ("",) * len(symbol.labels)
    if not symbol.ids:
        return []
    if len(symbol.labels) == 1:
        return [(symbol.labels[0], ipa[0], symbol.ids)]
    n = len(symbol.ids) - (n_per_sign if len(symbol.ids) > n_per_sign else 0)
    return [(symbol.labels[0], ipa[0], symbol.ids[:n]), (symbol.labels[1], ipa[1], symbol.ids[n:])]


def _goes_on(before: _Unit, label: str, ipa: str, word: int) -> bool:
    """As `merge_slivers` joins doubled consonants and an r after its vowel."""
    if before.word != word:
        return False
    doubled = (before.label, before.ipa) == (label, ipa) and not is_vowel(label)
    return doubled or (label == "R" and bare(before.label) == "ER" and not ipa)


def _say(timed: TimedVoice, said: _Reading, wanted: Sequence[Phone], frame: int) -> tuple[np.ndarray, list[Stretch]]:
    """Samples of a run from its first phone to its last, and their stretches, words counted in the run."""
    rate_hz = timed.voice.rate_hz
    start = wanted[0].start
    pieces = _pieces(timed.voice, said.units, wanted)
    n_frames = max(round((wanted[-1].end - start) * rate_hz / frame), 1)
    lengths = frames_of([phone.end - start for phone in wanted], n_frames, Fraction(frame, rate_hz))
    ids = [*said.lead, *(number for piece in pieces for number in piece), *said.units[-1].rest]
    own = free_frames(timed.session, ids, timed.scales, timed.speaker)
    weak = np.isin(ids, [*pad_of(timed.voice), *signs_of(timed.voice, _WEAK)])
    frames = _imposed(said, pieces, lengths, own, weak)
    sound, ends = infer(timed.session, ids, np.ones(len(ids), np.float32), timed.scales, timed.speaker, frames)
    begin = int(ends[len(said.lead) - 1]) if said.lead else 0
    sound = sound[begin : begin + n_frames * frame].copy()
    stretches = _stretches(said.units, wanted, np.cumsum(lengths) * frame)
    for stretch in stretches:
        if stretch.label == SILENCE:
            _hush(sound[stretch.first : stretch.end], rate_hz)
    done = trimmed(timed.finish(sound, said.run, stretches, rate_hz), rate_hz, stretches)
    return done.samples, list(done.stretches)


def _pieces(voice: Description, units: Sequence[_Unit], wanted: Sequence[Phone]) -> list[list[int]]:
    """The ids of each wanted phone and silence; those of a pause that is not wanted go to the sound before it."""
    pieces: list[list[int]] = []
    following = iter(units)
    rest: list[int] = []
    for phone in wanted:
        if is_phone(phone.label):
            if pieces:
                pieces[-1] += rest
            unit = next(following)
            pieces.append(list(unit.ids))
            rest = list(unit.rest)
        else:
            pieces.append(rest or list(signs_of(voice, ", ") or pad_of(voice)))
            rest = []
    return pieces


def _imposed(
    said: _Reading, pieces: Sequence[Sequence[int]], lengths: np.ndarray, own: np.ndarray, weak: np.ndarray
) -> np.ndarray:
    """Frames (t,) of every id: each piece's shared out as the network itself would, ids around the run left free."""
    frames = np.full(own.size, FREE, np.float32)
    at = len(said.lead)
    held = 0
    for k, (piece, length) in enumerate(zip(pieces, lengths, strict=True)):
        held += int(length)
        if k + 1 < len(pieces) and not pieces[k + 1]:
            continue  # the next phone has no sign of its own: this one lasts as long as both
        here = slice(at, at + len(piece))
        frames[here] = _divided(held, own[here], weak[here])
        at += len(piece)
        held = 0
    return frames


def _divided(n_frames: int, own: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """Whole frames in proportion to `own`; what rounding leaves goes to sounds before it goes to signs and padding."""
    exact = n_frames * own / max(float(own.sum()), 1e-6)
    frames = np.floor(exact)
    order = np.lexsort((frames - exact, weak))
    left = n_frames - int(frames.sum())
    frames[np.resize(order, left)] += 1
    return frames


def _stretches(units: Sequence[_Unit], wanted: Sequence[Phone], ends: np.ndarray) -> list[Stretch]:
    following = iter(units)
    stretches: list[Stretch] = []
    for phone, end in zip(wanted, ends, strict=True):
        first = stretches[-1].end if stretches else 0
        if is_phone(phone.label):
            unit = next(following)
            stretches.append(Stretch(unit.label, first, int(end), unit.word, unit.ipa))
        else:
            stretches.append(Stretch(SILENCE, first, int(end)))
    return stretches


def _frame(timed: TimedVoice) -> int:
    """Samples of one frame, found by letting the network say next to nothing."""
    ids = [number for number in signs_of(timed.voice, "^$")] or list(pad_of(timed.voice))
    one = np.ones(len(ids), np.float32)
    samples, _ = infer(timed.session, ids, one, timed.scales, timed.speaker, one)
    return samples.size // len(ids)


def _hush(silence: np.ndarray, rate_hz: int) -> None:
    n = silence.size
    ramp = np.minimum(np.arange(n), np.arange(n)[::-1]) / max(1, round(_RAMP_MS * rate_hz / 1000))
    silence *= np.clip(1 - ramp, 0, 1).astype(np.float32)


def _lay_breath(samples: np.ndarray, phone: Phone, kind: TokenKind, rate_hz: int, seed: int, level: float) -> Stretch:
    first, end = round(phone.start * rate_hz), round(phone.end * rate_hz)
    breath = breath_of(kind, rate_hz, seed + first, level)[: end - first]
    at = first + (end - first - breath.size) // 2
    samples[at : at + breath.size] += breath
    return Stretch(BREATH, first, end)
