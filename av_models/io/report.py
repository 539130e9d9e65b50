"""report.json and report.html of an output folder: the facts, and one page that shows everything beside it.

The page links the folder's files by relative path and loads nothing else, so it works from disk and from any server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from .charts import lip_chart, training_chart
from .disk import new_file

__all__ = ["LipSeries", "page_template", "render_index", "render_report"]

_MASTERS = ("master.mp4", "master.mov")
_GRADES = {"good": "●", "fair": "▲", "poor": "■", "not measurable": "○"}


@dataclass(frozen=True, slots=True, eq=False)
class LipSeries:
    """Per frame of the master, each (n,): NaN where no face was found."""

    time_s: NDArray[np.float64]
    gap: NDArray[np.float64]
    target: NDArray[np.float64]


def render_report(folder: Path, facts: Mapping[str, Any], lips: LipSeries | None = None) -> Path:
    """Write report.json, then report.html, and return the page. Sections whose files or facts are absent are left out.

    facts: JSON values, keys as in `av_models.forensics.facts`.
    """
    with new_file(folder / "report.json") as part:
        part.write_text(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    page = page_template("report.html.j2").render(
        facts=facts,
        files=_files(folder),
        signs=_GRADES,
        lips=_lip_chart(facts, lips),
        training=_training_chart(facts),
        captions=_data_url(folder / "captions.vtt", "text/vtt"),
        longest_s=max((stage["busy_s"] for stage in facts.get("stages") or ()), default=0.0),
    )
    target = folder / "report.html"
    with new_file(target) as part:
        part.write_text(page, encoding="utf-8")
    return target


def render_index(out: Path) -> str:
    """A page that lists the reports under `out`, the newest first."""
    pages = sorted(out.glob("**/report.html"), key=lambda page: page.stat().st_mtime, reverse=True)
    made = [{"address": quote(page.relative_to(out).as_posix()), "name": _folder_name(page, out)} for page in pages]
    return str(page_template("index.html.j2").render(made=made))


def _folder_name(page: Path, out: Path) -> str:
    return page.parent.relative_to(out).as_posix() if page.parent != out else out.name


def page_template(name: str) -> Any:
    """A Jinja template that lies beside this file; what it lacks is an error, what it is given is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["clock"] = _clock
    return environment.get_template(name)


def _files(folder: Path) -> dict[str, Any]:
    """What lies in the folder, as relative addresses: name -> address or list of addresses."""
    single = (
        *("captions.srt", "captions.vtt", "script.json", "timeline.otio", "report.json"),
        *("faces/source.jpg", "faces/actor.jpg", "model/preview.jpg", "model/card.json"),
        *("swap/preview.mp4", "swap/frames.csv", "report/poster.jpg", "report/side.jpg", "report/sheet.jpg"),
    )
    several = {"alignment": "alignment/*.TextGrid", "waves": "report/wave-*.png"}
    found: dict[str, Any] = {name: name for name in single if (folder / name).is_file()}
    for name, pattern in several.items():
        found[name] = _relative(folder, sorted(folder.glob(pattern)))
    found["master"] = next((name for name in _MASTERS if (folder / name).is_file()), "")
    found["speech"] = _relative(folder, [_as_heard(path) for path in sorted(folder.glob("speech/[0-9][0-9][0-9].wav"))])
    thumbs = folder.glob("report/closure-*.jpg")
    found["closures"] = {path.stem: path.relative_to(folder).as_posix() for path in thumbs}
    return found


def _as_heard(spoken: Path) -> Path:
    """The sound of a line in the programme: as it was spoken, or as it was conformed to the picture."""
    conformed = spoken.with_stem(f"{spoken.stem}-conformed")
    return conformed if conformed.is_file() else spoken


def _relative(folder: Path, paths: Sequence[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def _data_url(path: Path, kind: str) -> str:
    """Captions travel inside the page: Chromium refuses a <track> from another file when a page is opened from disk."""
    if not path.is_file():
        return ""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _lip_chart(facts: Mapping[str, Any], lips: LipSeries | None) -> str:
    if lips is None or not facts.get("sync"):
        return ""
    sync = facts["sync"]
    return lip_chart(lips.time_s, lips.gap, lips.target, sync["closures"], sync["closed_gap"])


def _training_chart(facts: Mapping[str, Any]) -> str:
    model = facts.get("model") or {}
    return training_chart(model.get("card", {}).get("curve", ()))


def _clock(seconds: float) -> str:
    """12.4 -> '12.4 s', 95 -> '1 min 35 s'."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
