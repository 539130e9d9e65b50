"""The edge: what shows, what stays in front, what stays the actor's; and the files for who does it by himself."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from av_models.domain.errors import InputError, MediaError
from av_models.domain.swap import Blend, Doubt, Handover, MaskKind, Region, SwapOptions
from av_models.face.quality import LEAST_SHARPNESS, MOST_YAW_DEG
from av_models.io.patches import PatchFrame, PatchWriter, read_patches
from av_models.swap.doubts import Signs, jump_between, small
from av_models.swap.matte import matte
from av_models.swap.paste import lay_in
from av_models.swap.steady import steadied, with_neighbours
from tests.swap.faces_made import drawn_bank
from tests.swap.footage_made import outlined

PX = 128
SHARP = SwapOptions(erode=0.02, blur=0.005)


def landmarks() -> np.ndarray:
    return outlined(drawn_bank("actor", n=1, size_px=PX).landmarks[0].numpy(), PX)


def whole() -> np.ndarray:
    shown = np.zeros((PX, PX), np.float32)
    shown[12:116, 16:112] = 1
    return shown


@pytest.mark.parametrize("region", list(Region))
def test_a_region_that_is_kept_stays_the_actors(region: Region) -> None:
    points = landmarks()
    inside = {Region.BROWS: 19, Region.EYES: 37, Region.NOSE: 31, Region.MOUTH: 48, Region.JAW: 8}[region]
    x, y = np.round(points[inside]).astype(int) - ((0, 6) if region is Region.JAW else (0, 0))
    plain, kept = (
        matte(whole(), whole(), points, SwapOptions(erode=0.02, blur=0.005, keep=k)) for k in ((), (region,))
    )
    assert plain[y, x] > 0.9 and kept[y, x] < 0.3
    assert kept[30, 64] > 0.9  # the forehead is never the actor's


def test_what_is_in_front_stays_in_front() -> None:
    hand = np.zeros((PX, PX), np.float32)
    hand[60:90, 20:60] = 1
    mask = matte(whole(), whole(), landmarks(), SHARP, hand)
    assert mask[65:85, 25:55].max() == 0 and mask[75, 80] > 0.9


def test_erode_and_blur_do_what_they_say() -> None:
    narrow, wide = (matte(whole(), whole(), landmarks(), SwapOptions(erode=e, blur=0.01)) for e in (0.02, 0.12))
    assert narrow[64, 22] > 0.8 and wide[64, 22] < 0.05
    hard, soft = (matte(whole(), whole(), landmarks(), SwapOptions(erode=0.1, blur=b)) for b in (0.0, 0.03))
    assert set(np.unique(hard)) == {0.0, 1.0}
    assert 0.05 < soft[64, 26] < 0.95


def test_which_mask_counts_can_be_chosen() -> None:
    """The decoder takes more of the forehead for face than the actor's hull has, and less of the chin."""
    learned, hull = np.zeros((2, PX, PX), np.float32)
    learned[8:100, 20:108], hull[24:120, 20:108] = 1, 1
    made = {kind: matte(learned, hull, landmarks(), replace(SHARP, mask=kind)) for kind in MaskKind}
    forehead, cheeks, chin = (slice(12, 18), 64), (slice(60, 70), 64), (slice(106, 112), 64)
    sees = {kind: tuple(bool(mask[at].mean() > 0.5) for at in (forehead, cheeks, chin)) for kind, mask in made.items()}
    assert sees[MaskKind.BOTH] == (False, True, False)
    assert sees[MaskKind.LEARNED] == (True, True, False)
    assert sees[MaskKind.HULL] == (False, True, True)


@pytest.mark.parametrize(("name", "value"), [("scale", 3.0), ("steady", -0.1), ("blur", 0.5), ("erode", 1.0)])
def test_a_number_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} = "):
        SwapOptions(**{name: value})  # type: ignore[arg-type]


