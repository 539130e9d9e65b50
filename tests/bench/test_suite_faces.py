"""The suite `faces` on a second of the samples with a tiny network: every row is there, measured, and can be missed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_made import SAMPLES
from swaps_made import scored

from av_models.domain.bench import BenchRow
from av_models.domain.errors import ConsentError, InputError, MediaError
from av_models.domain.face import TrainingOptions
from av_models.io.video import VideoWriter, read_pictures
from tasks.bench_faces import curve_points, targets_for, worse_than
from tasks.bench_faces_clips import exact_eyes, exact_lips, open_exams
from tasks.bench_faces_follow import lag_frames

sys.path.append(str(Path(__file__).parents[1] / "consent"))

from records import make_desk

N_FRAMES, SIDE, BLINKS = 26, 320, range(4, 7)
TINY = TrainingOptions(max_steps=2, size_px=64, batch=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's actor is his own face truth; the whole truth is a little softer. Labels know when he blinks."""
    folder = tmp_path_factory.mktemp("clips")
    _clip(folder / "source_a.mp4", "source_a.mp4")
    _clip(folder / "actor_b.mp4", "actor_b.mp4")
    _clip(folder / "truth_ab_face.mp4", "actor_b.mp4", crf=17)
    _clip(folder / "truth_ab.mp4", "actor_b.mp4", change=lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 1.0))
    x_px = {"r_out": 205, "r_in": 238, "l_in": 272, "l_out": 305}
    places = {f"eye_{name}": [x * SIDE / 512, 225 * SIDE / 512] for name, x in x_px.items()}
    frames = [
        {"blink": float(k in BLINKS), "landmarks": places, "lip_gap": 0.1 + 0.1 * (k % 5)} for k in range(N_FRAMES)
    ]
    (folder / "truth_ab.json").write_text(json.dumps({"frames": frames}))
    return folder


