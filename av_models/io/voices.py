"""Voices by name: the house voices of configs/voices.yaml, and a user's own in media/voices/NAME/.

A folder of a user's own voice holds voice.yaml and the files of its engine, for Piper NAME.onnx and NAME.onnx.json.
The command of an external engine may name files beside voice.yaml, or in the folder of configurations.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from av_models.domain.errors import InputError
from av_models.domain.media import MediaRef
from av_models.domain.speech import Program, Voice

__all__ = ["find_voice", "list_voices"]

_KEYS = ("engine", "language", "settings", "licence", "consent_id", "weights", "description")
_EXTERNAL, _COMMAND = "external", "command"
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".opus")
_MOST_HASHED = 64_000_000
_PRODUCT = Path(__file__).resolve().parents[2]
_SUFFIXES = {".onnx": 0, ".safetensors": 0, ".json": 1}


class _Files(Protocol):
    def put_file(self, path: Path, suffix: str | None = None) -> MediaRef: ...


def find_voice(name: str, configs_dir: Path, media_dir: Path, store: _Files) -> Voice:
    """The voice of that name; a user's own hides a house voice. InputError when there is none, with close matches."""
    entries = _entries(configs_dir, media_dir)
    if name not in entries:
        raise _unknown(name, sorted(entries))
    entry, source = entries[name]
    return _voice(name, entry, source, configs_dir, store)


def list_voices(configs_dir: Path, media_dir: Path) -> tuple[tuple[str, str, str, str, str], ...]:
    """(name, engine, language, description, licence) of every voice, by name."""
    keys = ("engine", "language", "description", "licence")
    return tuple(
        (name, *(str(entry.get(key, "")) for key in keys))  # type: ignore[misc]
        for name, (entry, _) in sorted(_entries(configs_dir, media_dir).items())
    )


def _entries(configs_dir: Path, media_dir: Path) -> dict[str, tuple[Mapping[str, Any], Path]]:
    entries: dict[str, tuple[Mapping[str, Any], Path]] = {}
    house = configs_dir / "voices.yaml"
    for name, entry in (_load(house).get("voices") or {}).items():
        entries[str(name)] = (_checked(entry, f"{house}, voice {name}"), house)
    for path in sorted((media_dir / "voices").glob("*/voice.yaml")):
        entries[path.parent.name] = (_checked(_load(path), str(path)), path)
    return entries


def _load(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing.", "Restore it from the repository.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable YAML: {error}.", "Correct the file.") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} holds no settings.", "Write 'key: value' lines.")
    return data


def _checked(entry: object, where: str) -> Mapping[str, Any]:
    remedy = f"A voice has the keys {', '.join(_KEYS)}; engine, language, licence and consent_id are needed."
    if not isinstance(entry, dict):
        raise InputError(f"{where}: this is no voice.", remedy)
    unknown = sorted(str(key) for key in entry if key not in _KEYS)
    if unknown:
        raise InputError(f"{where}: unknown key {unknown[0]}.", remedy)
    for key in ("engine", "language", "licence", "consent_id"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise InputError(f"{where}: {key} is missing.", remedy)
    if not isinstance(entry.get("settings") or {}, dict):
        raise InputError(f"{where}: settings must be 'key: value' lines.", remedy)
    return entry


def _voice(name: str, entry: Mapping[str, Any], source: Path, configs_dir: Path, store: _Files) -> Voice:
    settings = {str(key): value for key, value in (entry.get("settings") or {}).items()}
    program = None
    if entry["engine"] == _EXTERNAL:
        words = _command(settings.get(_COMMAND), source, configs_dir)
        settings[_COMMAND] = shlex.join(words)
        program = Program(_digests(words, source))
    return Voice(
        name=name,
        engine=entry["engine"],
        language=entry["language"],
        settings=tuple(sorted((key, str(value)) for key, value in settings.items())),
        weights=tuple(store.put_file(path) for path in _weights(entry, source)),
        licence=entry["licence"],
        consent_id=entry["consent_id"],
        program=program,
    )


def _command(given: object, source: Path, configs_dir: Path) -> list[str]:
    """The words of a command, each that is a file beside the voice or among the configurations with its full path."""
    words = [str(word) for word in given] if isinstance(given, list) else shlex.split(str(given or ""))
    found = []
    for word in words:
        places = (folder / Path(word).expanduser() for folder in (source.parent, configs_dir))
        found.append(
            next((str(path.absolute()) for path in places if ("/" in word or path.suffix) and path.exists()), word)
        )
    return found


def _digests(words: list[str], source: Path) -> tuple[str, ...]:
    """Of the files of a program, without the interpreter before them. A large file counts by size and date."""
    files = [path for path in map(Path, words) if path.is_file()]
    files = files[1:] if len(files) > 1 and files[0] == Path(words[0]) else files
    for path in files:
        if path.suffix.lower() in _SOUNDS:
            raise InputError(
                f"{source}: the command names the sound {path.name}.",
                "Name it under 'weights': consent covers the files that stand there.",
            )
    return tuple(_digest(path) for path in files)


def _digest(path: Path) -> str:
    state = path.stat()
    large = state.st_size > _MOST_HASHED
    return hashlib.sha256(f"{state.st_size}.{state.st_mtime_ns}".encode() if large else path.read_bytes()).hexdigest()


def _weights(entry: Mapping[str, Any], source: Path) -> list[Path]:
    """The files the entry names, else every model beside voice.yaml: the network first, then its description."""
    named = entry.get("weights")
    if named:
        paths = [_place(str(item), source) for item in named]
    elif source.name == "voice.yaml":
        paths = [path for path in source.parent.iterdir() if path.suffix in _SUFFIXES]
    else:
        paths = []
    paths.sort(key=lambda path: (_SUFFIXES.get(path.suffix, 2), path.name))
    for path in paths:
        if not path.is_file():
            raise InputError(f"The voice needs {path}, which is not there.", f"Put the file there or correct {source}.")
    return paths


def _place(name: str, source: Path) -> Path:
    """Beside the file that names it, or among what comes with the product."""
    places = (source.parent / name, _PRODUCT / name)
    return next((path for path in places if path.is_file()), places[0])


def _unknown(name: str, known: list[str]) -> InputError:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=2, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return InputError(f"There is no voice '{name}'.", f"{hint}Known voices: {', '.join(known)}.")
