"""`flow verify`: all marks of a file together."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from av_models.domain.provenance import ManifestFacts, ManifestState, Verdict
from av_models.forensics.verify import LABELLED_FROM, label_likeness
from av_models.io.consent import find_record, record_seal
from av_models.io.label import ai_label
from flows.verify_cli import verdict_of
from tests.provenance.marked_files import encode, finished, pictures, voice

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("master")
    seals = tuple(record_seal(find_record(CONFIGS, folder, name)) for name in ("source_a", "actor_b"))
    return finished(folder, ManifestFacts("Test", "0", "en", speech_trained=False, seals=seals))


def verdict(path: Path) -> Verdict:
    return verdict_of(path, CONFIGS, path.parent)


def test_a_finished_file_carries_all_three_marks(master: Path) -> None:
    found = verdict(master)
    assert (found.disclosed, found.altered, found.watermark_found, found.label_found) == (True, False, True, True)
    assert set(found.consent_ids) == {"source_a", "actor_b"}
    assert "does not prove who signed" in found.sentence


def test_rewrapping_drops_the_manifest_and_leaves_the_other_marks(master: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(master), "-c", "copy", str(copy)]
    subprocess.run(ffmpeg, check=True)
    found = verdict(copy)
    assert found.provenance.state is ManifestState.ABSENT
    assert (found.disclosed, found.altered, found.watermark_found, found.label_found) == (True, False, True, True)


def test_half_the_size_and_half_the_quality(master: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    options = ["-vf", "scale=256:256", "-crf", "32", "-c:a", "aac", "-b:a", "64k", "-ar", "44100"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(master), *options, str(small)]
    subprocess.run(command, check=True)
    found = verdict(small)
    assert (found.watermark_found, found.label_found) == (True, True)


def test_an_altered_file_is_called_altered(master: Path, tmp_path: Path) -> None:
    data = bytearray(master.read_bytes())
    data[-len(data) // 3] ^= 1
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    found = verdict(changed)
    assert found.altered
    assert "do not rely" in found.sentence


def test_a_file_without_marks(tmp_path: Path) -> None:
    found = verdict(encode(tmp_path / "plain.mp4", pictures(5, labelled=False), voice()))
    assert (found.disclosed, found.watermark_found, found.label_found) == (False, False, False)
    assert "does not prove" in found.sentence


@pytest.mark.parametrize("shade", [0, 90, 180, 255])
def test_the_label_is_told_from_any_background(shade: int) -> None:
    label = ai_label(640, 360)
    rng = np.random.default_rng(1)
    plain = np.clip(rng.normal(shade, 25, (360, 640, 3)), 0, 255).astype(np.uint8)
    share = label[..., 3:] / 255
    labelled = (plain * (1 - share) + label[..., :3] * share).astype(np.uint8)
    assert label_likeness(labelled, label) > LABELLED_FROM > label_likeness(plain, label) + 0.3


def test_label_and_picture_must_be_of_one_size() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        label_likeness(np.zeros((10, 10, 3), np.uint8), ai_label(320, 240))
