"""XTTS v2 by the package coqui-tts: an adapter for the contract of external engines. Written to the
interface of 0.28.0.

    python3.11 -m venv xtts && xtts/bin/pip install -r configs/engines/coqui.txt

    my-voice:
      engine: external
      language: en
      settings: {command: [/full/path/xtts/bin/python, engines/coqui.py, --model, /full/path/xtts_v2], speed: 1.0}
      weights: [sample.wav]         # 3 to 30 s of the speaker, covered by the consent record
      licence: Coqui Public Model License (CPML), non-commercial use only
      consent_id: ...

--model: folder with model.pth, config.json and vocab.json.  --download: let coqui-tts fetch them on first use; that is
your agreement to the CPML.  Options: speed, temperature, length_penalty, repetition_penalty, top_k, top_p.
XTTS tells no times: they are found by Understudy's own aligner.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import traceback
import wave
from importlib.metadata import PackageNotFoundError, version

CONTRACT = "understudy-engine/1"
PACKAGE, MODEL = "coqui-tts", "xtts_v2"
LICENCE = "code MPL-2.0; weights Coqui Public Model License (CPML), non-commercial use only"
REMEDY = "See configs/engines/coqui.py for what must be installed and where the weights lie"
NAME = "tts_models/multilingual/multi-dataset/xtts_v2"
OPTIONS = ("speed", "temperature", "length_penalty", "repetition_penalty", "top_k", "top_p")
WHOLE = ("top_k",)

arguments = argparse.ArgumentParser(description="XTTS v2 behind understudy-engine/1.")
arguments.add_argument("--model", default="", help="Folder of the weights.")
arguments.add_argument("--download", action="store_true", help="Fetch the weights, and agree to their licence.")
arguments.add_argument("--device", default="cpu")
given = arguments.parse_args()


def describe() -> dict:
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        raise Refused(f"{PACKAGE} is not installed for {sys.executable}", REMEDY, "model") from None
    return {"engine": PACKAGE, "version": found, "model": MODEL, "licence": LICENCE, "can": []}


@functools.cache
def load():
    """The model, once."""
    if not given.model and not given.download:
        remedy = "Give --model DIR, or --download if their licence suits"
        raise Refused("there are no weights of XTTS v2", remedy, "model")
    if given.model and not os.path.isfile(os.path.join(given.model, "config.json")):
        raise Refused(f"{given.model} holds no config.json", "Put model.pth, config.json and vocab.json there", "model")
    if given.download:
        os.environ["COQUI_TOS_AGREED"] = "1"  # else the package asks on standard input, which is ours
    from TTS.api import TTS

    if given.model:
        model = TTS(model_path=given.model, config_path=os.path.join(given.model, "config.json"), progress_bar=False)
    else:
        model = TTS(NAME, progress_bar=False)
    return model.to(given.device)


def speak(ask: dict) -> dict:
    if not ask["samples"]:
        raise Refused("XTTS needs a sample of the speaker", "Name one under 'weights' of the voice")
    options = numbers(ask["options"], OPTIONS)
    options.update({key: int(options[key]) for key in WHOLE if key in options})
    model = load()
    import torch

    torch.manual_seed(ask["seed"])
    language = ask["language"].lower()
    language = "zh-cn" if language.startswith("zh") else language.partition("-")[0]
    samples = model.tts(
        text=ask["text"], speaker_wav=ask["samples"], language=language, split_sentences=False, **options
    )
    write_wav(ask["out"], samples, model.synthesizer.output_sample_rate)
    return {}


class Refused(Exception):
    """What the user has to change. kind: 'input', 'model' or 'resource'.  remedy: what to do next."""

    def __init__(self, problem: str, remedy: str, kind: str = "input") -> None:
        self.told = {"error": problem, "remedy": remedy, "kind": kind}
        super().__init__(problem)


def numbers(options: dict, known: tuple[str, ...]) -> dict[str, float]:
    """The options as the engine takes them."""
    found = {}
    for key, value in options.items():
        if key not in known:
            raise Refused(f"there is no option '{key}'", f"Known options: {', '.join(known)}")
        try:
            found[key] = float(value)
        except ValueError:
            raise Refused(f"{key} is '{value}', which is no number", "Write it as a number, such as 0.8") from None
    return found


def write_wav(path: str, samples, rate_hz: int) -> None:
    """Mono 16-bit, turned down where it would clip."""
    import numpy as np

    mono = np.asarray(samples, dtype=np.float64).reshape(-1)
    mono = mono / max(1.0, float(np.abs(mono).max(initial=0.0)))
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(np.rint(mono * 32767).astype("<i2").tobytes())


def main() -> None:
    """Answer line by line until the input ends. Whatever else is printed goes to the error output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["contract"] != CONTRACT:
                raise Refused(f"this adapter speaks {CONTRACT}", "Use one made for your version", "model")
            answer = describe() if ask["ask"] == "describe" else speak(ask)
        except Refused as error:
            answer = error.told
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}", "remedy": REMEDY, "kind": "model"}
        print(json.dumps({"contract": CONTRACT, **answer}), file=answers, flush=True)


if __name__ == "__main__":
    main()
