"""A program that speaks in tones, for the contract of external engines: honest, or faulty in a way of one's choice.

Run as a script it serves the contract with nothing but the standard library. Its option `do` chooses what it
does; it takes notes in the file MADE_NOTES.
"""

from __future__ import annotations

import array
import json
import math
import os
import struct
import subprocess
import sys
import time
import wave

CONTRACT = "understudy-engine/1"
RATE_HZ = 16_000
WORD_S, GAP_S, EDGE_S = 0.2, 0.05, 0.3
STARTED = time.time_ns()


def write(path: str, samples: list[float], rate_hz: int = RATE_HZ, n_channels: int = 1) -> None:
    with wave.open(path, "wb") as file:
        file.setparams((n_channels, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(array.array("h", [round(32767 * sample) for sample in samples]).tobytes())


def write_floats(path: str, samples: list[float]) -> None:
    data = struct.pack(f"<{len(samples)}f", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, RATE_HZ,
                       4 * RATE_HZ, 4, 32, b"data", len(data))  # fmt: skip
    with open(path, "wb") as file:
        file.write(head + data)


def tone(length_s: float, number: int) -> list[float]:
    hz = 200 + 40 * number
    return [0.5 * math.sin(2 * math.pi * hz * k / RATE_HZ) for k in range(round(length_s * RATE_HZ))]


def silence(length_s: float) -> list[float]:
    return [0.0] * round(length_s * RATE_HZ)


def words_said(n: int) -> list[tuple[float, float]]:
    return [(EDGE_S + k * (WORD_S + GAP_S), EDGE_S + k * (WORD_S + GAP_S) + WORD_S) for k in range(n)]


def speak(ask: dict) -> dict:
    spans = words_said(len(ask["words"]))
    samples = silence(EDGE_S)
    for number, _ in enumerate(spans):
        samples += tone(WORD_S, number + ask["seed"] % 7) + silence(GAP_S)
    samples += silence(EDGE_S)
    do = ask["options"].get("do", "")
    answer: dict = {}
    if ask["durations"]:
        late, whole_s = 0.2 if do == "late" else 0.0, ask["durations"][-1]["end_s"]
        samples = []
        for number, phone in enumerate(ask["durations"]):
            length_s = phone["end_s"] - len(samples) / RATE_HZ
            samples += silence(length_s) if phone["label"] in ("sil", "breath") else tone(length_s, number % 9)
        if do == "short":
            samples = samples[: len(samples) // 2]
        told = [p for p in ask["durations"] if p["label"] != "breath"]
        edges = [(min(p["start_s"] + late, whole_s), min(p["end_s"] + late, whole_s)) for p in told]
        answer["phones"] = [{**p, "start_s": a, "end_s": b} for p, (a, b) in zip(told, edges)]  # noqa: B905
    elif do in ("phones", "durations", "late", "short"):
        answer["phones"] = phones_said(ask["words"], spans)
    elif do == "words":
        answer["words"] = [{"start_s": a, "end_s": b} for a, b in spans]
    elif do == "few words":
        answer["words"] = [{"start_s": 0.1, "end_s": 0.2}]
    elif do == "bad words":
        answer["words"] = [{"start_s": 9 - a, "end_s": 9 - a} for a, _ in spans]
    elif do == "bad phones":
        answer["phones"] = [{"label": "ə", "start_s": 0.1, "end_s": 0.2, "word": 0}]
    write_as_asked(do, ask["out"], samples)
    return answer


def phones_said(words: list[dict], spans: list[tuple[float, float]]) -> list[dict]:
    told = []
    for number, (word, (start, end)) in enumerate(zip(words, spans)):  # noqa: B905
        step = (end - start) / len(word["phones"])
        for k, label in enumerate(word["phones"]):
            at = start + k * step
            told.append({"label": label, "start_s": at, "end_s": at + step, "word": number})
    return told


def write_as_asked(do: str, out: str, samples: list[float]) -> None:
    if do == "no file":
        return
    if do == "no wav":
        with open(out, "wb") as file:
            file.write(b"this is no sound")
    elif do == "stereo":
        write(out, [sample for sample in samples for _ in range(2)], n_channels=2)
    elif do == "silent":
        write(out, silence(1.0))
    elif do == "empty":
        write(out, [])
    elif do == "nan":
        write_floats(out, [*samples, float("nan")])
    elif do == "loud":
        write_floats(out, [3 * sample for sample in samples])
    elif do == "odd rate":
        write(out, samples, rate_hz=4000)
    else:
        write(out, samples)


def answer_to(ask: dict) -> dict:
    options = ask.get("options", {})
    do = options.get("do", "")
    if ask["ask"] == "describe":
        can = ["durations"] if "--durations" in sys.argv else []
        return {"engine": "tones", "version": "1.2", "model": "made", "licence": "CC0-1.0", "can": can, "new": True}
    if do == "refuse":
        return {"error": "the text is too long", "remedy": "Write less", "kind": "input"}
    if do == "raise":
        raise RuntimeError("the weights are gone")
    if do == "die":
        print("about to fail", file=sys.stderr, flush=True)
        os._exit(3)
    if do == "killed":
        os.kill(os.getpid(), 9)
    if do in ("hang", "hang deaf", "leave deaf"):
        deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if "deaf" in do else ""
        child = subprocess.Popen([sys.executable, "-c", f"{deaf}import time; time.sleep(600)"])
        with open(os.environ["MADE_NOTES"], "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        if "leave" in do:
            os._exit(0)
        time.sleep(600)
    if do == "note":
        with open(os.environ["MADE_NOTES"], "a") as file:
            file.write(json.dumps({"started": STARTED, **ask}) + "\n")
    if do == "samples":
        for path in ask["samples"]:
            with wave.open(path) as file:
                assert file.getnframes() > 0
        assert len(ask["samples"]) == 1 and len(ask["weights"]) == 1, ask
    return speak(ask)


def main() -> None:
    for line in sys.stdin:
        print("a library greets the world")
        ask = json.loads(line)
        contract = CONTRACT if ask.get("options", {}).get("do") != "old" else "understudy-engine/0"
        try:
            answer = answer_to(ask)
        except Exception as error:
            answer = {"error": str(error), "remedy": "Fetch them again"}
        print(json.dumps({"contract": contract, **answer}), flush=True)


if __name__ == "__main__":
    main()
