"""What to do next, read off the figures."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Figure, Grade

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, slots=True)
class Advice:
    """text: a sentence. command: to type, '' when there is none."""

    text: str
    command: str = ""


_REMEDIES = {
    "av_offset_ms": "Sound and lips are apart: look at the side-by-side preview, then check the alignment of the lines "
    "whose closures were missed.",
    "picture_minus_sound_ms": "Picture and sound differ in length: do not publish this master, make it again.",
    "mux_offset_ms": "The sound does not lie where the edit put it: make the master again and tell us which script did "
    "this.",
    "silent_movement": "The mouth moves where nobody speaks: see the twitches, and use footage with a calmer mouth.",
    "drift_ms_per_min": "The lips drift against the sound: check that the actor's footage has a constant frame rate.",
    "closure_share": "Lips stay open on some p, b, m: see the list of misses; a longer training sharpens the mouth.",
    "false_closure_share": "Lips close on open vowels: see the lip chart; actor's footage with livelier lips helps.",
    "opening_correlation": "The lips follow the speech loosely: drive them by speech instead of keeping the actor's.",
    "identity_share_source": "The face is not near enough to the source: train longer or give more source footage.",
    "swapped_share": "Some frames keep the actor's face: see the reasons, and use footage without those moments.",
    "integrated_lufs": "The loudness is off its target: make the master again and tell us which script did this.",
    "true_peak_dbtp": "The sound peaks too high: make the master again and tell us which script did this.",
    "watermark": "The watermark was not found: do not publish this master.",
    "label": "The visible label was not found: do not publish this master.",
    "c2pa_state": "The credentials are broken or missing: do not publish this master, make it again.",
}
_OPTIONS = {
    "closure_share": "--profile final",
    "identity_share_source": "--profile final",
    "opening_correlation": "--lips drive",
}


def advise(figures: Sequence[Figure], production: Mapping[str, Any]) -> tuple[Advice, ...]:
    """One remedy for each poor figure, then the ways on that are always open. production: as the run was asked for."""
    again = _command(production)
    weak = [figure.key for figure in figures if figure.grade is Grade.POOR]
    found = [Advice(_REMEDIES[key], f"{again} {_OPTIONS[key]}" if key in _OPTIONS else "") for key in weak]
    if production.get("profile") == "draft" and not any("final" in advice.command for advice in found):
        text = "This is a draft. The final profile trains longer and encodes better."
        found.append(Advice(text, f"{again} --profile final"))
    return (
        *found,
        Advice("Change a line of the script and run again: only what depends on it is made anew.", again),
        Advice("Stop after speech, model and swap to approve, redo or reject each.", f"{again} --review"),
        Advice("Check the marks of any copy: credentials, watermark and label.", "flow verify master.mp4"),
    )


def _command(production: Mapping[str, Any]) -> str:
    """The run to type again; a script that was given as text is left for the reader to fill in."""
    script = str(production.get("script") or "SCRIPT")
    given = script if len(script.splitlines()) == 1 and script.endswith(".txt") else "SCRIPT"
    return f"flow run produce --script {shlex.quote(given)}"
