"""The adapters of configs/engines, with stand-ins of the packages' own names, signatures and versions."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from av_models.domain.errors import InputError, ModelError
from av_models.io.audio import wav_bytes
from av_models.speech.engine import Synthesis
from av_models.speech.external.engine import ExternalEngine
from av_models.speech.external.program import end_programs
from av_models.speech.script import read_script

ADAPTERS = Path(__file__).parents[2] / "configs" / "engines"
ENGINE = ExternalEngine()
SAMPLE = wav_bytes(np.sin(np.arange(24_000, dtype=np.float32) / 20), 24_000)
LINE = read_script("We met. Why?").lines[0]

# Each writes down what it is called with. Signatures as in coqui-tts 0.28.0, chatterbox-tts 0.1.7 and f5-tts 1.1.22.
STAND_INS = {
    "made.py": """
        import json, math, os
        def note(**told):
            with open(os.environ["MADE_NOTES"], "a") as file:
                file.write(json.dumps(told, default=str) + "\\n")
        def tone():
            return [2 * math.sin(k / 9) for k in range(12000)]
        """,
    "torch.py": """
        import made
        def manual_seed(seed): made.note(seed=seed)
        """,
    "TTS/api.py": """
        import os, made
        from types import SimpleNamespace
        class TTS:
            def __init__(self, model_name="", *, model_path=None, config_path=None, progress_bar=True, gpu=False):
                made.note(model_name=model_name, model_path=model_path, agreed=os.environ.get("COQUI_TOS_AGREED"))
                self.synthesizer = SimpleNamespace(output_sample_rate=24000)
                print("loading, on the very output of the answers")
            def to(self, device):
                return self
            def tts(self, text, speaker=None, language=None, speaker_wav=None, emotion=None, split_sentences=True,
                    *, temperature=0.75, length_penalty=1.0, repetition_penalty=10.0, top_k=50, top_p=0.85, speed=1.0):
                assert isinstance(top_k, int) and all(os.path.isfile(path) for path in speaker_wav)
                made.note(text=text, language=language, speed=speed, split=split_sentences)
                return made.tone()
        """,
    "chatterbox/tts.py": """
        import made, numpy
        class _Tensor(numpy.ndarray):
            def detach(self): return self
            def cpu(self): return self
            def numpy(self): return numpy.asarray(self)
        class ChatterboxTTS:
            sr = 24000
            @classmethod
            def from_local(cls, ckpt_dir, device):
                made.note(ckpt_dir=ckpt_dir)
                return cls()
            @classmethod
            def from_pretrained(cls, device):
                made.note(fetched=True)
                return cls()
            def generate(self, text, repetition_penalty=1.2, min_p=0.05, top_p=1.0, audio_prompt_path=None,
                         exaggeration=0.5, cfg_weight=0.5, temperature=0.8):
                made.note(text=text, exaggeration=exaggeration, sample=audio_prompt_path)
                return numpy.array([made.tone()]).view(_Tensor)
        """,
    "chatterbox/mtl_tts.py": """
        import made
        from .tts import ChatterboxTTS
        class ChatterboxMultilingualTTS(ChatterboxTTS):
            def generate(self, text, language_id, audio_prompt_path=None, exaggeration=0.5, cfg_weight=0.5,
                         temperature=0.8, repetition_penalty=2.0, min_p=0.05, top_p=1.0):
                made.note(language_id=language_id)
                return super().generate(text, audio_prompt_path=audio_prompt_path)
        """,
    "f5_tts/api.py": """
        import made, numpy
        class F5TTS:
            def __init__(self, model="F5TTS_v1_Base", ckpt_file="", vocab_file="", ode_method="euler", use_ema=True,
                         vocoder_local_path=None, device=None, hf_cache_dir=None):
                made.note(ckpt_file=ckpt_file, vocoder=vocoder_local_path)
            def infer(self, ref_file, ref_text, gen_text, show_info=print, progress=None, target_rms=0.1,
                      cross_fade_duration=0.15, sway_sampling_coef=-1, cfg_strength=2, nfe_step=32, speed=1.0,
                      fix_duration=None, remove_silence=False, file_wave=None, file_spec=None, seed=None):
                assert isinstance(nfe_step, int)
                made.note(ref_text=ref_text, text=gen_text, seed=seed, nfe_step=nfe_step)
                return numpy.array(made.tone(), numpy.float32), 24000, None
        """,
    "coqui_tts-0.28.0.dist-info/METADATA": "Name: coqui-tts\nVersion: 0.28.0\n",
    "chatterbox_tts-0.1.7.dist-info/METADATA": "Name: chatterbox-tts\nVersion: 0.1.7\n",
    "f5_tts-1.1.22.dist-info/METADATA": "Name: f5-tts\nVersion: 1.1.22\n",
    "run.py": """
        import runpy, sys
        sys.argv = sys.argv[1:]
        sys.path[:0] = [sys.argv[0].rpartition("/")[0], sys.path[0]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        """,
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the stand-ins."""
    from textwrap import dedent

    for name, text in STAND_INS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text).lstrip())
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "config.json").write_text("{}")
    monkeypatch.setenv("MADE_NOTES", str(tmp_path / "notes"))
    yield tmp_path
    end_programs()


