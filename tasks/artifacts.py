"""What a stage shows in Prefect: Markdown with small pictures inside, and tables.

Prefect's page plays no sound and no video and shows no file; a picture inside the Markdown is what it does show.
Artifact data travels in events, which are capped, so a picture is made smaller until it fits.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MOST_PICTURE_BYTES",
    "artifact_key",
    "in_run",
    "inline_picture",
    "show_markdown",
    "show_picture",
    "show_table",
]

MOST_PICTURE_BYTES = 300_000

_log = logging.getLogger(__name__)
_QUALITIES = (88, 78, 68)


def in_run() -> bool:
    """Is this code part of a flow or task run? Outside of one there is nobody to show things to."""
    from prefect.context import FlowRunContext, TaskRunContext

    return bool(FlowRunContext.get() or TaskRunContext.get())


def artifact_key(*parts: str) -> str:
    """Lower-case letters, digits and dashes, as Prefect wants keys."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(part for part in parts if part).lower()).strip("-")


def inline_picture(picture: NDArray[np.uint8] | bytes, caption: str, most_bytes: int = MOST_PICTURE_BYTES) -> str:
    """Markdown of a picture (H, W, 3 or an encoded JPEG or PNG) as a data URL of at most `most_bytes`."""
    data = picture if isinstance(picture, bytes) and _in_base64(len(picture)) <= most_bytes else b""
    if not data:
        data = _small_jpeg(picture, most_bytes)
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    alt = re.sub(r"[\[\]\n]", " ", caption)
    return f"![{alt}](data:image/{kind};base64,{base64.b64encode(data).decode('ascii')})"


def show_markdown(key: str, markdown: str, description: str = "") -> None:
    """Show Markdown on the run; nothing outside a run. What cannot be shown does not end the work."""
    from prefect.artifacts import create_markdown_artifact

    if not in_run():
        return
    try:
        create_markdown_artifact(markdown, key=artifact_key(key), description=description or None)
    except Exception as error:
        _log.warning("The artifact %s could not be shown: %s", key, error)


def show_picture(key: str, picture: NDArray[np.uint8] | bytes, caption: str) -> None:
    """Show one picture with its caption on the run; nothing outside a run."""
    if in_run():
        show_markdown(key, f"{inline_picture(picture, caption)}\n\n{caption}", caption)


def show_table(key: str, rows: Sequence[Mapping[str, Any]], description: str = "") -> None:
    """Show a table on the run; nothing outside a run."""
    from prefect.artifacts import create_table_artifact

    if not in_run() or not rows:
        return
    try:
        create_table_artifact([dict(row) for row in rows], key=artifact_key(key), description=description or None)
    except Exception as error:
        _log.warning("The artifact %s could not be shown: %s", key, error)


def _in_base64(n_bytes: int) -> int:
    return -(-n_bytes // 3) * 4


def _small_jpeg(picture: NDArray[np.uint8] | bytes, most_bytes: int) -> bytes:
    """The largest of ever smaller versions that fits."""
    import cv2

    from av_models.io.preview import decode_image, encode_jpeg

    rgb = decode_image(picture) if isinstance(picture, bytes) else picture
    while True:
        for quality in _QUALITIES:
            data = encode_jpeg(rgb, quality)
            if _in_base64(len(data)) <= most_bytes:
                return data
        rgb = np.asarray(cv2.resize(rgb, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA), np.uint8)
