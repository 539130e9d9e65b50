"""Where things lie on this machine. Every other module asks here, so that one variable moves the whole workshop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_models.io.store import Store

__all__ = [
    "CONFIGS_VARIABLE",
    "MEDIA_VARIABLE",
    "configs_dir",
    "find_input",
    "locks_dir",
    "media_dir",
    "prefect_home",
    "repository_dir",
    "results_dir",
    "samples_dir",
    "store",
]

MEDIA_VARIABLE = "UNDERSTUDY_MEDIA"
CONFIGS_VARIABLE = "UNDERSTUDY_CONFIGS"


def repository_dir() -> Path:
    return Path(__file__).resolve().parents[1]


def media_dir() -> Path:
    """Everything that is made or brought: the store, results, voices, records, outputs."""
    given = os.environ.get(MEDIA_VARIABLE)
    return Path(given).expanduser().resolve() if given else repository_dir() / "media"


def configs_dir() -> Path:
    """What comes with the product: default production, voices, consent records of the samples."""
    given = os.environ.get(CONFIGS_VARIABLE)
    return Path(given).expanduser().resolve() if given else repository_dir() / "configs"


def samples_dir() -> Path:
    """The footage that comes with the product, wherever the media directory is."""
    return repository_dir() / "media" / "samples"


def find_input(name: str) -> Path | None:
    """A file that somebody named: as a path, in media/inputs, in the media directory, or among the product's own."""
    given = Path(name.strip()).expanduser()
    places = (Path.cwd(), media_dir() / "inputs", media_dir(), repository_dir(), samples_dir())
    found = (place / given for place in places if (place / given).is_file())
    return next((path.absolute() for path in found), None)


def results_dir() -> Path:
    """Records of finished stages, as JSON."""
    return media_dir() / "results"


def locks_dir() -> Path:
    return media_dir() / "locks"


def prefect_home() -> Path:
    return media_dir() / "prefect"


def store() -> Store:
    """The content store of this machine."""
    from av_models.io.store import Store

    return Store(media_dir() / "store")
