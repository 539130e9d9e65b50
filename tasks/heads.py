"""How far the outline of each head of a shot goes to meet the painted face's, followed over neighbouring frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from av_models.domain.swap import PlateMatch

__all__ = ["OtherHeads", "head_moves", "steady_head"]


class OtherHeads:
    """Where the heads beside one head of a shot are. Who was seen, and is not, is taken to be where they were."""

    def __init__(self) -> None:
        self._landmarks: dict[int, np.ndarray] = {}
        self._corner = np.zeros(2)

    def see(self, others: Mapping[int, np.ndarray], corner: tuple[int, int]) -> None:
        """Landmarks (68,2) by person, in a part of the picture that begins at corner. Every frame has its own part."""
        self._corner = np.array(corner, np.float64)
        self._landmarks |= {person: points + self._corner for person, points in others.items()}

    def boxes(self, matrix: np.ndarray, size_px: int) -> list[np.ndarray]:
        """(4,) each, see `beside.head_box`. matrix (2,3): from that part of the picture to a crop of size_px."""
        from av_models.swap.beside import head_box

        return [head_box(points - self._corner, matrix, size_px) for points in self._landmarks.values()]


def head_moves(
    match: PlateMatch, landmarks: np.ndarray, painted: np.ndarray, matrix: np.ndarray, size_px: int
) -> np.ndarray | None:
    """(27,2) of one frame, see `reshape.outline_moves`; None where heads stay as they were filmed.

    landmarks (68,2) px of the frame's plate.  painted (K,2): see `SwapNetwork.points`.  matrix (2,3): from the plate to
    the painted face of size_px.
    """
    from av_models.face.warp import transform
    from av_models.swap.reshape import outline_moves

    if not match.reshape:
        return None
    return outline_moves((transform(landmarks, matrix) + 0.5) / size_px, painted)


def steady_head(near: Mapping[int, np.ndarray | None]) -> np.ndarray:
    """(27,2) of the frame at 0. near: `head_moves` of it and of those around it, by how far they are away; None where a
    cut or a missing face parts them from it. What lies beyond does not count."""
    from av_models.swap.reshape import steady_moves

    found: dict[int, np.ndarray] = {}
    for at, step in ((0, -1), (1, 1)):
        while (moves := near.get(at)) is not None:
            found[at] = moves
            at += step
    return steady_moves(found)
