"""A whole shot: several people in one pass, who is missing, the bits of the footage, and the compositor's files."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from av_models.domain.edit import Shot
from av_models.domain.face import FaceProblem, FaceTrack, ProblemRange, problem_ranges
from av_models.domain.media import MediaRef
from av_models.domain.swap import ColorMatch, Doubt, FaceSwap, Handover, SwapOptions
from av_models.io.patches import read_patches
from av_models.io.video import read_pictures
from av_models.swap.paste import lay_in
from tasks import painting
from tasks.frame_figures import confidences, people_facts, write_frames
from tasks.painting import finished_frames
from tasks.plates import compose, match_plate
from tasks.swapping import swap_shot
from tasks.workspace import store
from tests.swap.footage_made import FACE_PX, PLACES, small_model, two_people

PLAIN = SwapOptions(color=ColorMatch.NONE, shading=False, occlusion=False, handover=Handover.PNG)
N_SHOWN = 8


@pytest.fixture(scope="module")
def model() -> MediaRef:
    return small_model()


def shot_of(model: MediaRef, tracks: tuple[FaceTrack, ...], options: SwapOptions = PLAIN) -> Shot:
    """The first frames; everybody in `tracks` gets the model's face."""
    mouth = store().put_arrays(mouth=np.zeros((N_SHOWN, 8), np.float32))
    others = [tuple(one for one in tracks if one is not track) for track in tracks]
    matches = [match_plate.fn(model, track, options, beside) for track, beside in zip(tracks, others, strict=True)]
    faces = tuple(FaceSwap(model, track, match, mouth) for track, match in zip(tracks, matches, strict=True))
    return Shot(tuple(Fraction(k, 25) for k in range(N_SHOWN)), Fraction(25), faces, options)


def cheek(picture: np.ndarray, person: int, box: tuple[int, ...] = (0, 0)) -> np.ndarray:
    left, top = (at + round(0.55 * FACE_PX) - edge for at, edge in zip(PLACES[person], box, strict=False))
    return picture[top : top + 6, left - 20 : left - 14].reshape(-1, 3).mean(0)


def test_two_people_are_swapped_in_one_pass(model: MediaRef, tmp_path: Path) -> None:
    tracks = two_people(tmp_path / "two.mp4")
    clip = swap_shot.fn(shot_of(model, tracks))
    before, after = ([p.rgb for p in read_pictures(path)] for path in (tmp_path / "two.mp4", store().path(clip.video)))
    assert len(after) == clip.n_frames == N_SHOWN
    for person in (0, 1):
        assert np.abs(cheek(after[6], person) - cheek(before[6], person)).max() > 30
    middle = slice(PLACES[0][0] + FACE_PX + 2, PLACES[1][0] - 2)
    assert np.abs(after[6][:, middle].astype(int) - before[6][:, middle]).max() < 12
    # Nothing says that the one who is not found is in the picture; the other is swapped all the same.
    assert clip.unswapped == () and min(clip.confidence) > 0
    assert [one["swapped"] for one in people_facts([clip])] == [N_SHOWN, N_SHOWN - 3]
    # Skin of another colour, which nobody matched here, is on the list of frames to look at, with both.
    assert {one.person for one in clip.doubtful if one.doubt is Doubt.SEAM} == {1, 2}
    assert np.abs(cheek(after[1], 1) - cheek(before[1], 1)).max() < 12
    assert np.abs(cheek(after[1], 0) - cheek(before[1], 0)).max() > 30


def _only_in(track: FaceTrack, first: int, end: int, *, same_shot: bool = False) -> FaceTrack:
    """Seen there only, while somebody else is seen; same_shot: as if the tracker drew lines between the ends."""
    arrays = store().arrays(track.data)
    there = (np.arange(track.footage.n_frames) >= first) & (np.arange(track.footage.n_frames) < end)
    landmarks = arrays["landmarks"] if same_shot else np.where(there[:, None, None], arrays["landmarks"], np.nan)
    data = store().put_arrays(**arrays | {"landmarks": landmarks, "usable": there, "score": arrays["score"] * there})
    reasons = [None if one else FaceProblem.OTHER_PERSON for one in there]
    return replace(track, data=data, problems=problem_ranges(reasons), n_usable=int(there.sum()))


def test_who_is_out_of_the_picture_is_not_missed(model: MediaRef, tmp_path: Path) -> None:
    """Shot and reverse shot: every frame shows one of the two, and that one is swapped."""
    first, second = two_people(tmp_path / "two.mp4")
    clip = swap_shot.fn(shot_of(model, (_only_in(first, 0, 4), _only_in(second, 4, N_SHOWN))))
    assert clip.unswapped == () and min(clip.confidence) > 0 and min(confidences([clip])) > 0
    facts = people_facts([clip])
    assert [(one["person"], one["swapped"], one["left"]) for one in facts] == [(1, 4, []), (2, 4, [])]


