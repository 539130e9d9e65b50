from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from av_models.alignment.aligner import ALIGNERS, Aligned, get_aligner
from av_models.alignment.mfa import MFA_COMMAND
from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone
from av_models.speech.arpabet import bare, is_phone
from av_models.speech.engine import Synthesis
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

SETTINGS = {"variant": "edward2", "rate_wpm": "160"}
TEXT = "Hello, I am your understudy. [pause 300ms] Somebody wrote these words for the BBC this morning."
NOTHING_KNOWN = ((), ())


def line_of(text: str) -> Line:
    (line,) = read_script(text).lines
    return line


def speak(text: str) -> Synthesis:
    return get_engine("espeak").synthesize(line_of(text), SETTINGS, (), "en-us", 1)


def assert_covers(aligned: Aligned, duration: Fraction, words: Sequence[str]) -> None:
    assert aligned.phones[0].start == 0 and aligned.phones[-1].end == duration
    assert all(left.end == right.start and left.start < left.end for left, right in pairwise(aligned.phones))
    assert all(is_phone(phone.label) or phone.label == SILENCE for phone in aligned.phones)
    assert [word.text for word in aligned.words] == list(words)


def start_errors_ms(found: Sequence[Phone], true: Sequence[Phone]) -> list[float]:
    """Of the phones that both name, in order."""
    from difflib import SequenceMatcher

    pairs = SequenceMatcher(None, [bare(p.label) for p in true], [bare(p.label) for p in found], autojunk=False)
    return [
        abs(float(found[block.b + i].start - true[block.a + i].start)) * 1000
        for block in pairs.get_matching_blocks()
        for i in range(block.size)
        if true[block.a + i].label != SILENCE
    ]


@pytest.mark.parametrize("text", [TEXT, "The wizard zyxomatic met {live|L AY1 V} bands, at 5:30 p.m. in the U.S.A."])
def test_pocketsphinx_finds_the_times_that_the_synthesiser_knows(text: str) -> None:
    speech, line = speak(text), line_of(text)
    aligned = get_aligner("pocketsphinx").align(speech.samples, speech.rate_hz, line, "en-us", NOTHING_KNOWN)
    assert_covers(aligned, Fraction(speech.samples.size, speech.rate_hz), line.spoken)
    errors = start_errors_ms(aligned.phones, speech.phones)
    assert len(errors) > 0.7 * sum(phone.label != SILENCE for phone in speech.phones)
    assert np.mean(errors) < 18 and np.median(errors) < 12
    assert aligned.score is not None and aligned.score > -40
    assert aligned.aligner == "pocketsphinx"


def test_stress_comes_back() -> None:
    speech = speak("permission")
    aligned = get_aligner("pocketsphinx").align(
        speech.samples, speech.rate_hz, line_of("permission"), "en-us", NOTHING_KNOWN
    )
    assert [p.label for p in aligned.phones if p.label != SILENCE] == ["P", "ER0", "M", "IH1", "SH", "AH0", "N"]


def test_auto_believes_the_engine_and_otherwise_listens() -> None:
    speech, line = speak("Good morning."), line_of("Good morning.")
    known = get_aligner("auto").align(speech.samples, speech.rate_hz, line, "en-us", (speech.words, speech.phones))
    assert (known.aligner, known.words, known.phones) == ("engine", speech.words, speech.phones)
    heard = get_aligner("auto").align(speech.samples, speech.rate_hz, line, "en-us", NOTHING_KNOWN)
    assert heard.aligner == "pocketsphinx"


def test_engine_times_that_do_not_cover_the_sound_are_refused() -> None:
    speech, line = speak("Good morning."), line_of("Good morning.")
    for samples, known in ((speech.samples[:-9], (speech.words, speech.phones)), (speech.samples, NOTHING_KNOWN)):
        with pytest.raises(InputError) as error:
            get_aligner("engine").align(samples, speech.rate_hz, line, "en-us", known)
        assert "pocketsphinx" in error.value.remedy


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(3200, np.float32), np.zeros(64_000, np.float32)], ids=len
)
def test_silence_cannot_be_aligned(samples: np.ndarray) -> None:
    with pytest.raises(InputError) as error:
        get_aligner("pocketsphinx").align(samples, 16_000, line_of(TEXT), "en-us", NOTHING_KNOWN)
    assert error.value.remedy


def test_another_text_cannot_be_aligned() -> None:
    speech = speak("A thick fog will cover the river before seven.")
    other = line_of("Please bring me your own script, and perform it gladly.")
    with pytest.raises(InputError, match="words"):
        get_aligner("pocketsphinx").align(speech.samples, speech.rate_hz, other, "en-us", NOTHING_KNOWN)


def test_an_unknown_aligner_is_answered_with_the_known() -> None:
    with pytest.raises(InputError, match=", ".join(ALIGNERS)):
        get_aligner("kaldi")


def test_a_missing_mfa_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MFA_COMMAND, "no-such-command-here")
    with pytest.raises(ModelError, match="conda create"):
        get_aligner("mfa").align(np.zeros(16_000, np.float32), 16_000, line_of("Hello."), "en-us", NOTHING_KNOWN)


STAND_IN = """
import sys
from pathlib import Path
from praatio import textgrid
command, corpus, dictionary, model, aligned = sys.argv[1:6]
assert command == "align" and model == "english_us_arpa"
ways = dict(line.split("\\t") for line in Path(dictionary).read_text().splitlines())
given = textgrid.openTextgrid(str(next(Path(corpus).glob("*.TextGrid"))), False)
(entry,) = given.getTier("words").entries
assert next(Path(corpus).glob("*.wav")).stat().st_size > 44
labels = entry.label.split()
step = (entry.end - 0.2) / len(labels)
words, phones = [], []
for i, label in enumerate(labels):
    words.append((0.1 + i * step, 0.1 + (i + 1) * step, label))
    way = ways[label].split()
    for j, phone in enumerate(way):
        start = 0.1 + i * step
        phones.append((start + j * step / len(way), start + (j + 1) * step / len(way), phone))
grid = textgrid.Textgrid(0, entry.end)
grid.addTier(textgrid.IntervalTier("words", words, 0, entry.end))
grid.addTier(textgrid.IntervalTier("phones", phones, 0, entry.end))
Path(aligned).mkdir()
grid.save(str(Path(aligned) / "utterance.TextGrid"), "long_textgrid", True)
"""


def test_mfa_is_run_as_a_command_with_textgrids_in_and_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "mfa.py"
    script.write_text(STAND_IN)
    monkeypatch.setenv(MFA_COMMAND, f"{sys.executable} {script}")
    line = line_of("Hello, {live|L AY1 V} world.")
    samples = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    aligned = get_aligner("mfa").align(samples, 16_000, line, "en-us", NOTHING_KNOWN)
    assert_covers(aligned, Fraction(3, 2), ("hello", "live", "world"))
    assert [phone.label for phone in aligned.phones][:1] == [SILENCE]
    assert {"L", "AY1", "V"} <= {phone.label for phone in aligned.phones}


def test_a_failing_mfa_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "mfa.py"
    script.write_text("import sys; sys.exit('no acoustic model here')")
    monkeypatch.setenv(MFA_COMMAND, f"{sys.executable} {script}")
    with pytest.raises(ModelError, match="no acoustic model here"):
        get_aligner("mfa").align(np.zeros(16_000, np.float32), 16_000, line_of("Hello."), "en-us", NOTHING_KNOWN)
    assert os.listdir(tmp_path) == ["mfa.py"]
