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
from av_models.domain.errors import ConsentError, InputError, MediaError, ResourceError
from av_models.domain.face import TrainingOptions
from av_models.forensics.swap_score import opening_r
from av_models.forensics.swap_score_faces import SeenClip
from av_models.io.video import VideoWriter, read_pictures
from av_models.swap.plan import Evaluation
from tasks import bench_faces_kills as kills
from tasks.bench_faces import curve_points, targets_for, worse_than
from tasks.bench_faces_clips import exact_eyes, exact_lips, open_exams
from tasks.bench_faces_follow import lag_frames
from tasks.bench_faces_rate import flat_after_s, matrix_rate
from tasks.bench_faces_start import reached_after

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
    part = "actor_b, draft 64 px batch 2 2 steps"
    unmeasured = {(row.part, row.name) for row in rows if row.measured is None}
    assert unmeasured == {("rival", "faceswap"), (part, "held-out curve is flat after")}
    assert found[part, "matrix rate"].measured > 0 and found[part, "matrix rate"].note == "float32, 1024 x 1024"
    assert 0 < found[part, "training, of the matrix rate"].measured < 100
    assert found["actor_b, truth", "fit_ssim"].measured == pytest.approx(1)
    assert found["actor_b, untouched", "as pasted ssim"].measured > 0.97
    assert found[part, "fit_ssim"].measured < found["actor_b, untouched", "fit_ssim"].measured
    assert -1 <= found[part, "mouth beside the exact opening"].measured <= 1
    perfect = found["actor_b, truth", "mouth beside the exact opening"].measured
    assert kept_opening(allowed) == pytest.approx(perfect, abs=1e-3)
    assert found[part, "blinks below other frames"].note.startswith("SSIM round the eyes")
    assert found[part, "training, faces"].measured > 0 and found[part, "held-out source"].unit == "dB"
    assert found["speed", "swap over network alone"].target == 60 and found["memory", "training and rendering"].met
    assert found["follow", "over detecting each frame"].measured > 1
    assert found["follow", "jitter taken away"].measured > 1
    kept = json.loads((allowed / "out" / "bench" / "faces" / "faces.json").read_text())
    assert set(kept["actor_b"]) == {"untouched", "truth", part.removeprefix("actor_b, ")}
    assert kept["actor_b"][part.removeprefix("actor_b, ")]["whole"]["frames"] == 12


def kept_opening(folder: Path) -> float:
    kept = json.loads((folder / "out" / "bench" / "faces" / "faces.json").read_text())
    return float(kept["actor_b"]["truth"]["opening_r"])


def test_the_opening_is_compared_with_the_exact_one() -> None:
    lips = np.zeros((6, 68, 2))
    lips[:, 36, 0], lips[:, 45, 0] = 100, 200
    lips[:, 66, 1] = exact = np.array([0.0, 5, 9, 2, 7, 1])
    seen = SeenClip(lips, np.zeros((6, 128)), 0)
    assert opening_r(seen, exact) == pytest.approx(1) and opening_r(seen, -exact) == pytest.approx(-1)
    assert np.isnan(opening_r(seen, np.ones(6)))


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
    five, twenty = targets_for(5.0, 5.05), targets_for(20.0, 23.0)
    assert five is not None and twenty is not None and five.fit_ssim < twenty.fit_ssim and twenty.id_want == 0.34
    assert targets_for(7.0, 7.0) is None and targets_for(None, 5.0) is None
    points = curve_points([(5.0, scored()), (1.0, scored())])
    assert [minutes for minutes, _ in points] == [1.0, 5.0] and points[0][1]["fit_ssim"] == pytest.approx(1)


def test_a_training_that_was_lengthened_is_held_to_more() -> None:
    """Five minutes that became ten on a slow machine are no five minutes; those that ended early are."""
    early, lengthened = targets_for(5.0, 3.1), targets_for(5.0, 10.0)
    assert early == targets_for(5.0, 5.0)
    assert lengthened is not None and lengthened.fit_ssim == pytest.approx(0.74 + 0.08 / 3)
    assert lengthened.psnr == pytest.approx(21.0) and lengthened.id_want is None


def test_a_curve_is_flat_where_nothing_comes_after() -> None:
    def curve(*values: float) -> list[Evaluation]:
        return [Evaluation(60.0 * k, k, db, 0.0) for k, db in enumerate(values)]

    assert flat_after_s(curve(20, 24, 25, 25.05, 25.0, 25.08)) == 120
    assert flat_after_s(curve(20, 24, 25, 25.5, 26, 26.5)) is None  # still gains
    assert flat_after_s(curve(20, 24, 25, 25.2, 25.15, 25.2)) == 180
    assert flat_after_s([]) is None


def test_a_machine_has_a_rate() -> None:
    import torch

    rate = matrix_rate(torch.device("cpu"))
    assert rate.device == "cpu" and 1e8 < rate.flops < 1e14


def test_minutes_to_a_value_are_told_between_points() -> None:
    curve = [(0.5, 10.0), (1.5, 20.0), (2.5, 26.0)]
    assert reached_after(curve, 15.0) == pytest.approx(1.0) and reached_after(curve, 9.0) == 0.5
    assert reached_after(curve, 26.5) is None


def test_a_head_start_is_measured_against_nothing(clips: Path, allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first step it paints what a training from nothing does not after two."""
    import tasks.bench_faces_start as start
    from flows import bench_faces_start
    from flows.bench_faces import faces_rows

    monkeypatch.setattr(start, "_TURNS", 2)
    monkeypatch.setattr(bench_faces_start, "_QUICK_FRAMES", 6)
    out = allowed / "out" / "bench"
    rows = list(faces_rows(True, clips=str(clips), out=str(out), training=TINY, head_start=True))
    found = {row.name: row for row in rows}
    name = "held-out source"
    ahead, behind = found[f"{name} with the head start, at first"], found[f"{name} from nothing, at the end"]
    assert ahead.measured > behind.measured + 5
    assert found[f"minutes saved, {name}"].measured is None
    assert "not reached from nothing" in found[f"minutes saved, {name}"].note
    # The answer of these clips is the actor, so this tells nothing of how good a swap is; but it is measured.
    assert "6 frames" in found["fit_ssim with the head start, at first"].note
    assert (out / "faces" / "actor_b-head-start.png").read_bytes().startswith(b"\x89PNG")


def test_what_kills_cost_is_told_from_where_each_life_goes_on() -> None:
    lives = kills.Lives()
    for first, last in ((1, 6), (5, 9), (10, 12)):
        for step in range(first, last + 1):
            lives.tell(step, 2.0 * step)
        lives.end()
    lives.tell(1, 2.0)  # a checkpoint that could not be read
    assert lives.lost_s == [4.0, 0.0, 24.0] and lives.reached == 1


def test_a_training_that_is_killed_ends_as_if_it_had_not_been(
    clips: Path, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.bench_faces import faces_rows

    monkeypatch.setattr(kills, "_LIFE", (2, 4))
    options = replace(TINY, max_steps=8)
    rows = {row.name: row for row in faces_rows(True, clips=str(clips), training=options, kills=1)}
    assert rows["lost by one kill"].met and rows["apart from one left alone"].met
    assert rows["all weights equal to the bit"].measured == 1
    assert "1 kills in a row" in rows["lost by one kill"].part


def test_a_training_that_fails_of_itself_is_no_kill(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="nobody killed ended with code 1"):
        kills._live(tmp_path, lambda step, train_s: None, until=3)  # nothing to train lies there


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