def test_who_is_lost_within_a_shot_is_missed(model: MediaRef, tmp_path: Path) -> None:
    first, second = two_people(tmp_path / "two.mp4")
    clip = swap_shot.fn(shot_of(model, (_only_in(first, 0, 2, same_shot=True), second)))
    assert clip.unswapped == (ProblemRange(2, N_SHOWN - 1, FaceProblem.OTHER_PERSON),)
    assert set(clip.confidence[2:]) == {0.0} and clip.confidence[0] > 0
    assert people_facts([clip])[0]["left"] == [(2, N_SHOWN - 1, str(FaceProblem.OTHER_PERSON))]


def test_a_row_for_every_face_of_every_frame(model: MediaRef, tmp_path: Path) -> None:
    clip = swap_shot.fn(shot_of(model, two_people(tmp_path / "two.mp4")))
    write_frames(tmp_path, [clip, clip])
    rows = list(csv.DictReader((tmp_path / "frames.csv").open()))
    assert [(int(row["frame"]), row["person"]) for row in rows] == [(k, p) for k in range(2 * N_SHOWN) for p in "12"]
    assert rows[-1]["timecode"] == "00:00:00:15"
    assert [row["face"] for row in rows[:8]] == ["detected", "absent"] * 3 + ["detected", "detected"]
    assert rows[0]["face_px"] and str(Doubt.SEAM) in rows[0]["reasons"] and not rows[1]["confidence"]
    sure = [
        min(float(row["confidence"]) for row in rows if row["frame"] == str(k) and row["confidence"]) for k in (0, 6)
    ]
    assert sure == pytest.approx([clip.confidence[0], clip.confidence[6]], abs=1e-3)


def test_who_is_not_asked_for_keeps_the_own_face(model: MediaRef, tmp_path: Path) -> None:
    tracks = two_people(tmp_path / "two.mp4")
    one = list(finished_frames(shot_of(model, tracks[:1])))[6]
    assert one.frame.whole is not None
    shown = one.frame.whole.with_window(one.frame.box, one.picture).to_ndarray()
    filmed, half = one.frame.whole.frame.to_ndarray(), PLACES[1][0] - 4
    rows = slice(0, one.frame.whole.frame.height)  # luma
    assert np.array_equal(shown[rows, half:], filmed[rows, half:])
    assert not np.array_equal(shown[rows, :half], filmed[rows, :half])


def test_half_the_colour_is_half_the_way(model: MediaRef, tmp_path: Path) -> None:
    """And none is none: what follows the light over time must not bring it back."""
    tracks = two_people(tmp_path / "two.mp4")[:1]

    def shown(**changes: float | ColorMatch) -> np.ndarray:
        options = replace(PLAIN, **{"color": ColorMatch.REINHARD, **changes})  # type: ignore[arg-type]
        one = list(finished_frames(shot_of(model, tracks, options)))[6]
        return cheek(one.picture, 0, one.frame.box)

    plain, full = shown(color=ColorMatch.NONE), shown(color_strength=1.0)
    assert np.abs(full - plain).max() > 30
    assert np.abs(shown(color_strength=0.5) - (plain + full) / 2).max() < 8
    assert np.abs(shown(color_strength=0.0) - plain).max() < 4


def alone(track: FaceTrack) -> FaceTrack:
    """As if nobody else were in the footage."""
    return replace(track, n_people=1)


