"""Weights on disk: where they are, whether they are whole, and how to get those whose terms allow fetching.

The table of known files (configs/weights.lock.yaml) is passed in as data; nothing here is fetched unless asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from av_models.domain.errors import InputError, ModelError, ResourceError

__all__ = ["WeightFile", "dlib_file", "fetch", "locate", "read_lock", "verify"]

_BLOCK = 1 << 20
_TIMEOUT_S = 30.0
_LEAST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of weights.

    folder: below the folder of models, where the backend looks for it.  url: '' when it comes with a pip package or
    may not be fetched.  sha256: in hex, at least its first 10 digits; '' when nobody has verified the file. size:
    bytes, 0 if unknown.
    """

    name: str
    backend: str
    licence: str
    folder: str = ""
    url: str = ""
    sha256: str = ""
    size: int = 0


class _Answer(Protocol):
    status: int

    def read(self, n: int) -> bytes: ...
    def __enter__(self) -> _Answer: ...
    def __exit__(self, *_: object) -> None: ...


def read_lock(table: Mapping[str, Any]) -> dict[str, WeightFile]:
    """The parsed lock file as values by file name. Raises InputError for an entry that cannot be right."""
    files = {}
    for name, entry in dict(table.get("weights") or {}).items():
        try:
            file = WeightFile(name=name, **{key: value for key, value in dict(entry).items() if value is not None})
        except TypeError as error:
            raise InputError(f"weights.lock.yaml, {name}: {error}.", "Its head names the keys.") from error
        if file.sha256 and (len(file.sha256) < _LEAST_DIGITS or set(file.sha256) - set("0123456789abcdef")):
            raise InputError(
                f"weights.lock.yaml, {name}: sha256 is not hexadecimal.", "Give its first 10 digits or more."
            )
        files[name] = file
    return files


def dlib_file(name: str) -> Path:
    """A file of the installed package face_recognition_models, found without importing it (it needs pkg_resources).

    Raises ModelError when the package is not there.
    """
    from importlib.util import find_spec

    spec = find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise ModelError(f"dlib's weights {name} are not installed.", "Run: pip install face_recognition_models.")


def locate(file: WeightFile, models_dir: Path) -> Path | None:
    """Where the file lies, or None. Its content is not read: see `verify`."""
    if file.backend == "dlib":
        try:
            return dlib_file(file.name)
        except ModelError:
            return None
    path = models_dir / file.folder / file.name
    return path if path.is_file() else None


def verify(path: Path, file: WeightFile) -> None:
    """Raise ModelError when the file is not the one of the lock, by size and SHA-256."""
    if file.size and path.stat().st_size != file.size:
        raise ModelError(
            f"{path} has {path.stat().st_size} bytes instead of {file.size}.",
            "Delete it and fetch or install it again.",
        )
    if not file.sha256:
        return
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if not digest.hexdigest().startswith(file.sha256):
        raise ModelError(
            f"{path} is damaged or another version: its SHA-256 is {digest.hexdigest()[:16]}..., "
            f"the lock says {file.sha256[:16]}....",
            "Delete it and fetch or install it again.",
        )


def fetch(file: WeightFile, models_dir: Path, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """Download one file to its place, going on where an earlier try stopped; it appears there only when it is whole.

    on_progress: called with bytes done and bytes in all (0 if unknown). Raises ModelError for files that may not be
    fetched or turn out wrong, ResourceError when the network or disk fails.
    """
    path = models_dir / file.folder / file.name
    if path.is_file():
        verify(path, file)
        return path
    if not file.url or not file.sha256:
        raise ModelError(
            f"{file.name} is not fetched automatically ({file.licence}).",
            f"Get it from its owner{f' ({file.url})' if file.url else ''}, accept its terms and put it at {path}.",
        )
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(file, part, on_progress)
    except OSError as error:
        raise ResourceError(
            f"{file.name} could not be fetched from {file.url}: {error}.",
            f"Check the network and run again (it goes on at {_size_of(part)} bytes), or put the file at {path}.",
        ) from error
    try:
        verify(part, file)
    except ModelError:
        part.unlink()
        raise
    os.replace(part, path)
    return path


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _download(file: WeightFile, part: Path, on_progress: Callable[[int, int], None] | None) -> None:
    start = _size_of(part)
    if file.size and start >= file.size:
        return
    with _opened(file.url, start) as answer:
        resumed = answer.status == 206
        n_done = start if resumed else 0
        with part.open("ab" if resumed else "wb") as stream:
            while block := answer.read(_BLOCK):
                stream.write(block)
                n_done += len(block)
                if on_progress:
                    on_progress(n_done, file.size)
    if file.size and n_done < file.size:
        raise OSError(f"the connection ended at {n_done} of {file.size} bytes")


def _opened(url: str, start: int) -> _Answer:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise OSError("only https addresses are fetched")
    headers = {"User-Agent": "understudy", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        answer: _Answer = urlopen(Request(url, headers=headers), timeout=_TIMEOUT_S)
    except HTTPError as error:
        if error.code != 416:
            raise
        answer = urlopen(Request(url, headers={"User-Agent": "understudy"}), timeout=_TIMEOUT_S)
    return answer