@pytest.fixture
def allowed(clips: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A workshop where these very clips may be used for what is not shown to anybody."""
    desk = make_desk(tmp_path / "desk")
    desk.issue("test-source", ["face"], [clips / "source_a.mp4"], uses=["internal"])
    desk.issue("test-actor", ["performance"], [clips / "actor_b.mp4"], uses=["internal"])
    monkeypatch.setenv("UNDERSTUDY_CONFIGS", str(desk.configs_dir))
    return workshop


def test_every_figure_is_measured(clips: Path, allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tasks.bench_faces_follow as following
    import tasks.bench_faces_speed as speed
    from flows import bench_faces

    monkeypatch.setattr(bench_faces, "_QUICK_FRAMES", 12)
    monkeypatch.setattr(following, "_STILL_FRAMES", 6)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    rows = list(_run(bench_faces.faces_rows, clips, allowed))
    found = {(row.part, row.name): row for row in rows}
    part = "actor_b, 2 steps"
    unmeasured = {(row.part, row.name) for row in rows if row.measured is None}
    assert unmeasured == {("rival", "faceswap")}
    assert found["actor_b, truth", "fit_ssim"].measured == pytest.approx(1)
    assert found["actor_b, untouched", "as pasted ssim"].measured > 0.97
    assert found[part, "fit_ssim"].measured < found["actor_b, untouched", "fit_ssim"].measured
    assert found[part, "blinks below other frames"].note.startswith("SSIM round the eyes")
    assert found[part, "training, faces"].measured > 0 and found[part, "held-out source"].unit == "dB"
    assert found["speed", "swap over network alone"].target == 60 and found["memory", "training and rendering"].met
    assert found["follow", "over detecting each frame"].measured > 1
    assert found["follow", "jitter taken away"].measured > 1
    kept = json.loads((allowed / "out" / "bench" / "faces" / "faces.json").read_text())
    assert set(kept["actor_b"]) == {"untouched", "truth", "2 steps"}
    assert kept["actor_b"]["2 steps"]["whole"]["frames"] == 12


def test_without_leave_nothing_is_measured(clips: Path, workshop: Path) -> None:
    with pytest.raises(ConsentError):
        open_exams(clips)


def test_a_folder_without_an_actor_says_what_it_should_hold(tmp_path: Path, workshop: Path) -> None:
    with pytest.raises(InputError, match=r"0 source_\*\.mp4 and 0 actor_\*\.mp4"):
        open_exams(tmp_path)


def test_a_truth_of_another_length_is_refused(clips: Path, allowed: Path, tmp_path: Path) -> None:
    for path in clips.glob("*.mp4"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "truth_ab.mp4").unlink()
    _clip(tmp_path / "truth_ab.mp4", "actor_b.mp4", n_frames=N_FRAMES - 4)
    with pytest.raises(MediaError, match=f"{N_FRAMES - 4} frames"):
        open_exams(tmp_path)


def test_minutes_that_are_none_are_refused(clips: Path, allowed: Path) -> None:
    from flows.bench_faces import faces_rows

    for minutes in ("soon", "0", "5,-1"):
        with pytest.raises(InputError, match=r"--minutes 5,20|no minutes"):
            next(faces_rows(False, clips=str(clips), minutes=minutes))


def test_labels_tell_eyes_and_lips_or_nothing(clips: Path, tmp_path: Path) -> None:
    eyes = exact_eyes(clips / "truth_ab.json", N_FRAMES)
    assert eyes is not None and eyes.blink.sum() == len(BLINKS) and eyes.corners.shape == (N_FRAMES, 2, 2, 2)
    assert exact_eyes(None, 5) is None and exact_lips(None, 5) is None
    assert exact_eyes(clips / "truth_ab.json", N_FRAMES + 1) is None  # a label for each frame, or none
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="no file of labels"):
        exact_lips(tmp_path / "bad.json", 5)


def test_the_worst_figure_of_another_actor_is_named() -> None:
    good = scored()
    assert worse_than(good, good)[0] == 0
    assert worse_than(good, replace(good, fit_psnr=90.0)) == (pytest.approx(0.1), "fit_psnr")
    assert worse_than(good, replace(good, mouth_gain=1.3, fit_ssim=0.8)) == (pytest.approx(0.3), "mouth_gain")
    share, name = worse_than(replace(good, id_want=0.3), replace(good, id_want=0.36, eyes_blink=float("nan")))
    assert name == "id_want" and share == pytest.approx(0.2)


def test_a_lag_is_found_between_frames() -> None:
    time = np.arange(80)
    exact = np.sin(time * 0.4) + 0.5 * np.sin(time * 0.13)
    assert lag_frames(exact, exact) == pytest.approx(0, abs=0.01)
    assert lag_frames(np.interp(time - 1.5, time, exact), exact) == pytest.approx(1.5, abs=0.1)
    assert lag_frames(np.interp(time + 1.0, time, exact), exact) == pytest.approx(-1, abs=0.1)


def test_targets_belong_to_a_length_of_training() -> None:
    five, twenty = targets_for(5.0), targets_for(20.0)
    assert five is not None and twenty is not None and five.fit_ssim < twenty.fit_ssim and twenty.id_want == 0.34
    assert targets_for(7.0) is None and targets_for(None) is None
    points = curve_points([(5.0, scored()), (1.0, scored())])
    assert [minutes for minutes, _ in points] == [1.0, 5.0] and points[0][1]["fit_ssim"] == pytest.approx(1)


def _run(rows: Callable[..., Iterator[BenchRow]], clips: Path, media: Path) -> Iterator[BenchRow]:
    return rows(True, clips=str(clips), out=str(media / "out" / "bench"), training=TINY)


def _clip(
    place: Path,
    sample: str,
    crf: int = 12,
    n_frames: int = N_FRAMES,
    change: Callable[[np.ndarray], np.ndarray] = lambda rgb: rgb,
) -> None:
    from fractions import Fraction

    with VideoWriter(place, SIDE, SIDE, Fraction(25), crf, "ultrafast") as writer:
        for picture in read_pictures(SAMPLES / sample, range(n_frames)):
            writer.write(change(cv2.resize(picture.rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA)))