def warped(plate: np.ndarray, warp: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """As a compositor would: each pixel comes from where the warp says."""
    import cv2

    left, top, right, bottom = box if box[2] else (0, 0, plate.shape[1], plate.shape[0])
    y, x = np.indices((bottom - top, right - left)).astype(np.float32)
    moves = warp[top:bottom, left:right].astype(np.float32)
    return np.asarray(cv2.remap(plate, x + moves[..., 0], y + moves[..., 1], cv2.INTER_CUBIC))


@pytest.fixture(scope="module")
def broad() -> MediaRef:
    """The model of somebody with a broader jaw."""
    return small_model(jaw=1.2)


def test_the_head_goes_along_with_a_broader_jaw(broad: MediaRef, tmp_path: Path) -> None:
    tracks = (alone(two_people(tmp_path / "two.mp4")[0]),)
    rows, edge = slice(PLACES[0][1] + 62, PLACES[0][1] + 70), PLACES[0][0] + FACE_PX // 2

    def width(reshape: float) -> float:
        one = list(finished_frames(shot_of(broad, tracks, replace(PLAIN, reshape=reshape))))[6]
        picture = one.picture[rows, : edge + 60 - one.frame.box[0]].astype(float).max(2)
        return float((picture > 90).sum(1).mean())

    assert width(1.0) > width(0.0) + 4


def test_a_head_is_never_reshaped_beside_somebody_else(broad: MediaRef, tmp_path: Path) -> None:
    tracks = two_people(tmp_path / "two.mp4")[:1]
    pictures = [
        list(finished_frames(shot_of(broad, tracks, replace(PLAIN, reshape=reshape))))[6].picture
        for reshape in (0.0, 1.0)
    ]
    assert np.array_equal(*pictures)


def test_the_files_for_a_compositor_give_the_render_back(model: MediaRef, tmp_path: Path) -> None:
    shot = shot_of(model, two_people(tmp_path / "two.mp4"), replace(PLAIN, color=ColorMatch.LINEAR, reshape=0.0))
    patches = swap_shot.fn(shot).patches
    assert patches is not None
    filed = list(read_patches(store().path(patches)))
    assert {(one.person, one.frame) for one in filed} == {
        (person, frame) for person in (1, 2) for frame in range(N_SHOWN) if person == 1 or frame > 2
    }
    for one in finished_frames(shot):
        laid = one.frame.plate
        to_whole = np.array([[1.0, 0, one.frame.box[0]], [0, 1.0, one.frame.box[1]]])
        for patch in (patch for patch in filed if patch.frame == one.frame.index):
            laid = lay_in(laid, patch.face, patch.matte, compose(patch.to_patch, to_whole)).picture
        assert np.abs(laid.astype(int) - one.picture).max() <= 1


def test_the_files_of_two_reshaped_heads_give_the_render_back(broad: MediaRef, tmp_path: Path) -> None:
    """One after the other: the plate is moved round a face, the face is laid in, then the next."""
    shot = shot_of(broad, two_people(tmp_path / "two.mp4"), replace(PLAIN, color=ColorMatch.LINEAR))
    patches = swap_shot.fn(shot).patches
    assert patches is not None
    filed = list(read_patches(store().path(patches)))
    for one in finished_frames(shot):
        laid = one.frame.plate
        to_whole = np.array([[1.0, 0, one.frame.box[0]], [0, 1.0, one.frame.box[1]]])
        for patch in (patch for patch in filed if patch.frame == one.frame.index):
            assert patch.warp is not None and np.abs(patch.warp).max() > 1
            moved = warped(laid, patch.warp, one.frame.box)
            laid = lay_in(moved, patch.face, patch.matte, compose(patch.to_patch, to_whole)).picture
        apart = np.abs(laid.astype(int) - one.picture)
        assert apart.max() <= 24 and (apart > 1).mean() < 0.02


@pytest.mark.parametrize("kind", [Handover.PNG, Handover.EXR])
def test_the_files_of_a_reshaped_head_give_the_render_back(broad: MediaRef, tmp_path: Path, kind: Handover) -> None:
    tracks = (alone(two_people(tmp_path / "two.mp4")[0]),)
    shot = shot_of(broad, tracks, replace(PLAIN, color=ColorMatch.LINEAR, handover=kind))
    patches = swap_shot.fn(shot).patches
    assert patches is not None
    for one, patch in zip(finished_frames(shot), read_patches(store().path(patches)), strict=True):
        assert patch.warp is not None and np.abs(patch.warp).max() > 1
        to_whole = np.array([[1.0, 0, one.frame.box[0]], [0, 1.0, one.frame.box[1]]])
        moved = warped(one.frame.plate, patch.warp, one.frame.box)
        laid = lay_in(moved, patch.face, patch.matte, compose(patch.to_patch, to_whole)).picture
        apart = np.abs(laid.astype(int) - one.picture)
        # A warp is as fine as 1/64 px in the files; on an edge of 200 levels that is three of them, and OpenCV rounds.
        assert apart.max() <= 12 and (apart > 1).mean() < 0.01


def test_ten_bit_footage_gets_a_ten_bit_face(model: MediaRef, tmp_path: Path) -> None:
    tracks = two_people(tmp_path / "deep.mp4", "yuv420p10le")
    one = list(finished_frames(shot_of(model, tracks)))[6]
    assert one.picture.dtype == np.uint16
    left, top = (at - edge for at, edge in zip(PLACES[0], one.frame.box, strict=False))
    face = one.picture[top + 40 : top + 70, left + 30 : left + 66]
    assert len(np.unique(face % 257)) > 20  # a face painted in eight bits has none between its steps


def test_several_painters_make_the_same_pictures_in_the_same_order(
    model: MediaRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = shot_of(model, two_people(tmp_path / "two.mp4")[:1])
    made = []
    for painters in ((1, 1), (3, 1)):
        monkeypatch.setattr(painting, "_painters", lambda _, found=painters: found)
        monkeypatch.setattr(painting, "MOST_IN_BATCH", 2 * painters[0])
        made.append(list(finished_frames(shot)))
    assert [one.frame.index for one in made[1]] == list(range(N_SHOWN))
    for one, other in zip(*made, strict=True):
        assert np.abs(one.picture.astype(int) - other.picture).max() <= 1
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
