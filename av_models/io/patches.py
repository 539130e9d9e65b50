"""Files for a compositor, who lays the painted faces in by himself: patches, mattes, and a matrix for every frame.

A .zip of

    person1/patch/000096.png   the painted face in its crop, graded, with grain: RGB, 16 bits (or .exr, half floats)
    person1/matte/000096.png   where it shows: grey, 16 bits (or .exr)
    person1/warp/000096.png    how the plate is moved before, where heads are reshaped: 16 bits (or .exr)
    frames-000096.json         rate, and for every frame and person the time and the matrices

Frames are numbered as the footage's own are, from 0, so that they lie on the plate as it was filmed. A frame that is
shown again gets 000096-2, and so on; the list is named after the first one, or frames-none.json. A picture that lies
between two frames of the footage is numbered as the nearer one. Where the footage runs through once, the files of all
shots can be unpacked into one folder; where lines of a script share footage, each shot needs a folder of its own.

Values are those of the plate's own R'G'B' (BT.709, not linear), 0 to 65535 for 0 to 1. `to_patch` maps (x, y, 1) in
pixels of the plate to pixels of the patch, `to_plate` is the way back; (0, 0) is the middle of the first pixel. The
finished frame is plate + matte * (patch - plate), both warped by `to_plate`, one person after the other.

A warp has the plate's size: red and green are the way in x and y, in pixels, to where each pixel of the moved plate
comes from, as Nuke's IDistort has it. A .png holds 32768 + 64 times that, an .exr the pixels themselves. Where there is
one, `plate` above is the plate moved by it.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.swap import Handover

from .disk import new_file

__all__ = ["PatchFrame", "PatchWriter", "read_patches"]

Floats = NDArray[np.floating[Any]]
_FULL = 65535
_STILL, _A_PIXEL = 32768, 64
"""Of a warp as .png: no movement, and one pixel's."""

_LIST = re.compile(r"frames-(\d+|none)\.json")
_MADE_BY = "AI-generated faces, made by Understudy under a consent record. What is composed of them has to say so, too."


@dataclass(frozen=True, slots=True, eq=False)
class PatchFrame:
    """person: as numbered on the sheet of all, from 1.  frame: of the footage, from 0.  face (D,D,3), matte (D,D) 0..1.
    to_patch (2,3): see above.  warp (H,W,2): of the whole plate, in pixels, None where nothing is moved."""

    person: int
    frame: int
    face: Floats
    matte: Floats
    to_patch: Floats
    warp: Floats | None = None


@dataclass(slots=True)
class PatchWriter:
    """Writes one shot's files; the .zip appears when it is complete. kind: PNG or EXR. rate: frames a second."""

    path: Path
    kind: Handover
    rate: Fraction
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _n_shown: Counter[tuple[int, int]] = field(default_factory=Counter)
    _cleanup: ExitStack = field(default_factory=ExitStack)
    _zip: zipfile.ZipFile = field(init=False)

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            part = opening.enter_context(new_file(self.path))
            self._zip = opening.enter_context(zipfile.ZipFile(part, "w", zipfile.ZIP_STORED))
            self._cleanup = opening.pop_all()
        return self

    def write(self, patch: PatchFrame, time_s: Fraction) -> None:
        """time_s: of the footage."""
        self._n_shown[patch.person, patch.frame] += 1
        n_shown, names = self._n_shown[patch.person, patch.frame], {}
        again = f"-{n_shown}" if n_shown > 1 else ""
        files = {"patch": _encoded(patch.face, self.kind), "matte": _encoded(patch.matte, self.kind)}
        if patch.warp is not None:
            files["warp"] = _encoded(_as_picture(patch.warp, self.kind), self.kind)
        for what, data in files.items():
            names[what] = f"person{patch.person}/{what}/{patch.frame:06d}{again}.{self.kind}"
            self._zip.writestr(zipfile.ZipInfo(names[what]), data)
        whole = np.vstack([np.asarray(patch.to_patch, np.float64), [0, 0, 1]])
        self._rows.append(
            {"frame": patch.frame, "person": patch.person, "time_s": str(time_s), **names}
            | {"to_patch": whole[:2].tolist(), "to_plate": np.linalg.inv(whole)[:2].tolist()}
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is None:
            table = {
                "made_by": _MADE_BY,
                "rate": str(self.rate),
                "values": "R'G'B', BT.709, not linear",
                "frames": self._rows,
            }
            name = f"frames-{self._rows[0]['frame']:06d}.json" if self._rows else "frames-none.json"
            self._zip.writestr(zipfile.ZipInfo(name), json.dumps(table, indent=1) + "\n")
        return self._cleanup.__exit__(kind, error, trace)


def read_patches(path: Path) -> Iterator[PatchFrame]:
    """In the order in which they were written. Errors: MediaError for a file that is not of this kind."""
    try:
        with zipfile.ZipFile(path) as archive:
            (listed,) = filter(_LIST.fullmatch, archive.namelist())
            for row in json.loads(archive.read(listed))["frames"]:
                face, matte = (_decoded(archive.read(row[what])) for what in ("patch", "matte"))
                warp = _as_moves(archive.read(row["warp"])) if "warp" in row else None
                yield PatchFrame(row["person"], row["frame"], face, matte, np.array(row["to_patch"]), warp)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise MediaError(str(path), f"these are no patches ({error})", "Make the swap again.") from error


def _encoded(picture: Floats, kind: Handover) -> bytes:
    import cv2

    if kind is Handover.EXR:
        os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")  # OpenCV looks at it when the first one is written
        half = [cv2.IMWRITE_EXR_TYPE, cv2.IMWRITE_EXR_TYPE_HALF]
        done, data = cv2.imencode(".exr", np.asarray(picture[..., ::-1] if picture.ndim == 3 else picture), half)
    else:
        whole = np.rint(np.clip(picture, 0, 1) * _FULL).astype(np.uint16)
        done, data = cv2.imencode(".png", whole[..., ::-1] if whole.ndim == 3 else whole)
    assert done
    return data.tobytes()


def _as_picture(moves: Floats, kind: Handover) -> Floats:
    """(H,W,2) pixels -> (H,W,3), as `_encoded` wants it."""
    values = moves if kind is Handover.EXR else (_STILL + _A_PIXEL * moves) / _FULL
    return np.concatenate([values, np.zeros_like(values[..., :1])], 2).astype(np.float32)


def _as_moves(data: bytes) -> Floats:
    deep = data.startswith(b"\x89PNG")
    values = _decoded(data)[..., :2]
    return (values * _FULL - _STILL) / _A_PIXEL if deep else values


def _decoded(data: bytes) -> Floats:
    import cv2

    os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("a picture cannot be decoded")
    shown = picture.astype(np.float32) / _FULL if picture.dtype == np.uint16 else picture
    return np.asarray(shown[..., ::-1] if shown.ndim == 3 else shown, np.float32)
