"""What a trained voice must know to become others: which throat an embedding belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.voice_model import VoiceLessons, VoiceModel, VoiceTraining
from tasks.caching import stage
from tasks.progress import Progress, announce
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.neural.clips import VoiceClip
    from av_models.speech.neural.strangers import Throats
    from av_models.speech.neural.voice import NeuralVoice

__all__ = ["learn_voice_throats", "throats_of"]

_STRANGERS, _FEWEST = 200, 10
_CLIPS_EACH, _OWN = 2, 40
_FRAMES = (150, 420)


@stage("1")
def learn_voice_throats(model: VoiceModel, lessons: VoiceLessons, training: VoiceTraining) -> VoiceModel:
    """The same voice, which `flow run clone-voice` can start from; two minutes on one core.

    A run of few steps is a trial and meets few strangers. Without the speaker encoder the voice can only be itself.
    """
    from av_models.speech.neural.clips import clips_from_arrays
    from av_models.speech.neural.voice_file import load_voice, with_speaker
    from av_models.speech.speaker import speaker_encoder_there

    if not speaker_encoder_there():
        announce("learn_throats", "left out: pip install --no-deps resemblyzer==0.1.4, to clone with this voice")
        return model
    data, card = store().read_bytes(model.weights), store().json(model.card)
    clips = [clip for shard in lessons.shards for clip in clips_from_arrays(store().arrays(shard))]
    n = min(_STRANGERS, max(_FEWEST, training.max_steps)) if training.max_steps else _STRANGERS
    voice = load_voice(data)
    found = throats_of(voice, clips, n, training.seed)
    card["throats"] = {
        "strangers": n,
        "correlation": round(found.correlation, 4),
        "error_percent": round(found.error, 2),
    }
    weights = with_speaker(data, card, voice.speaker, voice.manner, found.origin, found.weights)
    return replace(model, weights=store().put_bytes(weights, ".safetensors"), card=store().put_json(card))


def throats_of(voice: NeuralVoice, clips: Sequence[VoiceClip], n_strangers: int, seed: int) -> Throats:
    """Met and learnt from, with clips of usual length where there are enough. clips: of the voice's own speaker."""
    from av_models.runtime.one_thread import one_thread
    from av_models.speech.neural.strangers import learn_throats, meet_stranger, own_embeddings

    usual = [clip for clip in clips if _FRAMES[0] <= clip.n_frames <= _FRAMES[1]] or list(clips)
    order = np.random.default_rng(seed).permutation(len(usual)).tolist()
    people = []
    with Progress("learn_throats", n_strangers, "stranger") as progress, one_thread():
        own = own_embeddings(voice, [usual[at] for at in order[:_OWN]], np.random.default_rng(seed))
        for number in range(n_strangers):
            chosen = [usual[order[(_CLIPS_EACH * number + k) % len(order)]] for k in range(_CLIPS_EACH)]
            people.append(meet_stranger(voice, chosen, np.random.default_rng((seed, number))))
            progress.reach(number + 1)
    return learn_throats(people, own)
