"""What the marks of a file say together: manifest, watermark, visible label. Knows nothing of files or containers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..domain.provenance import ManifestState, Provenance, Verdict

__all__ = ["LABELLED_FROM", "judge", "label_likeness"]

LABELLED_FROM = 0.6

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_SHIFT_PX = 2


def label_likeness(rgb: NDArray[np.uint8], label: NDArray[np.uint8]) -> float:
    """How much a picture (H, W, 3) shows `label` (H, W, 4) where the label has its place: -1..1.

    Normalised cross-correlation of the brightness under the label's opaque part, the best of shifts by up to 2 px.
    """
    if rgb.shape[:2] != label.shape[:2]:
        raise ValueError(f"picture {rgb.shape[:2]} and label {label.shape[:2]} differ in size")
    rows, columns = np.nonzero(label[..., 3] > 0)
    if not len(rows):
        return 0.0
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    weight = (label[box][..., 3] / 255).astype(np.float32)
    wanted = (label[box][..., :3] @ _GREY).astype(np.float32)
    shifts = range(-_SHIFT_PX, _SHIFT_PX + 1)
    shown = (_moved(rgb, box, down, right) @ _GREY for down in shifts for right in shifts)
    return max(_correlation(picture, wanted, weight) for picture in shown)


def judge(
    name: str,
    provenance: Provenance,
    watermark: float | None,
    marked_from: float,
    label: float | None,
    consent_ids: Sequence[str],
) -> Verdict:
    """One verdict from the marks. watermark: 0..1 or None without sound. label: likeness or None without picture."""
    watermark_found = watermark is not None and watermark >= marked_from
    label_found = label is not None and label >= LABELLED_FROM
    altered = provenance.state is ManifestState.INVALID
    signed = provenance.state in (ManifestState.TRUSTED, ManifestState.UNTRUSTED)
    declared = signed and any("lgorithmicMedia" in kind for kind in provenance.source_types)
    disclosed = declared or watermark_found or label_found
    return Verdict(
        name=name,
        provenance=provenance,
        watermark=watermark,
        watermark_found=watermark_found,
        label=label,
        label_found=label_found,
        consent_ids=tuple(consent_ids),
        disclosed=disclosed,
        altered=altered,
        sentence=_sentence(provenance.state, altered, disclosed),
    )


def _sentence(state: ManifestState, altered: bool, disclosed: bool) -> str:
    if altered:
        return "The file was changed after it was signed, or its manifest was: do not rely on what it says."
    if state is ManifestState.ABSENT:
        if disclosed:
            return "It carries no manifest (re-encoding drops it), but its marks say that it was made by a machine."
        return "No mark was found. That does not prove that the file was made by people."
    says = "it says that it was made by a machine" if disclosed else "nothing says that it was made by a machine"
    unchanged = f"Unchanged since it was signed, and {says}."
    if state is ManifestState.TRUSTED:
        return unchanged
    return f"{unchanged} The signer's certificate is self-made or unknown: it does not prove who signed."


def _moved(rgb: NDArray[np.uint8], box: tuple[slice, slice], down: int, right: int) -> NDArray[np.uint8]:
    """The picture under `box` moved by a few pixels; the border is repeated."""
    rows = np.clip(np.arange(box[0].start, box[0].stop) + down, 0, rgb.shape[0] - 1)
    columns = np.clip(np.arange(box[1].start, box[1].stop) + right, 0, rgb.shape[1] - 1)
    return rgb[np.ix_(rows, columns)]


def _correlation(shown: NDArray[np.float32], wanted: NDArray[np.float32], weight: NDArray[np.float32]) -> float:
    total = weight.sum()
    shown = shown - (shown * weight).sum() / total
    wanted = wanted - (wanted * weight).sum() / total
    scale = np.sqrt((weight * shown**2).sum() * (weight * wanted**2).sum())
    return float((weight * shown * wanted).sum() / scale) if scale > 1e-6 else 0.0
