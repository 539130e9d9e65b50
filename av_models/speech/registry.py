"""Engines by name. A new engine is one module and one line here, or a `register` call from outside."""

from __future__ import annotations

from collections.abc import Callable

from av_models.domain.errors import InputError

from .engine import Engine

__all__ = ["draws_lots", "engine_names", "get_engine", "register"]


def _espeak() -> Engine:
    from .espeak import EspeakEngine

    return EspeakEngine()


def _external() -> Engine:
    from .external.engine import ExternalEngine

    return ExternalEngine()


def _neural() -> Engine:
    from .neural.engine import NeuralEngine

    return NeuralEngine()


def _piper() -> Engine:
    from .piper import PiperEngine

    return PiperEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {
    "espeak": _espeak,
    "external": _external,
    "neural": _neural,
    "piper": _piper,
}


def register(name: str, make: Callable[[], Engine]) -> None:
    """Add an engine, or replace one. make: called at each use, so keep it cheap."""
    _MAKERS[name] = make


def engine_names() -> tuple[str, ...]:
    return tuple(sorted(_MAKERS))


def draws_lots(name: str) -> bool:
    """Whether another seed gives another take; False for an engine that says a line always alike."""
    return bool(getattr(get_engine(name), "draws_lots", True))


def get_engine(name: str) -> Engine:
    """InputError when there is none of that name."""
    if name not in _MAKERS:
        raise InputError(f"There is no speech engine '{name}'.", f"Known engines: {', '.join(engine_names())}.")
    return _MAKERS[name]()
