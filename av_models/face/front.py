"""What is in front of faces, told by a network from crops and from what `occlusion.FaceModel` explains of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..runtime.one_thread import one_thread
from .occlusion import MODEL_PX, FaceModel, lab, shrunk

__all__ = ["FRONT_PX", "believed", "first_model", "fronts", "learn", "matte_of", "shares_of"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

FRONT_PX = 96
"""Side of what the network reads: a finger is ten pixels wide in it."""

_AT_ONCE = 64
"""Faces that are explained together: bounds the working memory, some 4 MB."""

_STRANGE, _BLUR_PX = 1.8, 1.0
"""In usual strays: from where on the network is asked. Loose, as asking costs a few milliseconds only."""

_BELIEVED, _SEEN = 0.7, 0.35
"""What it says somewhere in a patch at least, and how far from there the patch reaches."""

_LEAST_PATCH = 0.004
"""Of the face's area; smaller patches are noise."""

_RIM_PX = 14
"""Of FRONT_PX. Pixels that are face in most frames are explained; those round them are now face and now background."""

_NEAR = 0.04
"""Of the crop's side: so near, a thing and a face have one colour each."""

_COARSER = 4
"""What is as smooth as that is reckoned in a picture so many times smaller."""

_COLOR_NOISE = 15.0
"""In steps of CIELAB of 0..255: colours nearer than this tell little."""

_MIXED = 0.1
"""Colours as near as this to one of the two are all of it."""

_MOST_FACES = 160
_ALWAYS_FACE = 0.7
_FIRST_TRUSTED = 0.5
"""The first model, a median that knows no lids and lips, is taken from the most usual half of every pixel, so that a
hand in a third of the frames does not pass for usual."""

_LESSONS = ((12, 0.05), (24, 0.02))
"""Of the next models: principal components, and what may be in front of a face that they are taught with."""


def learn(crops: Pixels, masks: Pixels) -> FaceModel:
    """From aligned crops (N,S,S,3) RGB of one clip and where the face is in them, masks (N,S,S) 0..255.

    Some frames may have something in front: they are found and left out. At most 160 crops are looked at.
    ValueError without a crop.
    """
    model, chosen = first_model(crops, masks), _evenly(len(crops))
    faces = _small_labs(crops[chosen])
    for n_components, most in _LESSONS:
        covered = shares_of(model, fronts(model, list(crops[chosen])))
        plain = (covered < most) | (covered <= np.median(covered))
        with one_thread():
            model = FaceModel.of(faces[plain], model.inside, n_components)
    return model


def first_model(crops: Pixels, masks: Pixels) -> FaceModel:
    """As `learn`, but it knows no more than how the face looks in most frames, and how bright that may be."""
    if not len(crops):
        raise ValueError("a model of a face needs at least one crop")
    chosen = _evenly(len(crops))
    inside = np.mean([shrunk(masks[i], MODEL_PX) for i in chosen], axis=0) > _ALWAYS_FACE * 255
    with one_thread():
        return FaceModel.of(_small_labs(crops[chosen]), inside, 0, _FIRST_TRUSTED)


def _evenly(n: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n - 1, min(n, _MOST_FACES)).round().astype(int))


def _small_labs(crops: Sequence[Pixels] | Pixels) -> NDArray[np.float32]:
    return np.stack([lab(shrunk(crop, MODEL_PX)) for crop in crops])


def fronts(model: FaceModel, crops: Sequence[Pixels]) -> NDArray[np.float32]:
    """(N,FRONT_PX,FRONT_PX) 0..1 of crops (S,S,3) uint8 RGB in the model's alignment: 1 is in front.

    Only where the face may be; 0 everywhere else.
    """
    groups = [crops[first : first + _AT_ONCE] for first in range(0, len(crops), _AT_ONCE)]
    empty = np.zeros((0, FRONT_PX, FRONT_PX), np.float32)
    return np.concatenate([empty, *(_of_group(model, group) for group in groups)])


def shares_of(model: FaceModel, found: Floats) -> NDArray[np.float32]:
    """(N,) how much of the face lies behind `fronts` (N,FRONT_PX,FRONT_PX)."""
    face = _wide(model.inside)
    return np.asarray(found[:, face].mean(1) if face.any() else np.zeros(len(found)), np.float32)


