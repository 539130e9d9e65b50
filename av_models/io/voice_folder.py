"""A voice of one's own on disk: MEDIA/voices/NAME/ with its weights, its card and what was heard of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from av_models.domain.errors import InputError

from .output_folder import output_folder

__all__ = ["VoiceFiles", "check_voice_name", "write_voice"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TRAINED = "neural"


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """card: of the voice, JSON.  curves: PNG.  samples: WAV by file name.  settings: of voice.yaml."""

    weights: bytes
    card: Mapping[str, Any]
    curves: bytes
    settings: Mapping[str, Any]
    samples: Mapping[str, Path] = field(default_factory=dict)


def check_voice_name(name: str, configs_dir: Path, media_dir: Path) -> None:
    """InputError for a name that no folder could have, or that another kind of voice has already."""
    from .voices import list_voices

    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot name a voice.", "Use up to 40 small letters, digits, '-' and '_', such as grandma-2."
        )
    taken = {one: engine for one, engine, *_ in list_voices(configs_dir, media_dir)}
    own = (media_dir / "voices" / name / "card.json").is_file()
    if name in taken and not (own and taken[name] == _TRAINED):
        raise InputError(f"There is a voice '{name}' already.", "Choose another --name; see `flow voices`.")


def write_voice(name: str, media_dir: Path, files: VoiceFiles) -> Path:
    """Put a voice into its folder, in place of an earlier one of that name; returns the folder.

    Errors: ResourceError (disk full), InputError (folder not writable).
    """
    import yaml

    target = media_dir / "voices" / name
    with output_folder(target) as folder:
        weights = f"{name}.safetensors"
        (folder / weights).write_bytes(files.weights)
        (folder / "card.json").write_text(json.dumps(files.card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "curves.png").write_bytes(files.curves)
        samples = folder / "samples"
        samples.mkdir()
        for file, source in files.samples.items():
            (samples / file).write_bytes(source.read_bytes())
        entry = {"engine": _TRAINED, "weights": [weights], **files.settings}
        head = f"# A voice that was trained here: flow run speak --voice {name} --script x.txt\n"
        text = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)
        (folder / "voice.yaml").write_text(head + text, encoding="utf-8")
    return target
