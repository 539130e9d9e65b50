"""Recordings and their transcripts as people keep them: every format is read, every gap is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpus_made import RATE_HZ, SENTENCES, record, said

from av_models.domain.errors import InputError, MediaError
from av_models.io.recordings import find_recordings, folder_seal, sound_source

TEXT = SENTENCES[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/s1", "b/s2"):
        record(tmp_path / "voice" / f"{name}.wav", [said(TEXT)[:6000]])
    return tmp_path / "voice"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("t.tsv", "s1\tFirst one.\ns2\tSecond, with a comma.\n"),
        ("t.tsv", "path\tsentence\tage\na/s1.wav\tFirst one.\t30\nb/s2.wav\tSecond, with a comma.\t30\n"),
        ("metadata.csv", "s1|1st 1.|First one.\ns2|Second, with a comma.\n"),
        ("t.csv", 'file,text\ns1.wav,First one.\ns2.wav,"Second, with a comma."\n'),
        ("t.txt", "\ufeffa/s1\tFirst   one.\r\nb/s2\tSecond, with a comma.\r\n"),
    ],
)
def test_every_usual_table_is_read(folder: Path, tmp_path: Path, name: str, table: str) -> None:
    (tmp_path / name).write_text(table, encoding="utf-8")
    found = find_recordings(folder, tmp_path / name)
    assert [(one.name, one.text) for one in found.recordings] == [
        ("a/s1", "First one."),
        ("b/s2", "Second, with a comma."),
    ]


def test_a_text_beside_each_recording(folder: Path) -> None:
    (folder / "a" / "s1.txt").write_text("First one.\n")
    assert [one.text for one in find_recordings(folder, None).recordings] == ["First one.", ""]


def test_transcripts_without_recordings_are_named(folder: Path, tmp_path: Path) -> None:
    (folder / "transcripts.tsv").write_text("s1\tOne.\ns2\tTwo.\ns3\tThree.\n")
    assert find_recordings(folder, None).unheard == ("s3",)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "is empty"),
        ("s1 First one.\n", "an id or a text, not both"),
        ("x9\tNobody.\n", "names a recording"),
        ("s1\tOne.\ns1\tAnother.\n", "line 2: 's1' has two different texts"),
        ("s1\tOne.\ns2\n", "line 2: there is no text"),
        ("s1\t\xff\n", "not UTF-8"),
        ("s1\tOne\0.\n", "binary"),
    ],
)
def test_a_table_that_cannot_be_used_says_where(folder: Path, tmp_path: Path, table: str, problem: str) -> None:
    (tmp_path / "t.tsv").write_bytes(table.encode("latin-1"))
    with pytest.raises(InputError, match=problem) as error:
        find_recordings(folder, tmp_path / "t.tsv")
    assert error.value.remedy


def test_recordings_without_any_text_are_refused_with_what_to_do(folder: Path) -> None:
    with pytest.raises(InputError, match="no transcript") as error:
        find_recordings(folder, None)
    assert "--transcripts" in error.value.remedy


def test_an_empty_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for place, problem in ((tmp_path, "no recordings"), (tmp_path / "gone", "does not exist")):
        with pytest.raises(InputError, match=problem):
            find_recordings(place, None)


def test_the_seal_is_of_the_content_and_not_of_the_names(folder: Path) -> None:
    (folder / "transcripts.tsv").write_text("s1\tOne.\n")
    before = find_recordings(folder, None).seal
    (folder / "a" / "s1.wav").rename(folder / "a" / "renamed.wav")
    (folder / "transcripts.tsv").write_text("renamed\tOne.\n")
    assert find_recordings(folder, None).seal == before
    assert folder_seal(["0"]) != folder_seal(["0", "1"])


@pytest.mark.parametrize(
    ("name", "rate_hz"), [("x.wav", 8000), ("x.flac", 44100), ("x.mp3", 44100), ("x.opus", 48000), ("x.m4a", 48000)]
)
def test_every_kind_of_file_becomes_mono_at_one_rate(tmp_path: Path, name: str, rate_hz: int) -> None:
    sound = said(TEXT)
    source = sound_source(record(tmp_path / name, [sound, sound], rate_hz))
    heard = np.concatenate(list(source.blocks(RATE_HZ)))
    assert (source.rate_hz, source.n_channels) == (rate_hz, 2)
    assert abs(len(heard) - len(sound)) < 0.06 * RATE_HZ
    assert np.std(heard) == pytest.approx(np.std(sound), rel=0.15)


def test_channels_that_cancel_each_other_or_are_empty_lose_nothing(tmp_path: Path) -> None:
    sound = said(TEXT)
    for number, other in enumerate((-sound, np.zeros_like(sound))):
        source = sound_source(record(tmp_path / f"{number}.wav", [sound, other]))
        heard = np.concatenate(list(source.blocks(RATE_HZ)))
        assert np.std(heard) == pytest.approx(np.std(sound), rel=0.02)


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"not a recording" * 50)
    with pytest.raises(MediaError):
        sound_source(tmp_path / "x.wav")
