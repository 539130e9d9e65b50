"""What a run was made with: the machine, the versions, the memory that it took."""

from __future__ import annotations

import os
import platform
from importlib import metadata

__all__ = ["machine_facts", "peak_memory_mb", "versions"]

# Distributions whose version can change a pixel or a sample.
_DISTRIBUTIONS = (
    *("understudy", "prefect", "torch", "numpy", "scipy", "opencv-python", "dlib-bin", "av", "imageio-ffmpeg"),
    *("espeakng-loader", "onnxruntime", "pocketsphinx", "moviepy", "resemble-perth", "c2pa-python"),
)


def versions() -> dict[str, str]:
    """Version by distribution name; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine_facts() -> dict[str, object]:
    """System, processor, cores that this process may use, memory in GiB, load. It names neither host nor user."""
    import psutil

    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1min": round(os.getloadavg()[0], 2),
        "gpus": _gpus(),
    }


def peak_memory_mb() -> float:
    """Largest resident size of this process so far, or of its largest finished child, in MB of 10^6 bytes."""
    import resource

    kilobytes = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(kilobytes * 1024 / 1e6, 1)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def _gpus() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