def plate_and_face() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright plate, a darker textured face, and a soft matte; (H,W,3) uint8, (PX,PX,3), (PX,PX)."""
    rng = np.random.default_rng(4)
    plate = np.full((180, 200, 3), (190, 150, 130), np.uint8)
    face = np.clip(0.5 + rng.normal(0, 0.03, (PX, PX, 3)), 0, 1).astype(np.float32)
    return plate, face, matte(whole(), whole(), landmarks(), SwapOptions())


MATRIX = np.array([[0.9, 0.1, -20.0], [-0.1, 0.9, -8.0]])


def test_multiband_hides_a_step_of_brightness_and_keeps_the_surroundings() -> None:
    plate, face, mask = plate_and_face()
    laid = {blend: lay_in(plate, face, mask, MATRIX, blend).picture.astype(float) for blend in Blend}
    outside = (laid[Blend.FEATHER] == plate).all(-1)
    # Coarse bands may show eight times as much as the matte: where that is too little for a step of 8 bits, up to 4.
    assert np.abs(laid[Blend.MULTIBAND] - plate)[outside].max() <= 4

    def steepest(picture: np.ndarray) -> float:
        rows = picture[60:120].mean((0, 2))
        return float(np.abs(np.diff(rows)).max())

    assert steepest(laid[Blend.MULTIBAND]) < steepest(laid[Blend.FEATHER])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_face_is_mixed_in_floats_and_rounded_once(kind: type[np.unsignedinteger[Any]]) -> None:
    """Where the face lies pixel on pixel, the plain formula gives the same; also beyond white and below black."""
    rng, most = np.random.default_rng(5), np.iinfo(kind).max
    plate = rng.integers(0, most, (PX, PX, 3), endpoint=True).astype(kind)
    face, mask = rng.uniform(-0.2, 1.2, (PX, PX, 3)).astype(np.float32), plate_and_face()[2]
    laid = lay_in(plate, face, mask, np.eye(2, 3))
    wanted = plate + (np.clip(face, 0, 1) * most - plate.astype(np.float64)) * mask[..., None]
    assert laid.picture.dtype == kind
    assert np.abs(laid.picture - wanted).max() <= 0.51
    weight = mask * (1 - mask)
    apart = np.abs((np.clip(face, 0, 1) - plate / most).mean(-1))
    assert laid.seam == pytest.approx(float((apart * weight).sum() / weight.sum()), rel=1e-3)


def test_a_small_face_does_not_alias() -> None:
    """Stripes of one pixel, laid in at a quarter of the size, come out grey and not as stripes again."""
    face = np.repeat((np.indices((PX, PX))[1] % 2)[..., None], 3, -1).astype(np.float32)
    plate = np.zeros((64, 64, 3), np.uint8)
    laid = lay_in(plate, face, np.ones((PX, PX), np.float32), np.array([[4.13, 0, 0], [0, 4.13, 0]])).picture
    assert laid[8:24, 8:24].std() < 12 and abs(laid[8:24, 8:24].mean() - 127) < 6


def test_the_seam_is_larger_where_face_and_plate_differ() -> None:
    plate, face, mask = plate_and_face()
    same = np.broadcast_to(plate[0, 0] / np.float32(255), face.shape)
    assert lay_in(plate, same, mask, MATRIX).seam < 0.01 < 0.05 < lay_in(plate, face, mask, MATRIX).seam


@pytest.mark.parametrize("kind", [Handover.PNG, Handover.EXR])
def test_a_compositor_gets_the_render_back_from_the_files(tmp_path: Path, kind: Handover) -> None:
    plate, face, mask = plate_and_face()
    with PatchWriter(tmp_path / "patches.zip", kind, Fraction(25)) as writer:
        writer.write(PatchFrame(1, 7, face, mask, MATRIX), Fraction(7, 25))
    (patch,) = read_patches(tmp_path / "patches.zip")
    assert (patch.person, patch.frame) == (1, 7)
    again = lay_in(plate, patch.face, patch.matte, patch.to_patch).picture
    wanted = lay_in(plate, face, mask, MATRIX).picture
    assert np.abs(again.astype(int) - wanted).max() <= 1


def test_files_of_all_shots_can_be_unpacked_into_one_folder(tmp_path: Path) -> None:
    """Each file and each list has the footage's own numbers; a frame that is shown twice has two pictures."""
    _, face, mask = plate_and_face()
    for name, frames in (("one.zip", (94, 95)), ("two.zip", (96, 97, 97))):
        with PatchWriter(tmp_path / name, Handover.PNG, Fraction(25)) as writer:
            for frame in frames:
                writer.write(PatchFrame(1, frame, face, mask, MATRIX), Fraction(frame, 25))
        assert [one.frame for one in read_patches(tmp_path / name)] == list(frames)
    names = [name for one in ("one.zip", "two.zip") for name in zipfile.ZipFile(tmp_path / one).namelist()]
    assert len(set(names)) == len(names)
    assert {"person1/patch/000094.png", "person1/patch/000097.png", "person1/patch/000097-2.png"} < set(names)
    assert {"frames-000094.json", "frames-000096.json"} < set(names)


