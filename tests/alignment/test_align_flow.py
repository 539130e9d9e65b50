"""`flow run align`, by its tasks: files in, TextGrid, JSON and pictures out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from av_models.alignment.aligner import Aligned
from av_models.domain.errors import InputError, MediaError
from av_models.io.audio import read_audio, write_wav
from av_models.io.textgrid import read_textgrid
from tasks.alignment import align_recording
from tasks.recordings import Recording, open_recording, write_alignment

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
TEXT = "Hello, and welcome to the studio. My name is Bob Fowler."
RATE_HZ = 48_000


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "media"))


def align(
    audio: Path, text: str, language: str = "en-us", times: str = "", aligner: str = "auto"
) -> tuple[Recording, Aligned]:
    recording = open_recording.fn(str(audio), text, language, times)
    return recording, align_recording.fn(recording.media, recording.line, language, aligner, recording.times)


def run(audio: Path, text: str, out: Path) -> Any:
    return write_alignment.fn(*align(audio, text), str(out))


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    return read_audio(SAMPLES / "actor_b.mp4", RATE_HZ)


def test_a_video_gives_textgrid_json_and_picture(tmp_path: Path) -> None:
    found = run(SAMPLES / "actor_b.mp4", str(SAMPLES / "actor_b.txt"), tmp_path)
    words, phones = read_textgrid(Path(found["textgrid"]))
    assert [word.text for word in words][:3] == ["hello", "and", "welcome"]
    written = json.loads(Path(found["json"]).read_text(encoding="utf-8"))
    assert written["verdict"]["exact"] and len(written["words"]) == len(words) == found["n_words"]
    assert len(written["phones"]) == len(phones)
    assert all(0 <= word["confidence"] <= 1 for word in written["words"])
    (picture,) = found["pictures"]
    assert Path(picture).name == "actor_b.png" and Path(picture).read_bytes().startswith(b"\x89PNG")
    _, again = align(SAMPLES / "actor_b.mp4", str(SAMPLES / "actor_b.txt"), times=found["textgrid"])
    assert again.aligner == "textgrid" and again.words == words


def test_every_twenty_seconds_have_a_page(tmp_path: Path, spoken: np.ndarray) -> None:
    write_wav(tmp_path / "twice.wav", np.concatenate([spoken, spoken]), RATE_HZ)
    text = (SAMPLES / "actor_b.txt").read_text(encoding="utf-8")
    found = run(tmp_path / "twice.wav", f"{text}\n\n{text}", tmp_path)
    assert [Path(path).name for path in found["pictures"]] == ["twice-001.png", "twice-002.png"]
    assert found["n_words"] == 2 * len(json.loads(Path(found["json"]).read_text())["words"]) // 2
    assert found["warnings"] == []


def test_clipping_and_the_telephone_are_warned_of(tmp_path: Path, spoken: np.ndarray) -> None:
    import soxr

    part = spoken[: round(5.2 * RATE_HZ)]
    write_wav(tmp_path / "loud.wav", np.clip(part * 12 / np.abs(part).max(), -1, 1), RATE_HZ)
    write_wav(tmp_path / "phone.wav", soxr.resample(part, RATE_HZ, 8000), 8000)
    (loud, heard), (phone, others) = (align(tmp_path / name, TEXT) for name in ("loud.wav", "phone.wav"))
    assert "clipped" in loud.warnings[0] and len(heard.words) == 11
    assert "4 kHz" in phone.warnings[0] and len(others.words) == 11


def test_times_of_whisperx_are_taken(tmp_path: Path) -> None:
    words = [{"word": "Hello,", "start": 0.2, "end": 0.6, "score": 0.9}, {"word": "studio.", "start": 1.7, "end": 2.4}]
    (tmp_path / "x.json").write_text(json.dumps({"segments": [{"words": words}]}))
    _, found = align(SAMPLES / "actor_b.mp4", "Hello, studio.", times=str(tmp_path / "x.json"))
    assert found.aligner == "whisperx" and [word.text for word in found.words] == ["hello", "studio"]


def test_what_cannot_be_used_is_said(tmp_path: Path, spoken: np.ndarray) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(RATE_HZ, np.float32), RATE_HZ)
    (tmp_path / "bad.json").write_text("[1, 2]")
    clip = SAMPLES / "actor_b.mp4"
    for kind, says, arguments in (
        (InputError, "silent", (tmp_path / "silence.wav", TEXT)),
        (InputError, "cannot be what was said", (clip, "A thick fog will cover the river before seven tonight.")),
        (InputError, "no language 'xx'", (clip, "Hello there.", "xx")),
        (InputError, "no text file", (clip, "gone.txt")),
        (MediaError, "no such recording", (tmp_path / "gone.wav", TEXT)),
        (MediaError, "no segments", (clip, TEXT, "en-us", str(tmp_path / "bad.json"))),
        (InputError, "not those of the aligner", (clip, TEXT, "en-us", str(tmp_path / "bad.json"), "mfa")),
    ):
        with pytest.raises(kind, match=says) as error:
            align(*arguments)  # type: ignore[arg-type]
        assert error.value.remedy
