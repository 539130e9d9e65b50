"""A clone taught in several ways for a short while; the way that held-out recordings speak for is taught to the end.

Which way is best hangs on how long the sample is and how far its speaker lies from the base voice, and nobody can say
beforehand. So every way is measured on recordings that it did not learn from, by one figure that is the same for all of
them: how far the frames that the finished clone predicts lie from the recorded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch

from av_models.domain.corpus import CORPUS_RATE_HZ

from .adaptation import AdaptationScope, Adapted, adapt_acoustic, scope_for
from .clips import VoiceClip
from .encoding import SpeakerTraits, as_speaker, calibrated, in_own_throat
from .mels import band_centres_hz
from .training import TrainPlan, TrainProgress
from .tuning import with_predicted_frames
from .voice import NeuralVoice
from .voice_file import load_networks, load_voice, save_voice

__all__ = ["Footing", "Taught", "Trial", "Way", "frames_off_db", "teach", "ways_for"]

_TRIAL_SHARE = 0.12
"""Of the budget, for every way that is tried."""
_LOOKS = 12  # held-out evaluations within the budget
_DB_PER_NEPER = 20 / float(np.log(10))


class Footing(StrEnum):
    """What the network learns from. PLAIN: the speaker's frames as they are, with throat and height.

    MOVED: the same frames in the base voice's own throat, height and tone, in which only the speaker's ways are left to
    be learnt; what the network says is moved to the speaker's afterwards, as in encoding.
    """

    MOVED = "moved"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Way:
    """How a clone learns."""

    footing: Footing
    scope: AdaptationScope

    def __str__(self) -> str:
        return f"{self.scope}-{self.footing}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A way that was tried. off_db: see `frames_off_db`, of the finished clone on held-out clips."""

    way: Way
    off_db: float
    steps: int
    train_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """voice: of the speaker.  weights: its file, without a card.  trials: () where nothing was held out.

    untaught_db, taught_db: `frames_off_db` of the encoded voice and of this one; NaN where nothing was held out.
    """

    voice: NeuralVoice
    weights: bytes
    way: Way
    trials: tuple[Trial, ...]
    adapted: Adapted
    untaught_db: float
    taught_db: float


def ways_for(seconds: float) -> tuple[Way, ...]:
    """What is worth a try with so many seconds of clips: the widest scope on both footings, and a narrower one."""
    scopes = list(AdaptationScope)
    widest = scope_for(seconds)
    narrower = scopes[max(0, scopes.index(widest) - 1)]
    tried = Way(Footing.MOVED, widest), Way(Footing.PLAIN, widest), Way(Footing.MOVED, narrower)
    return tuple(dict.fromkeys(tried))


def frames_off_db(voice: NeuralVoice, clips: Sequence[VoiceClip], bandwidth_hz: float) -> float:
    """Mean distance of the mel frames that `voice` predicts, at the lengths, pitch and energy of the clips, from
    theirs, over the bands that the recordings have. NaN without clips."""
    known = band_centres_hz() < 0.95 * bandwidth_hz
    pairs = zip(clips, with_predicted_frames(voice, clips), strict=True)
    off = [np.abs(clip.mel[known].astype(np.float32) - made.mel[known]).ravel() for clip, made in pairs]
    return float(np.concatenate(off).mean()) * _DB_PER_NEPER if off else float("nan")


def teach(
    base: bytes,
    traits: SpeakerTraits,
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    plan: TrainPlan,
    folder: Path,
    device: torch.device,
    on_progress: Callable[[float, str, TrainProgress], None] = lambda share, way, progress: None,
) -> Taught:
    """Teach the voice in the file `base` to be the speaker of `clips`, or go on from the states in `folder`.

    on_progress: is told the share of the whole budget, the way, and how far that one is. ModelError when no clip is
    long enough.
    """
    school = _School(base, traits, clips, held_out, folder, device)
    ways = ways_for(sum(clip.samples.size for clip in clips) / CORPUS_RATE_HZ)
    tried = ways if held_out else ()
    firsts = [number * _TRIAL_SHARE for number in range(len(tried))]
    trials = tuple(
        school.tried(way, plan, _within(on_progress, first, _TRIAL_SHARE, way))
        for first, way in zip(firsts, tried, strict=True)
    )
    way = min(trials, key=lambda one: one.off_db).way if trials else ways[0]
    rest = 1 - _TRIAL_SHARE * max(0, len(trials) - 1)  # the best one's trial is the beginning of its course
    adapted = school.learn(way, _part_of(plan, rest, _LOOKS), _within(on_progress, 1 - rest, rest, way))
    voice, weights = school.voice(way, adapted)
    return Taught(voice, weights, way, trials, adapted, school.off_db(school.untaught), school.off_db(voice))


class _School:
    """One speaker's lessons on every footing, and the voices that come of them."""

    def __init__(
        self,
        base: bytes,
        traits: SpeakerTraits,
        clips: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        folder: Path,
        device: torch.device,
    ) -> None:
        self.base, self.traits, self.folder, self.device = base, traits, folder, device
        self.clips, self.held_out = clips, held_out
        self.untaught = as_speaker(load_voice(base), traits)

    def tried(self, way: Way, plan: TrainPlan, on_progress: Callable[[TrainProgress], None]) -> Trial:
        """A way after a short while of it."""
        adapted = self.learn(way, _part_of(plan, _TRIAL_SHARE, looks=1), on_progress)
        off_db = self.off_db(self.voice(way, adapted)[0])
        return Trial(way, off_db, adapted.result.step, adapted.result.train_s)

    def learn(self, way: Way, plan: TrainPlan, on_progress: Callable[[TrainProgress], None]) -> Adapted:
        clips, held_out = (self._on(way.footing, part) for part in (self.clips, self.held_out))
        acoustic, _ = load_networks(self.base)
        start, folder = self.untaught.speaker, self.folder / str(way)
        return adapt_acoustic(clips, held_out, acoustic, start, way.scope, plan, folder, self.device, on_progress)

    def voice(self, way: Way, adapted: Adapted) -> tuple[NeuralVoice, bytes]:
        """The finished voice with its file."""
        _, vocoder = load_networks(self.base)
        manner = self.untaught.manner if way.footing is Footing.MOVED else None
        raw = save_voice(adapted.acoustic, vocoder, {}, adapted.vector, manner, self.untaught.origin)
        voice = calibrated(load_voice(raw), self.traits)
        return voice, save_voice(adapted.acoustic, vocoder, {}, voice.speaker, voice.manner, voice.origin)

    def off_db(self, voice: NeuralVoice) -> float:
        return frames_off_db(voice, self.held_out, self.traits.bandwidth_hz)

    def _on(self, footing: Footing, clips: Sequence[VoiceClip]) -> list[VoiceClip]:
        if footing is Footing.PLAIN:
            return list(clips)
        return [in_own_throat(clip, self.untaught.manner) for clip in clips]


def _part_of(plan: TrainPlan, share: float, looks: int) -> TrainPlan:
    budget_s = plan.budget_s * share
    steps = max(1, round(plan.max_steps * share)) if plan.max_steps else None
    return replace(plan, budget_s=budget_s, max_steps=steps, evaluate_s=budget_s / looks)


def _within(
    on_progress: Callable[[float, str, TrainProgress], None], first: float, share: float, way: Way
) -> Callable[[TrainProgress], None]:
    return lambda progress: on_progress(first + share * progress.share, str(way), progress)
