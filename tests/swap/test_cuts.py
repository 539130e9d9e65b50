"""Where a footage is cut, and where the work was: the first is a border for light and time, the second is not seen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from av_models.domain.edit import Shot
from av_models.domain.face import FaceTrack
from av_models.domain.media import MediaRef
from av_models.domain.swap import Doubt, FaceSwap, PlateMatch, SwapOptions
from av_models.swap.plate import PlateLook
from av_models.swap.plate_shots import ShotLight, in_shots
from tasks import painting, plate_samples, plates, shots
from tasks.painting import Finished, finished_frames
from tasks.plate_samples import PlateSampler
from tasks.plates import match_plate
from tasks.shot_frames import ShotFrame
from tasks.shots import pieces
from tasks.softness import Edges, edges_in
from tasks.workspace import store
from tests.swap.footage_made import FACE_PX, N_FRAMES, PLACES, small_model, two_people

CUT = 12
OPTIONS = SwapOptions(color_strength=1.0, occlusion=False, detail=False, shading=False, steady=1.0)
MOUTH = np.zeros((N_FRAMES, 8), np.float32)
Cut = tuple[MediaRef, FaceTrack, PlateMatch]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """A model, and one person who is seen in two shots."""
    model = small_model()
    track = two_people(tmp_path_factory.mktemp("cut") / "cut.mp4", cut=CUT)[0]
    return model, track, match_plate.fn(model, track, OPTIONS)


def shown(cut: Cut, first: int, end: int, options: SwapOptions = OPTIONS) -> list[Finished]:
    model, track, match = cut
    times = [Fraction(k, 25) for k in range(N_FRAMES)]
    face = FaceSwap(model, track, match, store().put_arrays(mouth=MOUTH[first:end]))
    return list(finished_frames(Shot(tuple(times[first:end]), Fraction(25), (face,), options)))


def cheek(picture: np.ndarray, box: tuple[int, ...]) -> np.ndarray:
    left, top = (at + round(0.55 * FACE_PX) - edge for at, edge in zip(PLACES[0], box, strict=False))
    return picture[top : top + 6, left - 20 : left - 14].reshape(-1, 3).mean(0)


def test_faces_beside_a_cut_have_the_light_of_their_own_shot(cut: Cut) -> None:
    for one in shown(cut, CUT - 2, CUT + 2):
        laid, filmed = (cheek(picture, one.frame.box) for picture in (one.picture, one.frame.plate))
        assert np.abs(laid - filmed).max() < 12
        assert one.signs[0] is not None and Doubt.JUMP not in one.signs[0].doubts()


def test_a_shot_in_which_no_light_can_be_told_has_the_clips_usual_one(cut: Cut) -> None:
    """Faces that are turned too far to be measured are painted, too."""
    look = PlateLook.from_arrays(store().arrays(cut[2].data))
    look = replace(look, log_gain=np.full_like(look.log_gain, 0.3))
    told = ShotLight(0, None, np.zeros(2), np.full((2, 3), 0.1))
    found = in_shots(look, [told, ShotLight(1, None, np.zeros(0), np.zeros((0, 3)))], 3)
    assert [np.unique(found.log_gain[found.knot_shot == shot]).tolist() for shot in range(3)] == [[0.1], [0.3], [0.3]]


def test_a_face_that_keeps_its_own_colour_is_still_darker_in_a_darker_shot(cut: Cut) -> None:
    model, track, _ = cut
    match = match_plate.fn(model, track, replace(OPTIONS, color_strength=0.0))
    bright, dark = (cheek(one.picture, one.frame.box) for one in shown((model, track, match), CUT - 1, CUT + 1))
    assert (np.log(dark / bright) < -0.3).all()


def test_nothing_is_steadied_across_a_cut(cut: Cut) -> None:
    with_more, alone = shown(cut, CUT - 3, CUT + 3)[:3], shown(cut, CUT - 3, CUT)
    for one, other in zip(with_more, alone, strict=True):
        assert np.abs(one.picture.astype(int) - other.picture).max() <= 1


def test_two_shots_are_never_mixed(cut: Cut) -> None:
    """Retimed footage asks for moments between two frames; those of a cut show the nearer one, and its face."""
    model, track, match = cut
    face = FaceSwap(model, track, match, store().put_arrays(mouth=MOUTH[:2]))
    between = (Fraction(CUT, 25) - Fraction(1, 60), Fraction(CUT, 25) - Fraction(1, 40))
    asked = list(finished_frames(Shot(between, Fraction(25), (face,), OPTIONS)))
    assert [one.frame.filmed for one in asked] == [CUT, CUT - 1]
    for one, frame in zip(asked, (CUT, CUT - 1), strict=True):
        (wanted,) = shown(cut, frame, frame + 1)
        assert np.array_equal(one.frame.plate, wanted.frame.plate)
        assert np.allclose(one.frame.seen[0].landmarks, wanted.frame.seen[0].landmarks)  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [OPTIONS, replace(OPTIONS, steady=0.0, detail=True)])
def test_where_two_pieces_of_the_work_meet_nothing_is_seen(
    cut: Cut, options: SwapOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of what is steadied nor of a pull of focus, which is followed over neighbouring frames."""
    model, track, match = cut

    def pulled(frame: ShotFrame, *seen: Any) -> Edges:
        return replace(edges_in(frame, *seen), more=np.full(2, 0.1 * frame.filmed**2))

    monkeypatch.setattr(painting, "edges_in", pulled)
    times, made = [Fraction(k, 25) for k in range(CUT)], []
    monkeypatch.setattr(shots, "SHARD_FRAMES", 5)
    for piece in pieces(CUT, options):
        own, before, after = piece.of(times)
        face = FaceSwap(model, track, match, piece.mouth(MOUTH))
        made += list(finished_frames(Shot(own, Fraction(25), (face,), options, before, after)))
    whole = shown(cut, 0, CUT, options)
    assert len(made) == CUT
    for one, other in zip(made, whole, strict=True):
        assert np.abs(one.picture.astype(int) - other.picture).max() <= 1
        assert one.confidence == pytest.approx(other.confidence, abs=0.01)


