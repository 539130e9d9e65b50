"""Speaks in a process of its own, so that time and memory are those of the voice alone: python -m tasks.voice_probe.

Reads {"voice", "threads", "lines"} as JSON from standard input and answers in the same way.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

__all__ = ["probe"]


def probe(voice: str, lines: list[str]) -> dict[str, Any]:
    """Seconds to load and to the first sound, real-time factor of all lines but the first, peak memory in MB."""
    from av_models.io.store import Store
    from av_models.io.voices import find_voice
    from av_models.runtime.machine import peak_memory_mb
    from av_models.speech.registry import get_engine
    from av_models.speech.script import read_script
    from tasks.workspace import configs_dir, media_dir

    store = Store(media_dir() / "store")
    found = find_voice(voice, configs_dir(), media_dir(), store)
    weights = [store.read_bytes(ref) for ref in found.weights]
    engine, settings = get_engine(found.engine), dict(found.settings)
    parsed = [line for text in lines for line in read_script(text, found.language).lines]
    times_s, lengths_s = [], []
    for line in parsed:
        began_s = time.perf_counter()
        said = engine.synthesize(line, settings, weights, found.language, 7)
        times_s.append(time.perf_counter() - began_s)
        lengths_s.append(len(said.samples) / said.rate_hz)
    return {
        "cold_s": times_s[0],
        "first_s": sorted(times_s[1:])[len(times_s[1:]) // 2],
        "real_time": sum(times_s[1:]) / sum(lengths_s[1:]),
        "weights_bytes": sum(len(data) for data in weights),
        "peak_mb": peak_memory_mb(),
    }


def _main() -> None:
    asked = json.load(sys.stdin)
    os.environ["OMP_NUM_THREADS"] = str(asked["threads"])
    cores = sorted(os.sched_getaffinity(0))[: asked["threads"]]
    os.sched_setaffinity(0, cores)
    json.dump(probe(asked["voice"], asked["lines"]), sys.stdout)


if __name__ == "__main__":
    _main()
