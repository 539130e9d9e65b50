"""Frames to look at: the least sure ranges of everybody, and how many more there are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from av_models.domain.swap import Doubt
from av_models.swap.doubts import Signs, outline_strays
from tasks.doubtful import MOST_RANGES, Doubtful

_SHOT = SimpleNamespace(faces=tuple(SimpleNamespace(track=SimpleNamespace(person=number)) for number in (1, 2)))
_FACE = SimpleNamespace(landmarks=np.array([(20.0, 20.0), (60.0, 70.0)]))


def _signs(hidden: float = 0.0, seam: float = 0.0) -> Signs:
    return Signs(score=1.0, outline=0.0, seam=seam, hidden=hidden, code=0.0, jump=0.0)


def _made(*frames: tuple[Signs | None, Signs | None]) -> Doubtful:
    doubtful = Doubtful(_SHOT)  # type: ignore[arg-type]
    for index, signs in enumerate(frames):
        seen = tuple(None if one is None else _FACE for one in signs)
        frame = SimpleNamespace(index=index, seen=seen)
        one = SimpleNamespace(frame=frame, signs=signs, picture=np.zeros((96, 96, 3), np.uint8))
        doubtful.see(one)  # type: ignore[arg-type]
    return doubtful


def test_both_people_in_one_frame_keep_their_doubts() -> None:
    both = _signs(hidden=0.3), _signs(seam=0.2)
    ranges = _made(both, both, (_signs(), None), both).ranges()
    assert [(one.first, one.last, one.person) for one in ranges] == [(0, 3, 1), (0, 3, 2)]
    assert len({one.picture_name for one in ranges}) == 2


def test_the_least_sure_are_kept_and_the_others_counted() -> None:
    doubts = [_signs(hidden=0.2 + 0.01 * k) if k % 2 else _signs(seam=0.2) for k in range(MOST_RANGES + 4)]
    doubtful = _made(*((one, None) for one in doubts))
    assert (len(doubtful.ranges()), doubtful.n_more) == (MOST_RANGES, 4)
    assert _made((doubts[0], None)).n_more == 0


def test_a_face_of_which_nothing_is_laid_in_is_never_sure() -> None:
    """In every frame of the clip, so that it is the usual thing there."""
    face = np.zeros((32, 32), np.float32)
    face[8:24, 8:24] = 1
    for learned, doubts in ((face, ()), (np.full_like(face, 0.4), (Doubt.OUTLINE,))):
        usual = np.array([float(learned[face > 0].mean()), 0.01])
        signs = Signs(1.0, outline_strays(learned, face, usual), 0.0, 0.0, 0.0, 0.0)
        assert signs.doubts() == doubts
