"""References as stages read them, the requests that name them, and the melody of a stretch changed by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from heard import line_of, say

from av_models.domain.errors import InputError, MediaError
from av_models.domain.style import Reference
from av_models.io.audio import wav_bytes
from av_models.speech.melody import Bend, bend
from flows.parameters import load_production, named_styles, names_file
from tasks.references import open_references
from tasks.styling import read_style
from tasks.workspace import store

TEXT = "The last train leaves the old station at midnight, and nobody is there to see it."


def reference(text: str) -> Reference:
    take = say(TEXT)
    return Reference("", "reading.wav", store().put_bytes(wav_bytes(take.samples, take.rate_hz), ".wav"), text)


def test_a_text_beside_gives_a_performance_and_a_wrong_one_a_note() -> None:
    right = read_style.fn(reference(TEXT), "en-us")
    assert right.performance is not None and right.notes == ()
    assert tuple(word.text for word in right.performance.words) == line_of(TEXT).spoken
    wrong = read_style.fn(reference("Seven purple elephants were dancing over frozen mountains yesterday."), "en-us")
    assert wrong.performance is None and "does not say the text beside it" in wrong.notes[0]
    unknown = read_style.fn(reference(""), "en-us")
    assert unknown.performance is None and unknown.notes == () and unknown.style == wrong.style
    assert unknown.style.syllables_per_s == pytest.approx(right.style.syllables_per_s, rel=0.25)
    assert unknown.style.middle_hz == pytest.approx(right.style.middle_hz, rel=0.01)


def test_references_come_with_the_text_beside_them(tmp_path: Path) -> None:
    take = say("Yes.")
    (tmp_path / "calm.wav").write_bytes(wav_bytes(take.samples, take.rate_hz))
    (tmp_path / "calm.txt").write_text("Yes.")
    (one,) = open_references({"Anna": str(tmp_path / "calm.wav")})
    assert (one.of, one.part, one.name, one.text) == ("ANNA", "style of ANNA", "calm.wav", "Yes.")
    with pytest.raises(MediaError, match="no such style reference"):
        open_references({"": str(tmp_path / "gone.wav")})


def test_styles_as_the_command_line_gives_them(tmp_path: Path) -> None:
    assert named_styles(["x.wav", "ANNA=y.wav", "3=z.wav"]) == ("x.wav", {"ANNA": "y.wav", "3": "z.wav"})
    with pytest.raises(InputError, match="names no recording"):
        named_styles(["ANNA="])
    with pytest.raises(MediaError, match="no such file"):
        load_production(given={"script": "Hello.", "styles": {"ANNA": str(tmp_path / "gone.wav")}})


def test_an_ssml_file_is_a_script() -> None:
    assert names_file("scene.ssml") and names_file("SCENE.SSML")
    assert not names_file("<speak>Hello.</speak>") and not names_file("Hello.")


def test_what_is_not_bent_stays_as_it_is() -> None:
    take = say(TEXT)
    middle = take.words[7]
    first, end = round(middle.start * take.rate_hz), round(middle.end * take.rate_hz)
    bent = bend(take.samples, take.rate_hz, [Bend(first, end, 3.0, 3.0)])
    soft, third = round(0.05 * take.rate_hz), take.rate_hz // 3
    assert np.allclose(bent[: first - soft], take.samples[: first - soft], atol=1e-4)
    assert np.allclose(bent[end + third :], take.samples[end + third :], atol=1e-4)
    assert not np.array_equal(bent[first:end], take.samples[first:end])
    assert np.array_equal(bend(take.samples, take.rate_hz, [Bend(first, end, 0.0, 0.0)]), take.samples)
    assert np.abs(bent).max() <= 1.2 * np.abs(take.samples).max()