def speak(
    environment: Path, adapter: str, arguments: str, language: str = "en-us", sample: bool = True, **options: str
) -> Synthesis:
    command = [sys.executable, str(environment / "run.py"), str(ADAPTERS / f"{adapter}.py"), *arguments.split()]
    settings = {"command": shlex.join(command), "timeout_s": "60", **options}
    return ENGINE.synthesize(LINE, settings, (SAMPLE,) if sample else (), language, 5)


def notes(environment: Path) -> dict[str, object]:
    """All that the packages were called with, the last of each."""
    import json

    told: dict[str, object] = {}
    for row in (environment / "notes").read_text().splitlines():
        told |= json.loads(row)
    return told


def is_whole(speech: Synthesis) -> bool:
    return speech.rate_hz == 24_000 and speech.words == () and 0.9 < float(np.abs(speech.samples).max()) <= 1


def test_xtts(environment: Path) -> None:
    weights = environment / "weights"
    assert is_whole(speak(environment, "coqui", f"--model {weights}", speed="1.1", top_k="40"))
    told = notes(environment)
    assert (told["model_path"], told["language"], told["speed"], told["split"]) == (str(weights), "en", 1.1, False)
    assert told["text"] == "Why?" and told["seed"] == 7 and told["agreed"] is None


def test_xtts_is_fetched_by_those_alone_who_agree_to_its_licence(environment: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights of XTTS v2.*--download"):
        speak(environment, "coqui", "")
    speak(environment, "coqui", "--download")
    told = notes(environment)
    assert told["agreed"] == "1" and str(told["model_name"]).endswith("xtts_v2")


def test_chatterbox(environment: Path) -> None:
    assert is_whole(speak(environment, "chatterbox", f"--model {environment / 'weights'}", exaggeration="0.7"))
    told = notes(environment)
    assert (told["exaggeration"], told["text"], told["seed"]) == (0.7, "Why?", 7)
    assert str(told["sample"]).endswith(".wav") and "fetched" not in told
    with pytest.raises(InputError, match="speaks English, not 'de'"):
        speak(environment, "chatterbox", f"--model {environment / 'weights'}", language="de")


def test_chatterbox_in_other_languages(environment: Path) -> None:
    speak(environment, "chatterbox", "--multilingual --download", language="de")
    told = notes(environment)
    assert told["language_id"] == "de" and told["fetched"] is True


def test_f5(environment: Path) -> None:
    weights = environment / "weights"
    arguments = f"--model {weights / 'config.json'} --vocoder {weights}"
    assert is_whole(speak(environment, "f5", arguments, sample_text="a few words", nfe_step="16"))
    told = notes(environment)
    assert (told["ref_text"], told["seed"], told["nfe_step"], told["vocoder"]) == ("a few words", 7, 16, str(weights))
    with pytest.raises(InputError, match="its words"):
        speak(environment, "f5", arguments)


@pytest.mark.parametrize("adapter", ["coqui", "chatterbox", "f5"])
def test_what_is_the_same_of_all(environment: Path, adapter: str) -> None:
    command = [sys.executable, str(environment / "run.py"), str(ADAPTERS / f"{adapter}.py")]
    card = ENGINE.describe({"command": shlex.join(command)})
    pinned = (ADAPTERS / f"{adapter}.txt").read_text()
    assert f"{card.engine}=={card.version}" in pinned and "weights" in card.licence and not card.can
    assert not (environment / "notes").exists(), "nothing is loaded to describe it"
    with pytest.raises(InputError, match="sample"):
        speak(environment, adapter, "", sample=False)
    options = {"sample_text": "words"} if adapter == "f5" else {}
    with pytest.raises(InputError, match="no option 'colour'"):
        speak(environment, adapter, "", colour="1", **options)


def test_a_package_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"chatterbox-tts is not installed for .*python"):
        ENGINE.describe({"command": shlex.join([sys.executable, "-S", str(ADAPTERS / "chatterbox.py")])})
    end_programs()
