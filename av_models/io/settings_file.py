"""YAML settings as a mapping. Read as YAML 1.2 does: `NO` is Norway, and 2027-01-31 stays the text that was typed."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from av_models.domain.errors import InputError

__all__ = ["read_settings"]

_MOST_BYTES = 1_000_000


def read_settings(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, {} for an empty one. InputError when it is missing, no YAML, or repeats a key."""
    import yaml

    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path} is too large for settings ({len(data)} bytes).", "Is it the right file?")
        found = yaml.load(data.decode("utf-8"), _loader())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path} cannot be read: {reason}.", "Check the path of the settings.") from error
    except yaml.YAMLError as error:
        raise InputError(
            f"{path} is no YAML: {error}.", "Mind the indentation, and quote what holds a colon."
        ) from error
    if not isinstance(found or {}, dict):
        raise InputError(f"{path} holds no settings.", "Write lines such as `voice: espeak-default`.")
    return dict(found or {})


def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for key in keys:
                if keys.count(key) > 1:
                    raise yaml.constructor.ConstructorError(None, None, f"'{key}' stands twice", node.start_mark)
            return super().construct_mapping(node, deep)

    kept = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(kept[0], re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
    return Loader
