"""When is each word and each sound of a recording said? For any recording whose text is known."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.alignment import align_recording
from tasks.recordings import open_recording, write_alignment
from tasks.stages import record_stages

__all__ = ["align"]

record_stages(open_recording, align_recording)


@flow(
    name="align",
    description="Times of words and phones in a recording, with what is in doubt: TextGrid, JSON and pictures.",
    persist_result=False,
)
def align(
    audio: str, text: str, language: str = "en-us", aligner: str = "auto", times: str = "", out: str = ""
) -> dict[str, Any]:
    """NAME.TextGrid, NAME.json and NAME.png (several for more than 20 s) in `out`, by default media/out/align/NAME.

    text: what is said, or a text file.  aligner: 'auto', 'pocketsphinx', 'mfa', or 'whisperx' and 'textgrid' for
    `times`, a file that another program made.
    """
    recording = open_recording(audio, text, language, times)
    found = align_recording(recording.media, recording.line, recording.language, aligner, recording.times)
    return write_alignment(recording, found, out)