def _of_group(model: FaceModel, crops: Sequence[Pixels]) -> NDArray[np.float32]:
    small = _small_labs(crops)
    with one_thread():
        left = model.unexplained(small)
    found = np.zeros((len(crops), FRONT_PX, FRONT_PX), np.float32)
    strange = np.stack([_strange(model.inside, doubt) for doubt in model.in_strays(left)])
    asked = np.flatnonzero(strange.any((1, 2))).tolist()
    if asked:
        small[:, model.inside] -= left
        told = _told(model, [crops[k] for k in asked], small[asked])
        least = _LEAST_PATCH * model.inside.mean() * told[0].size
        found[asked] = [_kept(one, strange[k], least) for k, one in zip(asked, told, strict=True)]
    return found


def _strange(inside: NDArray[np.bool_], doubt: Floats) -> NDArray[np.bool_]:
    """(FRONT_PX,FRONT_PX): where a face this far (M,) from what is explained of it may have something in front."""
    import cv2

    apart = np.zeros(inside.shape, np.float32)
    apart[inside] = doubt
    return _wide(inside & (np.asarray(cv2.GaussianBlur(apart, (0, 0), _BLUR_PX)) > _STRANGE))


def _told(model: FaceModel, crops: Sequence[Pixels], explained: Floats) -> NDArray[np.float32]:
    """(N,FRONT_PX,FRONT_PX): what the network says of crops that should show `explained` (N,P,P,3)."""
    import torch

    from .occlusion_network import clues_of, load_front_reader, planes_of

    fine = np.stack([lab(shrunk(crop, FRONT_PX)) for crop in crops])
    seen, shown, stray = (planes_of(one) for one in (fine, explained, model.stray_map()[None]))
    inside = torch.from_numpy(model.inside.astype(np.float32))[None, None]
    with torch.no_grad():
        told = load_front_reader()(clues_of(seen, shown, stray, inside)).sigmoid()[:, 0].numpy()
    return np.asarray(told * believed(model.inside), np.float32)


def believed(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(FRONT_PX,FRONT_PX): 1 where the network counts, on the face and in a rim, in which what is laid in ends."""
    import cv2

    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM_PX + 1, 2 * _RIM_PX + 1))
    return np.asarray(cv2.dilate(_wide(inside).astype(np.uint8), wide), np.float32)


def _wide(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    times = FRONT_PX // MODEL_PX
    return np.repeat(np.repeat(inside, times, 0), times, 1)


def _kept(told: Floats, strange: NDArray[np.bool_], least: float) -> NDArray[np.float32]:
    """Without patches that are small, nowhere sure, or nowhere on a part of the face that looks strange."""
    import cv2

    n, labels = cv2.connectedComponents((told > _SEEN).astype(np.uint8), connectivity=8)
    patches = [(k, labels == k) for k in range(1, n)]
    kept = [k for k, at in patches if at.sum() >= least and told[at].max() > _BELIEVED and strange[at].any()]
    near = cv2.dilate(np.isin(labels, kept).astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(told * near, np.float32)


def matte_of(crop: Pixels, front: Floats) -> NDArray[np.float32]:
    """What is in front (S,S) 0..1, as fine as the crop (S,S,3); front (P,P): as the network sees it.

    The network is sure where a thing is, and unsure by a pixel or two of its own where it ends. There the crop's
    colours tell, if the thing's and the face's nearby are further apart than either is uneven: a pixel of a mixed
    colour is covered as far as it lies from the face's towards the thing's.
    """
    import cv2

    if not front.any():
        return np.zeros(crop.shape[:2], np.float32)
    share = np.asarray(cv2.resize(front, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    colors = lab(crop)
    thing, thing_uneven, known = _colors_near(colors, share**4)
    face, face_uneven, _ = _colors_near(colors, (1 - share) ** 4)
    apart = thing - face
    squared = (apart**2).sum(-1)
    covered = ((colors - face) * apart).sum(-1) / np.maximum(squared, 1e-3)
    covered = np.clip((covered - _MIXED) / (1 - 2 * _MIXED), 0, 1)
    trust = squared / (squared + _COLOR_NOISE**2 + thing_uneven + face_uneven) * np.minimum(1, 20 * known)
    trust *= np.minimum(1, 8 * np.minimum(share, 1 - share))
    return np.asarray(share + trust * (covered - share), np.float32)


def _colors_near(colors: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Round every place of (S,S,3): the mean colour of what weighs there, its variance (S,S), and how much that is."""
    import cv2

    side = len(colors)
    small = max(1, side // _COARSER)

    def near(plane: Floats) -> Floats:
        coarse = cv2.resize(np.asarray(plane, np.float32), (small, small), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(coarse, (0, 0), _NEAR * small)
        return np.asarray(cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR))

    known = near(weight) + 1e-4
    mean = near(colors * weight[..., None]) / known[..., None]
    spread = near(colors**2 * weight[..., None]) / known[..., None] - mean**2
    return mean, np.maximum(spread, 0).sum(-1), known