def test_a_long_shot_is_measured_part_by_part(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    model, track, match = cut
    held: list[int] = []
    sampled = PlateSampler.sample

    def counted(self: PlateSampler, frames: np.ndarray, *more: Any, **looked_at: Any) -> Any:
        held.append(len(frames))
        return sampled(self, frames, *more, **looked_at)

    monkeypatch.setattr(PlateSampler, "sample", counted)
    monkeypatch.setattr(plates, "HELD_SAMPLES", 4)
    parted = store().arrays(match_plate.fn(model, track, OPTIONS).data)
    assert max(held) <= 4 and sum(held[1:]) == N_FRAMES  # after the clip's own look all frames of both shots
    whole = store().arrays(match.data)
    for shot in (0, 1):
        level = [one["log_gain"][one["knot_shot"] == shot].mean(0) for one in (parted, whole)]
        tables = [one["table"][one["row"][shot]] for one in (parted, whole)]
        assert len(parted["table"]) == 1 and len(whole["table"]) == 3  # four frames are too few for own colours
        assert np.isfinite(level).all() and np.shape(tables[0]) == np.shape(tables[1])


def test_light_and_expressions_of_a_long_clip_are_looked_at_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    rate, n = 25, 1500
    landmarks = np.random.default_rng(0).random((n, 68, 2)) * 50 + 20
    arrays = {"usable": np.ones(n, bool), "landmarks": landmarks, "time_s": np.arange(n) / rate}
    footage = SimpleNamespace(rate=Fraction(rate), name="long.mp4")
    painter = SimpleNamespace(
        output_px=32,
        input_px=16,
        device=torch.device("cpu"),
        reads_faces=True,
        readings=lambda crops: np.zeros((len(crops), 5), np.float32),
    )
    sampler = PlateSampler(SimpleNamespace(footage=footage), arrays, landmarks[0] / 100, np.eye(2, 3), painter)  # type: ignore[arg-type]
    assert np.diff(sampler.frames()).max() / rate < 0.5
    asked: list[int] = []

    def blank(_: PlateSampler, frames: np.ndarray) -> Any:
        asked.extend(frames.tolist())
        return iter(SimpleNamespace(index=frame, rgb=np.zeros((80, 80, 3), np.uint8)) for frame in frames)

    monkeypatch.setattr(plate_samples.PlateSampler, "_pictures", blank)
    readings = sampler.readings(np.zeros((3, 16, 16, 3), np.uint8))
    assert readings.irises is not None and len(readings.lids) == len(readings.irises.places) == len(asked)
    assert asked[-1] >= n - 3


def test_brows_and_glances_are_measured_only_where_they_are_followed(cut: Cut) -> None:
    model, track, match = cut
    assert any(name.startswith("expression_") for name in store().arrays(match.data))
    still = match_plate.fn(model, track, replace(OPTIONS, brows=0.0, glances=0.0))
    assert not any(name.startswith("expression_") for name in store().arrays(still.data))
    assert PlateLook.from_arrays(store().arrays(still.data)).expression is None
