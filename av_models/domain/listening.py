"""A blind listening test: what is compared, and what each listener hears in which order.

Every listener meets each text once, as the recording or as the synthesis, so that nobody can compare the two. Who comes
next hears the other half: over every two listeners each clip is judged equally often (a Latin square of two rows).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

RECORDING, SYNTHESIS = "recording", "synthesis"
FIRST, SECOND = "first", "second"


class Part(StrEnum):
    """HEADPHONES: which of three tones is the softest?  CHECK: a clip that says what to answer, told by nothing else
    from JUDGE: recording or synthesis?  PREFER: which of two voices is better?"""

    HEADPHONES = "headphones"
    JUDGE = "judge"
    CHECK = "check"
    PREFER = "prefer"


OPTIONS: dict[Part, tuple[str, ...]] = {
    Part.HEADPHONES: ("1", "2", "3"),
    Part.JUDGE: (RECORDING, SYNTHESIS),
    Part.CHECK: (RECORDING, SYNTHESIS),
    Part.PREFER: (FIRST, SECOND),
}


@dataclass(frozen=True, slots=True)
class ClipFile:
    """key: what it is. RECORDING or SYNTHESIS of an item to judge; of a check, what it asks for; of tones, the number
    of the softest; of a preference, the name of the voice.  file: below the folder `clips` of the test."""

    key: str
    file: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be asked about. text: what is said, the same in all of its clips; '' for tones."""

    id: str
    part: Part
    text: str
    clips: tuple[ClipFile, ...]

    def file(self, key: str) -> str:
        return next(clip.file for clip in self.clips if clip.key == key)


@dataclass(frozen=True, slots=True)
class Trial:
    """One question to one listener. shown: keys of the clips in the order in which they are offered."""

    item: str
    part: Part
    shown: tuple[str, ...]

    @property
    def truth(self) -> str:
        """The right answer; '' where there is none."""
        return "" if self.part is Part.PREFER else self.shown[0]

    def chosen(self, answer: str) -> str:
        """The answer as the key of a clip: of a preference, the name of the voice."""
        return self.shown[OPTIONS[self.part].index(answer)] if self.part is Part.PREFER else answer


@dataclass(frozen=True, slots=True)
class ListeningTest:
    """voice: under test.  against: the voice that it is compared with, '' for none.  rate_hz: of all clips of speech.

    lufs: their loudness.  recordings: which of them were drawn from, for people.  consent_ids: of everybody who is
    heard.  made_at: ISO 8601.
    """

    name: str
    title: str
    language: str
    seed: int
    voice: str
    against: str
    rate_hz: int
    lufs: float
    recordings: str
    consent_ids: tuple[str, ...]
    made_at: str
    items: tuple[Item, ...]

    def item(self, item_id: str) -> Item:
        return next(item for item in self.items if item.id == item_id)

    def of(self, part: Part) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.part is part)


def plan_of(test: ListeningTest, number: int) -> tuple[Trial, ...]:
    """What the listener of this number (from 0) hears: the same for the same test and number.

    Tones first, then what is to be judged with checks among it, preferences last: they would show what a poorer voice
    sounds like.
    """
    halves = Random(f"{test.seed}/halves/{number // 2}")
    order = Random(f"{test.seed}/order/{number}")
    tones = [Trial(item.id, item.part, (item.clips[0].key,)) for item in test.of(Part.HEADPHONES)]
    judged = _halved(test.of(Part.JUDGE), halves, number)
    pairs = _halved(test.of(Part.PREFER), halves, number)
    for trials in (tones, judged, pairs):
        order.shuffle(trials)
    for item in test.of(Part.CHECK):
        # Never first: by then nobody has stopped listening.
        judged.insert(order.randint(min(1, len(judged)), len(judged)), Trial(item.id, item.part, (item.clips[0].key,)))
    return (*tones, *judged, *pairs)


def _halved(items: tuple[Item, ...], halves: Random, number: int) -> list[Trial]:
    """Half of the items with their first clip (in front), the others with their second; the next listener hears the
    reverse."""
    places = list(range(len(items)))
    halves.shuffle(places)
    front = set(places[: len(places) // 2])
    trials = []
    for place, item in enumerate(items):
        keys = [clip.key for clip in item.clips]
        turned = keys if (place in front) == (number % 2 == 0) else keys[::-1]
        trials.append(Trial(item.id, item.part, tuple(turned if item.part is Part.PREFER else turned[:1])))
    return trials
