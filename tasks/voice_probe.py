"""Speaks in a process of its own, so that time and memory are those of the voice alone: python -m tasks.voice_probe.

Reads {"voice", "threads", "lines"} as JSON from standard input and answers in the same way.
"""

from __future__ import annotations

import json
import os
import sys
import time
from statistics import median
from typing import Any

__all__ = ["probe"]


def probe(voice: str, lines: list[str]) -> dict[str, Any]:
    """Seconds to load, and to say a line, time over length of all lines but the first, peak memory in MB.

    first_s, real_time: by the clock; first_busy_s, busy: of the processor, whatever else the machine does.
    """
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
    times_s, busy_s, lengths_s = [], [], []
    for line in parsed:
        began_s, began_busy_s = time.perf_counter(), time.process_time()
        said = engine.synthesize(line, settings, weights, found.language, 7)
        times_s.append(time.perf_counter() - began_s)
        busy_s.append(time.process_time() - began_busy_s)
        lengths_s.append(len(said.samples) / said.rate_hz)
    length_s = sum(lengths_s[1:])
    return {
        "cold_s": times_s[0],
        "first_s": median(times_s[1:]),
        "first_busy_s": median(busy_s[1:]),
        "real_time": sum(times_s[1:]) / length_s,
        "busy": sum(busy_s[1:]) / length_s,
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
