"""Footage as cameras, telephones and editors leave it: it runs through, and the result is exact."""

from __future__ import annotations

import json
import wave
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np
import pytest
from footage import PAL, Picture, people, record
from own_studio import Studio

from tasks.timing import FIRST_LEAD_S, LAST_TAIL_S

FILM, NTSC = Fraction(24000, 1001), Fraction(30000, 1001)


@pytest.fixture(scope="session")
def actor() -> list[Picture]:
    return people("actor_b", 36, first=40)


def master_of(studio: Studio, out: Path, video: Path, **given: object) -> Path:
    """The master made with this footage as the actor's."""
    studio.desk.issue(f"{video.stem}-consent", ["face", "performance"], [video])
    made = studio.produce(out, actor=video, until="master", **given)
    assert made.code == 0, made.stderr
    return out / "master.mp4"


def is_exact(master: Path, rate: Fraction, size_px: tuple[int, int]) -> int:
    """Every picture at its moment, as many as the speech needs, and sound of the same length. Returns how many."""
    with wave.open(str(master.parent / "speech" / "001.wav")) as speech:
        spoken_s = Fraction(speech.getnframes(), speech.getframerate())
    with av.open(str(master)) as container:
        stream, sound = container.streams.video[0], container.streams.audio[0]
        assert stream.average_rate == rate
        assert (stream.width, stream.height, stream.pix_fmt) == (*size_px, "yuv420p")
        pictures = list(container.decode(stream))
        assert [one.pts * one.time_base for one in pictures] == [k / rate for k in range(len(pictures))]
        assert all(one.rotation == 0 for one in pictures)
        assert stream.duration * stream.time_base == len(pictures) / rate
        assert abs(sound.duration * sound.time_base - len(pictures) / rate) <= 1 / rate
    assert len(pictures) == ceil((FIRST_LEAD_S + spoken_s + LAST_TAIL_S) * rate)
    return len(pictures)


def all_swapped(master: Path) -> bool:
    return bool(json.loads((master.parent / "report.json").read_text())["faces"]["actor"]["problems"] == [])


@pytest.mark.parametrize("rate", [FILM, NTSC])
def test_rates_of_television_and_film(
    studio: Studio, out: Path, tmp_path: Path, actor: list[Picture], rate: Fraction
) -> None:
    video = record(tmp_path / f"rate-{rate.numerator}.mp4", actor, rate)
    is_exact(master_of(studio, out, video), rate, (256, 256))


def test_varying_rate_becomes_a_steady_one(studio: Studio, out: Path, tmp_path: Path, actor: list[Picture]) -> None:
    """Every third picture stays twice as long: 22.5 a second on average."""
    ticks = np.cumsum([0, *(2 if n % 3 == 2 else 1 for n in range(len(actor) - 1))])
    video = record(tmp_path / "telephone.mp4", actor, Fraction(30), times=[Fraction(int(t), 30) for t in ticks])
    is_exact(master_of(studio, out, video), FILM, (256, 256))


def test_picture_turned_by_metadata(studio: Studio, out: Path, tmp_path: Path, actor: list[Picture]) -> None:
    """Stored lying on its side; a face is found only if it is turned as the file says."""
    lying = [np.rot90(one[:, 16:240], -1) for one in actor]
    video = record(tmp_path / "lying.mp4", lying, rotation_deg=90)
    master = master_of(studio, out, video)
    is_exact(master, PAL, (224, 256))
    assert all_swapped(master)


def test_odd_size_loses_one_row_and_column(studio: Studio, out: Path, tmp_path: Path, actor: list[Picture]) -> None:
    video = record(tmp_path / "odd.mp4", [one[:253, :255] for one in actor], pixel_format="yuv444p")
    is_exact(master_of(studio, out, video), PAL, (254, 252))


def test_ten_bits(studio: Studio, out: Path, tmp_path: Path, actor: list[Picture]) -> None:
    video = record(tmp_path / "ten-bit.mp4", actor, pixel_format="yuv420p10le")
    is_exact(master_of(studio, out, video), PAL, (256, 256))


def test_speech_longer_than_the_footage(studio: Studio, out: Path) -> None:
    made = studio.produce(out, script="One, two, three, four, five, six and seven.", until="master")
    assert made.code == 0, made.stderr
    assert is_exact(out / "master.mp4", PAL, (256, 256)) > 36
    assert all_swapped(out / "master.mp4")


def test_of_two_people_the_one_seen_most_is_followed(
    studio: Studio, out: Path, tmp_path: Path, actor: list[Picture]
) -> None:
    guest = people("source_a", 25)
    empty = [np.full_like(actor[0], 90)] * (len(actor) - len(guest))
    pictures = [np.hstack([left, right]) for left, right in zip([*guest, *empty], actor, strict=True)]
    video = record(tmp_path / "two.mp4", pictures)
    studio.desk.issue("two", ["performance"], [video])
    made = studio.produce(out, actor=video, until="faces")
    assert made.code == 0, made.stderr
    assert "two.mp4: usable in 36 of 36 frames" in made.stderr
    assert "2 people" in made.stderr
    faces = json.loads((out / "report.json").read_text())["faces"]
    assert (faces["source"]["n_people"], faces["actor"]["n_people"]) == (1, 2)
