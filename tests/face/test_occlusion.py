"""A hand or a microphone before the face is found pixel by pixel; speech, blinks and light are not taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from people_made import performance, shown, with_hand, with_microphone

from av_models.face.backend import FaceBackend
from av_models.face.front import fronts, learn, matte_of, shares_of
from av_models.face.gather import gather
from av_models.face.occlusion import FaceModel
from av_models.face.track import follow

_SIDE, _N = 128, 70
Faces = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module", params=["man", "woman"])
def faces(request: pytest.FixtureRequest, dlib_backend: FaceBackend) -> Faces:
    """Crops and masks of 70 frames of speech."""
    frames = performance(request.param, _N)
    batches = list(gather(shown(frames), follow(shown(frames), dlib_backend).arrays, _SIDE))
    return np.concatenate([each["crop"] for each in batches]), np.concatenate([each["mask"] for each in batches])


@pytest.fixture(scope="module")
def model(faces: Faces) -> FaceModel:
    return learn(*faces)


def hidden(model: FaceModel, crop: np.ndarray) -> np.ndarray:
    return matte_of(crop, fronts(model, [crop])[0])


def hidden_share(model: FaceModel, crop: np.ndarray) -> float:
    return float(shares_of(model, fronts(model, [crop]))[0])


def _skin(crops: np.ndarray) -> np.ndarray:
    """The colour of the cheeks: the hardest hand is the person's own."""
    return np.median(crops[:, 60:75, 25:40].reshape(-1, 3), axis=0)


def _agreement(found: np.ndarray, covered: np.ndarray, mask: np.ndarray) -> float:
    """Intersection over union inside the face."""
    face = mask > 127
    return float((found & covered & face).sum() / ((found | covered) & face).sum())


def test_frames_that_the_model_never_saw_show_nothing_in_front(faces: Faces) -> None:
    crops, masks = faces
    model = learn(crops[::2], masks[::2])
    assert max(hidden_share(model, crop) for crop in crops[1::2]) < 0.03
    assert np.mean([hidden(model, crop).any() for crop in crops[1::2]]) < 0.1


def test_a_hand_of_the_same_skin_is_found_pixel_by_pixel(faces: Faces, model: FaceModel) -> None:
    crops, masks = faces
    for i, (x, y, slant) in enumerate([(45, 70, -0.5), (64, 80, 0.2), (85, 60, 0.5)]):
        covered_face, covered = with_hand(crops[20 * i], (x, y), 45, slant, _skin(crops))
        found = hidden(model, covered_face)
        assert found.shape == (_SIDE, _SIDE) and found.dtype == np.float32 and 0 <= found.min() <= found.max() <= 1
        assert _agreement(found > 0.5, covered, masks[20 * i]) > 0.6


def test_a_microphone_is_found_pixel_by_pixel(faces: Faces, model: FaceModel) -> None:
    crops, masks = faces
    for i, middle in enumerate([(50, 88), (64, 70), (80, 95)]):
        covered_face, covered = with_microphone(crops[20 * i], middle, 26)
        assert _agreement(hidden(model, covered_face) > 0.5, covered, masks[20 * i]) > 0.75


def test_another_light_is_no_thing_in_front(faces: Faces, model: FaceModel) -> None:
    crops = faces[0]
    slope = np.linspace(0.75, 1.1, _SIDE)[None, :, None]
    for crop in crops[::10]:
        dimmed = np.clip(crop * slope * np.array([1.05, 1.0, 0.92]), 0, 255).astype(np.uint8)
        assert hidden_share(model, dimmed) < 0.03


def test_a_crop_that_lies_a_little_off_is_no_thing_in_front(faces: Faces, model: FaceModel) -> None:
    shares = []
    for turn, x, y, scale in [(1, 1, -0.7, 1.01), (-1, -1, 0.7, 0.99), (1, -1, -0.7, 0.99), (-1, 1, 0.7, 1.01)]:
        moved = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), turn, scale) + np.array([[0, 0, x], [0, 0, y]])
        off = [cv2.warpAffine(crop, moved, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE) for crop in faces[0][::10]]
        shares += [hidden_share(model, crop) for crop in off]
    assert np.mean(shares) < 0.03


def test_a_hand_in_a_quarter_of_the_frames_is_not_taken_for_the_face(faces: Faces) -> None:
    crops, masks = faces[0].copy(), faces[1]
    for i in range(20, 38):
        crops[i] = with_hand(crops[i], (35 + i, 70), 45, 0.3, _skin(crops))[0]
    model = learn(crops, masks)
    assert min(hidden_share(model, crop) for crop in crops[20:38]) > 0.08
    assert np.mean([hidden_share(model, crop) for crop in (*crops[:20], *crops[38:])]) < 0.01


def test_many_crops_at_once_are_judged_as_one_after_the_other(faces: Faces, model: FaceModel) -> None:
    crops = [*faces[0]]
    for i in range(0, _N, 7):
        crops[i] = with_hand(crops[i], (45, 70), 45, -0.5, _skin(faces[0]))[0]
    together = shares_of(model, fronts(model, crops))
    assert together.tolist() == pytest.approx([hidden_share(model, crop) for crop in crops], abs=1e-3)
    assert together[::7].min() > 0.08 > np.median(together) and len(fronts(model, [])) == 0


def test_a_model_survives_the_store(faces: Faces) -> None:
    crops, masks = faces
    model = learn(crops[:20], masks[:20])
    covered = with_microphone(crops[30], (64, 70), 26)[0]
    again = FaceModel.from_arrays(model.arrays())
    assert np.array_equal(hidden(again, covered), hidden(model, covered)) and hidden(again, covered).any()


def test_a_single_frame_is_a_model_and_none_is_refused(faces: Faces) -> None:
    crops, masks = faces
    assert not hidden(learn(crops[:1], masks[:1]), crops[0]).any()
    with pytest.raises(ValueError, match="at least one crop"):
        learn(crops[:0], masks[:0])


@pytest.mark.parametrize("blur", [0.7, 1.5])
def test_the_edge_of_a_thing_is_as_sharp_as_the_picture(faces: Faces, model: FaceModel, blur: float) -> None:
    """Mixed pixels belong to the thing as far as they are of its colour."""
    crops, masks = faces
    errors = []
    for i in (5, 25, 45):
        _, covered = with_microphone(crops[i], (64, 80), 26)
        alpha = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), blur)
        mixed = crops[i] + (np.full(3, 52.0) - crops[i]) * alpha[..., None]
        found = hidden(model, np.round(mixed).astype(np.uint8))
        assert found.min() >= 0 and found.max() <= 1
        errors.append(float(np.abs(found - alpha)[masks[i] > 127].mean()))
    assert np.mean(errors) < 0.02


def test_a_matte_may_be_finer_than_what_the_network_saw(faces: Faces, model: FaceModel) -> None:
    crop = with_microphone(faces[0][30], (64, 80), 26)[0]
    front = fronts(model, [crop])[0]
    finer = cv2.resize(crop, (256, 256), interpolation=cv2.INTER_CUBIC)
    assert matte_of(finer, front).shape == (256, 256)
    assert not matte_of(finer, np.zeros_like(front)).any()
    assert np.abs(cv2.resize(matte_of(finer, front), (128, 128)) - hidden(model, crop)).mean() < 0.005
