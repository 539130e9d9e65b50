"""What the suite `clone` measures of adaptation: speakers whom no voice was trained on, taught from a sample of them.

What their recordings say is read beside them, or else heard, as in `flow run clone-voice`. No sound is kept or put out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.corpus import CORPUS_RATE_HZ
from tasks.bench_cloning import Speaker
from tasks.clone_candidates import filled
from tasks.clone_lessons import cuts_of, parted_clips
from tasks.progress import Progress

if TYPE_CHECKING:
    from av_models.speech.neural.clips import VoiceClip
    from av_models.speech.neural.teaching import Taught
    from av_models.speech.neural.training import TrainPlan
    from av_models.speech.neural.voice import NeuralVoice

__all__ = ["Adapter", "whole_recordings", "with_seconds"]

Samples = NDArray[np.float32]


@dataclass(slots=True)
class Adapter:
    """Clones by adaptation, as `flow run clone-voice --method adapt` does. base: the voice's file.

    taught: by speaker, what came of the last teaching.
    """

    base: bytes
    plan: TrainPlan
    language: str = "en-us"
    taught: dict[str, Taught] = field(default_factory=dict)

    def __call__(self, speaker: Speaker, sample_s: float) -> NeuralVoice:
        """The voice of a speaker. ModelError where no clip of the sample is long enough."""
        import torch

        from av_models.speech.neural.encoding import encode
        from av_models.speech.neural.teaching import teach

        learnt, held_out = self._lessons(speaker, sample_s)
        traits = encode(speaker.first(sample_s), CORPUS_RATE_HZ)
        clips, held = filled(self.base, traits, learnt, held_out)
        with (
            tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder,
            Progress("adapt_voice", 1000, "‰ of the budget", speaker.name) as progress,
        ):
            found = teach(
                self.base, traits, clips, held, self.plan, Path(folder), torch.device("cpu"),
                lambda share, way, state: progress.reach(round(1000 * share), f"{way}, step {state.step}"),
            )  # fmt: skip
        self.taught[speaker.name] = found
        return found.voice

    def _lessons(self, speaker: Speaker, sample_s: float) -> tuple[list[VoiceClip], list[VoiceClip]]:
        from av_models.speech.sample import held_out_s

        sounds = whole_recordings(speaker, sample_s)
        seconds = sum(map(len, sounds)) / CORPUS_RATE_HZ
        with Progress("cut_lessons", 0, "clip", speaker.name) as progress:
            cuts = list(cuts_of(sounds, speaker.texts[: len(sounds)], self.language, progress))
        return parted_clips(cuts, self.language, seconds - held_out_s(seconds))


def whole_recordings(speaker: Speaker, sample_s: float) -> list[Samples]:
    """The first recordings, as many as fit into so many seconds; a cut one has words that are not in it."""
    ends_s = np.cumsum([len(sound) for sound in speaker.sounds]) / CORPUS_RATE_HZ
    return list(speaker.sounds[: max(1, int((ends_s <= sample_s).sum()))])


def with_seconds(speakers: Sequence[Speaker], sample_s: float, most: int, least_s: float) -> list[Speaker]:
    """The first speakers of whom there are `sample_s` seconds; nobody where that is less than `least_s`."""
    there = [one for one in speakers if one.sample.size >= 0.95 * sample_s * CORPUS_RATE_HZ]
    return there[:most] if sample_s >= least_s else []
