"""A voice listened to after its training: how many held-out sentences does it say wrong?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from av_models.domain.corpus import CORPUS_RATE_HZ
from av_models.domain.errors import InputError
from tasks.progress import Progress

if TYPE_CHECKING:
    from av_models.speech.neural.clips import VoiceClip

__all__ = ["check_voice"]


def check_voice(voice: Any, clips: Sequence[VoiceClip], texts: Mapping[str, str], language: str) -> dict[str, Any]:
    """sentences: how many were heard.  flawed: share of them with a finding of the self-check.  found: how often each.

    They are spoken with the voice's own lengths and melody, one take each, which is where it fails if it fails.
    texts: by name of clip; clips without a text that can be read are left out.
    """
    from av_models.speech.corpus.sentences import line_of
    from av_models.speech.hearing import find_flaws

    kinds: Counter[str] = Counter()
    n_flawed = n_heard = 0
    with Progress("check_voice", len(clips), "sentence") as progress:
        for number, clip in enumerate(clips, start=1):
            try:
                line = line_of(texts.get(clip.name, ""), language)
            except InputError:
                continue
            spoken = voice.speak(clip.symbols, seed=number)
            flaws = find_flaws(spoken.samples, CORPUS_RATE_HZ, line, language)
            n_heard, n_flawed = n_heard + 1, n_flawed + bool(flaws)
            kinds.update(str(flaw.kind) for flaw in flaws)
            progress.reach(number)
    share = round(n_flawed / n_heard, 4) if n_heard else None
    return {"sentences": n_heard, "flawed": share, "found": dict(kinds.most_common())}
