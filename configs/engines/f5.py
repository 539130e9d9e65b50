"""F5-TTS by the package f5-tts: an adapter for the contract of external engines. Written to the interface of
1.1.22.

    python3.11 -m venv f5 && f5/bin/pip install -r configs/engines/f5.txt

    my-voice:
      engine: external
      language: en
      settings:
        command: >
          /full/path/f5/bin/python engines/f5.py --model /full/path/model.safetensors --vocoder /full/path/vocos
        sample_text: what is said in the sample, word by word
      weights: [sample.wav]         # up to 12 s of the speaker, covered by the consent record
      licence: F5-TTS weights, CC-BY-NC-4.0
      consent_id: ...

--model: the checkpoint, --vocab its vocabulary, --vocoder the folder of Vocos.  --download: let the package fetch what
is not named.  Options: sample_text (needed: else the package would fetch a recogniser), speed, cfg_strength, nfe_step,
sway_sampling_coef.  F5-TTS tells no times: they are found by Understudy's own aligner.
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
PACKAGE, MODEL = "f5-tts", "F5TTS_v1_Base"
LICENCE = "code MIT; weights CC-BY-NC-4.0, non-commercial use only"
REMEDY = "See configs/engines/f5.py for what must be installed and where the weights lie"
OPTIONS = ("speed", "cfg_strength", "nfe_step", "sway_sampling_coef")
LANGUAGES = ("en", "zh")

arguments = argparse.ArgumentParser(description="F5-TTS behind understudy-engine/1.")
arguments.add_argument("--model", default="", help="The checkpoint.")
arguments.add_argument("--vocab", default="", help="Its vocabulary; the package's own if left out.")
arguments.add_argument("--vocoder", default="", help="Folder of Vocos.")
arguments.add_argument("--download", action="store_true", help="Fetch what is not named, under its licence.")
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
    if not (given.model and given.vocoder) and not given.download:
        problem = "there are no weights of F5-TTS and its vocoder"
        raise Refused(problem, "Give --model FILE and --vocoder DIR, or --download if their licence suits", "model")
    for path in (given.model, given.vocab, given.vocoder):
        if path and not os.path.exists(path):
            raise Refused(f"{path} is not there", "Correct the command of the voice", "model")
    from f5_tts.api import F5TTS

    return F5TTS(
        model=MODEL,
        ckpt_file=given.model,
        vocab_file=given.vocab,
        vocoder_local_path=given.vocoder or None,
        device=given.device,
    )


def speak(ask: dict) -> dict:
    options = dict(ask["options"])
    sample_text = options.pop("sample_text", "").strip()
    if len(ask["samples"]) != 1 or not sample_text:
        raise Refused("F5-TTS needs one sample of the speaker and its words", "Set 'weights' and 'sample_text'")
    language = ask["language"].lower().partition("-")[0]
    if language not in LANGUAGES:
        raise Refused(f"{MODEL} speaks {' and '.join(LANGUAGES)}, not '{language}'", "Use another voice")
    chosen = numbers(options, OPTIONS)
    if "nfe_step" in chosen:
        chosen["nfe_step"] = int(chosen["nfe_step"])
    samples, rate_hz, _ = load().infer(
        ask["samples"][0], sample_text, ask["text"], show_info=lambda *_: None, seed=ask["seed"], **chosen
    )
    write_wav(ask["out"], samples, rate_hz)
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
