"""How a painted face is laid into footage: what can be chosen, and what is measured on the footage first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import InputError
from .face import FaceTrack
from .media import MediaRef


class ColorMatch(StrEnum):
    """How the painted face comes into the plate's light.

    REINHARD: mean and spread of each Lab channel (Reinhard et al. 2001).  LINEAR: mean and covariance of RGB (the
    Monge-Kantorovich map, Pitié and Kokaram 2007).  TRANSPORT: the whole distribution, by sliced optimal transport
    (Pitié et al. 2007).  NONE: left as it was painted.
    """

    REINHARD = "reinhard"
    LINEAR = "linear"
    TRANSPORT = "transport"
    NONE = "none"


class FaceSize(StrEnum):
    """How large the painted face is, and in which proportions.

    SOURCE: eyes on eyes, the rest as large as it is on the source; the distance of the eyes varies least between
    adults.  HEAD: the same, drawn out or in below the eyes until the chin lies on the actor's: it fills the actor's
    head, at the price of the source's proportions.  ACTOR: as large as the face that it covers, all 68 points fitted.
    """

    SOURCE = "source"
    HEAD = "head"
    ACTOR = "actor"


class Blend(StrEnum):
    """FEATHER: one soft edge.  MULTIBAND: a wide edge for coarse structure, a narrow one for fine (Burt and Adelson
    1983); a matte cannot say that, so with files for a compositor the edge is feathered."""

    FEATHER = "feather"
    MULTIBAND = "multiband"


class MaskKind(StrEnum):
    """Where the painted face may show. HULL: inside the outline of the actor's landmarks.  LEARNED: where the model
    takes what it paints for face.  BOTH: where the two agree."""

    BOTH = "both"
    HULL = "hull"
    LEARNED = "learned"


class Region(StrEnum):
    """Parts of a face that can stay the actor's own."""

    BROWS = "brows"
    EYES = "eyes"
    NOSE = "nose"
    MOUTH = "mouth"
    JAW = "jaw"


class Handover(StrEnum):
    """Files for a compositor, beside the finished picture: none, 16-bit PNG, or OpenEXR in half floats."""

    NONE = "none"
    PNG = "png"
    EXR = "exr"


@dataclass(frozen=True, slots=True)
class SwapOptions:
    """How faces are laid in.

    reshape: how far the outline of the actor's head is brought to the source's, if nobody else is in the footage: 0 the
    head stays as it was filmed, 1 until they meet.  outline: how far of the rest the painted jaw is drawn to the
    head's: 0 not at all, 1 all of it.
    color_strength: how far the colours move in the middle of the face, 0 none to 1 all the way; less keeps more of the
    source's own complexion. The edge of the face goes twice as far, at most all the way.
    shading: follow the plate's light from the side.  size, scale: of the pasted face; scale is a factor on top.
    mask: see `MaskKind`.  erode, blur: how far the edge is drawn in and how soft it is (standard deviation), as
    shares of the crop's side.
    brows, glances: how far the painted ones follow the actor's, 0 not at all to 1 as far.
    keep: regions that stay the actor's.  occlusion: what is in front of the face stays in front.  detail: sharpness
    and grain follow the plate.  steady: 0 none to 1, how much of the painted face's trembling a filter over time
    takes away.  handover: see `Handover`.
    Errors: InputError for a number out of its range.
    """

    color: ColorMatch = ColorMatch.REINHARD
    color_strength: float = 1.0
    shading: bool = True
    size: FaceSize = FaceSize.SOURCE
    scale: float = 1.0
    outline: float = 1.0
    reshape: float = 1.0
    mask: MaskKind = MaskKind.BOTH
    blend: Blend = Blend.MULTIBAND
    erode: float = 0.03
    blur: float = 0.015
    brows: float = 1.0
    glances: float = 1.0
    keep: tuple[Region, ...] = ()
    occlusion: bool = True
    detail: bool = True
    steady: float = 0.0
    handover: Handover = Handover.NONE

    @property
    def edge(self) -> Blend:
        """How the edge is really made."""
        return self.blend if self.handover is Handover.NONE else Blend.FEATHER

    def __post_init__(self) -> None:
        ranges = {"scale": (0.5, 2.0), "erode": (0.0, 0.25), "blur": (0.0, 0.1), "steady": (0.0, 1.0)}
        ranges |= {"color_strength": (0.0, 1.0), "outline": (0.0, 1.0), "reshape": (0.0, 1.0), "brows": (0.0, 1.0)}
        ranges["glances"] = 0.0, 1.0
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} = {getattr(self, name):g} cannot be.", f"Give {low:g} to {high:g}.")


@dataclass(frozen=True, slots=True)
class PlateMatch:
    """What a model needs to know of a footage before it is painted into it; measured once for the whole clip.

    data: .npz, see `swap.plate.PlateLook`.  scale: of the pasted face beside the face that it covers.  grain: standard
    deviation of the noise that is added, 0..1.  reshape: how far the head goes to the source's outline, 0 where it has
    to stay as it was filmed.
    """

    data: MediaRef
    scale: float
    grain: float
    reshape: float = 0.0


class Doubt(StrEnum):
    """Why a frame of a swap is worth a look."""

    LANDMARKS = "landmarks uncertain"
    OUTLINE = "the model sees another outline of the face"
    SEAM = "the edge of the face stands out"
    HIDDEN = "something is in front of the face"
    UNUSUAL = "a look that training has hardly seen"
    JUMP = "the painted face jumps"
    TURNED = "the face is turned far"
    BLURRED = "the face is blurred, by its own movement or out of focus"


@dataclass(frozen=True, slots=True)
class DoubtRange:
    """Frames first..last (inclusive) of a clip share one doubt, the strongest of each.

    confidence: the least of them.  thumbnail: JPEG of that frame.  person: as numbered on the sheet of the footage.
    """

    first: int
    last: int
    doubt: Doubt
    confidence: float
    thumbnail: MediaRef
    person: int = 1

    @property
    def picture_name(self) -> str:
        """Of the delivered thumbnail: two people can be doubtful in one frame."""
        return f"look-{self.first:06d}.jpg" if self.person == 1 else f"look-{self.first:06d}-{self.person}.jpg"


@dataclass(frozen=True, slots=True)
class FaceSwap:
    """One person of a shot who is seen with another's face.

    weights: of the model.  track: the person in the footage.  mouth: .npz with `mouth` (n, 8), the normalised mouth
    code of every frame of the shot; and, where the shot has such frames, `before` and `after`.
    """

    weights: MediaRef
    track: FaceTrack
    match: PlateMatch
    mouth: MediaRef


__all__ = [
    "Blend", "ColorMatch", "Doubt", "DoubtRange", "FaceSize", "FaceSwap", "Handover", "MaskKind", "PlateMatch",
    "Region", "SwapOptions",
]  # fmt: skip
