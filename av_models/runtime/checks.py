"""What is installed on this machine and what is missing, one check at a time. Nothing heavy is imported by a
check."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from av_models.domain.errors import UnderstudyError

__all__ = ["Check", "State", "check_disk", "check_ffmpeg", "check_machine", "check_models", "check_packages"]

_NEEDED = (
    *(
        "av",
        "cv2",
        "dlib",
        "espeakng_loader",
        "face_recognition_models",
        "ffmpeg",
        "g2p_en",
        "imageio_ffmpeg",
        "jinja2",
    ),
    *(
        "librosa",
        "matplotlib",
        "moviepy",
        "num2words",
        "numpy",
        "onnx",
        "onnxruntime",
        "opentimelineio",
        "perth",
        "PIL",
    ),
    *(
        "pocketsphinx",
        "praatio",
        "prefect",
        "psutil",
        "pydantic",
        "pysubs2",
        "safetensors",
        "scipy",
        "soundfile",
        "soxr",
    ),
    *("starlette", "torch", "typer", "uvicorn", "yaml", "c2pa", "cryptography"),
)
_LEAST_DISK_GB, _ENOUGH_DISK_GB = 1.0, 5.0
_LEAST_MEMORY_GIB = 4.0


class State(StrEnum):
    """OPTIONAL: missing, and the main job runs without it."""

    OK = "ok"
    OPTIONAL = "optional"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """detail: what was found. remedy: what to do, '' when nothing."""

    group: str
    name: str
    state: State
    detail: str
    remedy: str = ""


def check_packages() -> tuple[Check, ...]:
    """Python itself and every package that the main job imports."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    version = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info[:2] == (3, 11)
    return (
        Check(
            "software",
            "python",
            State.OK if right else State.PROBLEM,
            version,
            "" if right else "Make the virtual environment with Python 3.11.",
        ),
        Check(
            "software",
            "packages",
            State.PROBLEM if missing else State.OK,
            f"missing: {', '.join(missing)}" if missing else f"all {len(_NEEDED)} are there",
            "Install them: pip install -e . (or make setup)." if missing else "",
        ),
        _pkg_resources(),
    )


