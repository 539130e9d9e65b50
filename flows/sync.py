"""Are sound and lips of a file together? Measured on any video, with whatever is known of what is said in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow

from tasks.stages import record_stages
from tasks.sync import measure_clip, watch_lips
from tasks.sync_report import open_clip, write_findings

__all__ = ["sync"]

record_stages(open_clip, watch_lips, measure_clip)


@flow(
    name="sync",
    description="Offset and drift of sound against lips, closures of p, b and m, and a verdict, for any video.",
    persist_result=False,
)
def sync(video: str, text: str = "", language: str = "en-US", timeline: str = "", out: str = "") -> dict[str, Any]:
    """Measure one file; sync.json, sync.png and closures.jpg are written into `out`, by default media/out/sync/NAME.

    text: what is said, or a text file; a .txt beside the video is found.  timeline: a TextGrid with the phones, or an
    OTIO timeline with the words.
    """
    clip = open_clip(video, text, language, timeline)
    return write_findings(clip, measure_clip(clip.footage, clip.wording), Path(out) if out else None)
