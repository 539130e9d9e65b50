"""Chatterbox by the package chatterbox-tts: an adapter for the contract of external engines. Written to the
interface of 0.1.7.

    python3.11 -m venv chatterbox && chatterbox/bin/pip install -r configs/engines/chatterbox.txt

    my-voice:
      engine: external
      language: en
      settings:
        command: [/full/path/chatterbox/bin/python, engines/chatterbox.py, --model, /full/path/weights]
      weights: [sample.wav]         # 5 to 20 s of the speaker, covered by the consent record
      licence: Chatterbox, MIT
      consent_id: ...

--model: folder with the published files.  --download: let the package fetch them on first use.  --multilingual: the
model of 23 languages.  Options: exaggeration, cfg_weight, temperature, repetition_penalty, min_p, top_p.
Chatterbox puts its own Perth watermark into all that it says, and tells no times: they are found by Understudy's own
aligner.
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

del sys.path[0]  # this file's folder: it would be taken for the package `chatterbox`

CONTRACT = "understudy-engine/1"
PACKAGE, MODEL = "chatterbox-tts", "chatterbox"
LICENCE = "code and weights MIT"
REMEDY = "See configs/engines/chatterbox.py for what must be installed and where the weights lie"
OPTIONS = ("exaggeration", "cfg_weight", "temperature", "repetition_penalty", "min_p", "top_p")

arguments = argparse.ArgumentParser(description="Chatterbox behind understudy-engine/1.")
arguments.add_argument("--model", default="", help="Folder of the weights.")
arguments.add_argument("--download", action="store_true", help="Fetch the weights.")
arguments.add_argument("--multilingual", action="store_true")
arguments.add_argument("--device", default="cpu")
given = arguments.parse_args()


def describe() -> dict:
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        raise Refused(f"{PACKAGE} is not installed for {sys.executable}", REMEDY, "model") from None
    model = f"{MODEL}-multilingual" if given.multilingual else MODEL
    return {"engine": PACKAGE, "version": found, "model": model, "licence": LICENCE, "can": []}


@functools.cache
def load():
    """The model, once."""
    if not given.model and not given.download:
        raise Refused("there are no weights of Chatterbox", "Give --model DIR, or --download", "model")
    if given.model and not os.path.isdir(given.model):
        raise Refused(f"there is no folder {given.model}", "Put the published files there", "model")
    if given.multilingual:
        from chatterbox.mtl_tts import ChatterboxMultilingualTTS as Chatterbox
    else:
        from chatterbox.tts import ChatterboxTTS as Chatterbox
    return Chatterbox.from_local(given.model, given.device) if given.model else Chatterbox.from_pretrained(given.device)


def speak(ask: dict) -> dict:
    language = ask["language"].lower().partition("-")[0]
    if len(ask["samples"]) != 1:
        raise Refused("Chatterbox needs one sample of the speaker", "Name one under 'weights' of the voice")
    if language != "en" and not given.multilingual:
        raise Refused(f"this Chatterbox speaks English, not '{language}'", "Add --multilingual to its command")
    options = numbers(ask["options"], OPTIONS)
    model = load()
    import torch

    torch.manual_seed(ask["seed"])
    if given.multilingual:
        options["language_id"] = language
    samples = model.generate(ask["text"], audio_prompt_path=ask["samples"][0], **options)
    write_wav(ask["out"], samples.detach().cpu().numpy(), model.sr)
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