def check_ffmpeg() -> Check:
    """The ffmpeg that imageio-ffmpeg brings, started once."""
    try:
        import imageio_ffmpeg

        binary = imageio_ffmpeg.get_ffmpeg_exe()
        shown = subprocess.run(
            [binary, "-hide_banner", "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check(
            "software", "ffmpeg", State.PROBLEM, str(error), "Reinstall it: pip install --force imageio-ffmpeg."
        )
    return Check("software", "ffmpeg", State.OK, shown.stdout.splitlines()[0].partition(" Copyright")[0])


def check_machine() -> tuple[Check, ...]:
    """Cores, memory, graphics."""
    import psutil

    memory_gib = psutil.virtual_memory().total / 2**30
    enough = memory_gib >= _LEAST_MEMORY_GIB
    gpus = _gpus()
    return (
        Check(
            "machine", "cores", State.OK, str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
        ),
        Check(
            "machine",
            "memory",
            State.OK if enough else State.PROBLEM,
            f"{memory_gib:.1f} GiB",
            "" if enough else f"At least {_LEAST_MEMORY_GIB:.0f} GiB are needed.",
        ),
        Check(
            "machine",
            "gpu",
            State.OK if gpus else State.OPTIONAL,
            gpus or "none: everything runs on the processor",
            "" if gpus else "With an NVIDIA GPU, install the CUDA build of torch; training then takes seconds.",
        ),
    )


def check_disk(folder: Path) -> Check:
    """Free space where media are kept."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < _LEAST_DISK_GB:
        remedy = f"Free some space, or set UNDERSTUDY_MEDIA to a disk with {_ENOUGH_DISK_GB:.0f} GB."
        return Check("machine", "disk", State.PROBLEM, f"{free_gb:.1f} GB free at {existing}", remedy)
    state = State.OK if free_gb >= _ENOUGH_DISK_GB else State.OPTIONAL
    remedy = "" if state is State.OK else "Enough for short videos; long ones need more."
    return Check("machine", "disk", state, f"{free_gb:.1f} GB free at {existing}", remedy)


def check_models(media: Path) -> tuple[Check, ...]:
    """Speech engines, aligners, face backends: what is there and what could be added."""
    return (
        _found("speech", "espeak-ng", _espeak, "Reinstall it: pip install --force espeakng-loader."),
        _piper(media / "voices"),
        _found("alignment", "pocketsphinx", _sphinx, "Reinstall it: pip install --force pocketsphinx."),
        _mfa(),
        _found("faces", "dlib", _dlib, "Reinstall them: pip install --force dlib-bin face_recognition_models."),
        *(_extra_backend(name) for name in ("insightface", "face-alignment")),
        _found(
            "marks", "watermark", lambda: f"resemble-perth {metadata.version('resemble-perth')}", "pip install perth"
        ),
    )


def _pkg_resources() -> Check:
    """perth and the dlib files import it, and setuptools 82 no longer has it."""
    there = find_spec("pkg_resources") is not None
    remedy = "" if there else "Install an older one: pip install 'setuptools>=77.0.3,<82'."
    detail = "has pkg_resources" if there else "has no pkg_resources, which the watermark needs"
    return Check("software", "setuptools", State.OK if there else State.PROBLEM, detail, remedy)


def _found(group: str, name: str, look: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(group, name, State.OK, look())
    except (ImportError, OSError, UnderstudyError, metadata.PackageNotFoundError) as error:
        return Check(group, name, State.PROBLEM, str(error) or type(error).__name__, remedy)


def _espeak() -> str:
    import espeakng_loader

    library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    for path in (library, data):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing")
    return f"{library.name}, {sum(1 for _ in (data / 'voices').rglob('*')) if (data / 'voices').exists() else 0} voices"


def _piper(voices: Path) -> Check:
    found = sorted(path.parent.name for path in voices.glob("*/*.onnx") if path.with_suffix(".onnx.json").exists())
    if found:
        return Check("speech", "piper voices", State.OK, ", ".join(found))
    remedy = f"To add one, put NAME.onnx and NAME.onnx.json into {voices}/NAME/; see the README."
    return Check("speech", "piper voices", State.OPTIONAL, "none", remedy)


def _sphinx() -> str:
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path("en-us/en-us"))
    if not model.exists():
        raise FileNotFoundError(f"{model} is missing")
    return f"English model, pocketsphinx {metadata.version('pocketsphinx')}"


def _mfa() -> Check:
    given = shlex.split(os.environ.get("UNDERSTUDY_MFA", "mfa"))
    command = shutil.which(given[0]) if given else None
    if command:
        return Check("alignment", "Montreal Forced Aligner", State.OK, command)
    remedy = (
        "Not needed. To use it, install it with conda or build docker/mfa.Dockerfile and set UNDERSTUDY_MFA=docker/mfa."
    )
    return Check("alignment", "Montreal Forced Aligner", State.OPTIONAL, "not installed", remedy)


def _dlib() -> str:
    from av_models.runtime.weights import dlib_file

    find = metadata.version("dlib-bin")
    for name in ("shape_predictor_68_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"):
        dlib_file(name)
    return f"dlib {find} with landmarks and descriptor"


def _extra_backend(name: str) -> Check:
    if find_spec(name.replace("-", "_")) is None:
        remedy = f"To use it: pip install 'understudy[{name}]', then put its weights where the error message says."
        return Check("faces", name, State.OPTIONAL, "not installed", remedy)
    return Check(
        "faces", name, State.OK, f"installed, {metadata.version(name)}; its weights are checked when it is used"
    )


def _gpus() -> str:
    """Asked of the driver's own tool: importing torch for this would take seconds."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return ""
    shown = subprocess.run(
        [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=30
    )
    return ", ".join(shown.stdout.split("\n")).strip(", ") if shown.returncode == 0 else ""
