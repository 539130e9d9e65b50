"""The voice that a clone starts from."""

from __future__ import annotations

from fractions import Fraction

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.cloning import CloneCandidate
from av_models.domain.errors import InputError
from av_models.domain.speech import Voice
from tasks.caching import stage
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["as_candidate", "open_base"]


@task(name="open_base", cache_policy=NO_CACHE, persist_result=False)
def open_base(name: str, language: str) -> Voice:
    """The voice to start from: of that name, or for '' the first neural one that comes with the product."""
    from av_models.io.voices import find_voice, list_voices

    neural = [one for one, engine, *_ in list_voices(configs_dir(), media_dir()) if engine == "neural"]
    house = [one for one in neural if not (media_dir() / "voices" / one).exists()]
    if not name and not house:
        known = f" ({', '.join(neural)})" if neural else ""
        raise InputError(
            "No neural voice to start from comes with this installation.",
            f"Name one of your own with --base{known}, or train one with `flow run train-voice`.",
        )
    voice = find_voice(name or house[0], configs_dir(), media_dir(), store())
    if voice.engine != "neural":
        remedy = f"Choose one of: {', '.join(neural)}." if neural else "Train one with `flow run train-voice`."
        raise InputError(f"The voice '{voice.name}' cannot be taught: its engine is {voice.engine}.", remedy)
    if voice.language.partition("-")[0].lower() != language.partition("-")[0].lower():
        raise InputError(
            f"The voice '{voice.name}' speaks {voice.language}, and the sample {language}.", "Choose another --base."
        )
    return voice


@stage("1")
def as_candidate(base: Voice) -> CloneCandidate:
    """The voice that is started from, as one of those that are compared."""
    return CloneCandidate("base", base.weights[0], store().put_json({}), Fraction(0))
