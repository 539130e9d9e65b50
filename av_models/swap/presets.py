"""How large, how long and with which losses: presets from a draft in minutes on a processor to hours on a GPU.

A preset configures the network and the plan together. Everything in it can be chosen one by one; free sizes scale
nothing else. Importing this costs nothing: torch is loaded when a network is configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..domain.errors import InputError
from ..domain.face import TrainingOptions
from .plan import TrainPlan

if TYPE_CHECKING:
    from .network import NetworkConfig

SIZES_PX = (64, 512)
"""Of the network's input. Below 96 px is for tests and tiny faces only."""

_DOUBLED_BELOW_PX = 192
"""Smaller networks paint at twice their size: the basis holds the detail, at four times the memory of its crops."""


@dataclass(frozen=True, slots=True)
class Preset:
    """size_px: of the network's input.  network: what differs from the network's own defaults, by field of
    `NetworkConfig`.  perceptual: weight of that loss where its network is there."""

    size_px: int
    plan: TrainPlan
    network: Mapping[str, Any] = field(default_factory=dict)
    perceptual: float = 0.0


PRESETS = {
    # 3.5 minutes hold about 200 steps of this on two cores without bfloat16; after 30, four lips of five close.
    "draft": Preset(128, TrainPlan(budget_s=210.0, batch=8, least_steps=130)),
    # 11 thousand million multiply-adds a face: an hour on one GPU.
    "standard": Preset(
        256,
        TrainPlan(
            budget_s=3600.0, batch=16, learning_rate=6e-4, ema=0.999, light=0.5, temporal=0.5, patience_steps=4000
        ),
        {
            "widths": (64, 128, 256, 384),
            "code": 256,
            "grid": 256,
            "decoder_widths": (192, 96, 48),
        },
        perceptual=0.1,
    ),
    "fine": Preset(
        384,
        TrainPlan(
            budget_s=4 * 3600.0,
            batch=12,
            learning_rate=4e-4,
            ema=0.9995,
            light=0.5,
            temporal=0.5,
            adversarial=0.02,
            adversarial_from=0.7,
            patience=8,
            patience_steps=10000,
        ),
        {
            "widths": (64, 128, 256, 512),
            "code": 320,
            "grid": 256,
            "decoder_widths": (256, 128, 64),
            "n_components": 96,
        },
        perceptual=0.1,
    ),
}


def preset_of(name: str) -> Preset:
    """Raises InputError for an unknown name."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'.", f"Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]


def size_of(options: TrainingOptions) -> int:
    """Side of the network's input in pixels."""
    return options.size_px or preset_of(options.preset).size_px


def face_size(options: TrainingOptions) -> int:
    """Side in pixels of the crops that training needs, and of the faces that the model paints."""
    return size_of(options) * _detail(size_of(options))


def network_of(options: TrainingOptions, n_faces: int | None = None) -> NetworkConfig:
    """n_faces: of the person who has more of them to train on. Components that so few faces cannot fill are left out:
    they would be zeros, which are stored and multiplied all the same."""
    from .network import NetworkConfig
    from .principal import n_components_of

    size_px = size_of(options)
    fields = dict(preset_of(options.preset).network)
    config = NetworkConfig(size_px=size_px, detail=_detail(size_px), architecture=options.architecture, **fields)
    if n_faces is None:
        return config
    return replace(config, n_components=n_components_of(n_faces, config.n_components))


def plan_of(options: TrainingOptions, has_perceptual: bool = False) -> TrainPlan:
    """has_perceptual: are the weights of the perceptual loss there? A preset wants it only then; options that ask for
    it are obeyed, and whoever trains has to load them or fail."""
    preset = preset_of(options.preset)
    asked: dict[str, Any] = {
        name: value
        for name in ("light", "temporal", "adversarial", "perceptual", "learning_rate")
        if (value := getattr(options, name)) is not None
    }
    if has_perceptual:
        asked.setdefault("perceptual", preset.perceptual)
    return replace(
        preset.plan,
        budget_s=options.budget_s or preset.plan.budget_s,
        max_steps=options.max_steps or None,
        batch=options.batch or preset.plan.batch,
        seed=options.seed,
        **asked,
    )


def _detail(size_px: int) -> int:
    return 2 if size_px < _DOUBLED_BELOW_PX else 1


__all__ = ["PRESETS", "SIZES_PX", "Preset", "face_size", "network_of", "plan_of", "preset_of", "size_of"]