def test_a_shot_without_a_face_takes_no_other_shots_list(tmp_path: Path) -> None:
    with PatchWriter(tmp_path / "none.zip", Handover.PNG, Fraction(25)):
        pass
    assert zipfile.ZipFile(tmp_path / "none.zip").namelist() == ["frames-none.json"]
    assert list(read_patches(tmp_path / "none.zip")) == []


def test_files_that_are_no_patches_are_refused(tmp_path: Path) -> None:
    (tmp_path / "patches.zip").write_bytes(b"something else")
    with pytest.raises(MediaError, match="no patches"):
        list(read_patches(tmp_path / "patches.zip"))


def test_a_shot_that_breaks_off_leaves_no_half_of_its_files(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), PatchWriter(tmp_path / "patches.zip", Handover.PNG, Fraction(25)):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def trembling(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [np.full((PX, PX, 3), 0.5, np.float32) + rng.normal(0, 0.004) for _ in range(n)]


def test_trembling_skin_is_steadied_and_a_mouth_does_not_lag() -> None:
    faces = trembling(40)
    for frame, face in enumerate(faces):
        if frame >= 20:
            face[90:100, 50:80] = 0.1  # the mouth opens from one frame to the next
    out = [steadied(face, before, after, 1.0) for before, face, after in with_neighbours(faces)]
    skin = [[float(face[20, 20, 0]) for face in some] for some in (faces, out)]
    assert np.diff(skin[1]).std() < 0.6 * np.diff(skin[0]).std()
    mouths = [[float(face[95, 65, 0]) for face in some] for some in (faces, out)]
    assert np.abs(np.array(mouths[1]) - mouths[0]).max() < 0.02


USUAL = Signs(score=0.98, outline=0.3, seam=0.03, hidden=0.0, code=1.0, jump=0.0, turn_deg=25.0, sharpness=0.06)


@pytest.mark.parametrize(
    ("sign", "value", "doubt"),
    [
        ("score", 0.4, Doubt.LANDMARKS),
        ("outline", 8.0, Doubt.OUTLINE),
        ("seam", 0.2, Doubt.SEAM),
        ("hidden", 0.3, Doubt.HIDDEN),
        ("code", 5.0, Doubt.UNUSUAL),
        ("jump", 0.06, Doubt.JUMP),
        ("turn_deg", MOST_YAW_DEG + 1, Doubt.TURNED),
        ("sharpness", LEAST_SHARPNESS - 0.001, Doubt.BLURRED),
    ],
)
def test_every_sign_can_bring_a_frame_to_the_list(sign: str, value: float, doubt: Doubt) -> None:
    assert USUAL.doubt() is None and USUAL.confidence() > 0.9
    fields = {name: getattr(USUAL, name) for name in Signs.__dataclass_fields__}
    signs = Signs(**(fields | {sign: value}))
    assert signs.doubt() is doubt and signs.confidence() < 0.7


def test_all_doubts_of_a_frame_are_told_the_strongest_first() -> None:
    signs = replace(USUAL, turn_deg=50.0, sharpness=0.01)
    assert signs.doubts() == (Doubt.BLURRED, Doubt.TURNED) and signs.doubt() is Doubt.BLURRED
    assert replace(USUAL, sharpness=float("nan")).doubts() == ()


def test_a_face_that_jumps_is_told_from_a_plate_that_moves() -> None:
    plates, faces = (np.random.default_rng(k).random((2, PX, PX, 3)).astype(np.float32) for k in (0, 1))
    moving = jump_between(small(plates[0]), small(plates[1]), small(plates[0]), small(plates[1]))
    flashing = jump_between(small(faces[0]), small(faces[0] * 0.7), small(plates[0]), small(plates[0]))
    assert moving == 0.0 and flashing > 0.08
