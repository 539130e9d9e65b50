"""A studio for one test module: short clips of the samples, their consent, a media directory, and runs in it."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_made import SAMPLES

from av_models.io.video import VideoWriter, read_pictures
from flows.parameters import Production, load_production

sys.path.append(str(Path(__file__).parents[1] / "consent"))

from records import Desk, make_desk

REPOSITORY = Path(__file__).parents[2]
N_FRAMES = 32
QUICK = ("training.max_steps=2", "training.size_px=64", "training.batch=2")


@dataclass(frozen=True)
class Studio:
    """configs_dir, media_dir: what the environment must name.  out: where results go."""

    desk: Desk
    source: Path
    actor: Path
    out: Path

    def production(self, script: str, *settings: str, **given: Any) -> Production:
        names = {"script": script, "source": str(self.source), "actor": str(self.actor), "out": str(self.out)}
        names["voice"] = "espeak-default"  # no lots are drawn, so that what is measured is the same everywhere
        return load_production(None, names | given, [*QUICK, *settings])

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "report.json").read_text())
        return found

    def fresh(self) -> dict[str, int]:
        """How many bodies of each kept stage ran in the last run; stages that were all kept are left out."""
        asked_always = ("open_inputs", "check_consent")
        stages = [stage for stage in self.report()["stages"] if stage["name"] not in asked_always]
        return {one["name"]: one["runs"] - one["cached_runs"] for one in stages if not one["cached"]}


def open_studio(root: Path) -> Studio:
    desk = make_desk(root)
    for name in ("produce.yaml", "voices.yaml", "weights.lock.yaml"):
        shutil.copy(REPOSITORY / "configs" / name, desk.configs_dir / name)
    source = _shortened(SAMPLES / "source_a.mp4", root / "source.mp4")
    actor = _shortened(SAMPLES / "actor_b.mp4", root / "actor.mp4")
    desk.issue_for(source, actor, voice="espeak-default")
    return Studio(desk, source, actor, root / "out")


def _shortened(sample: Path, place: Path) -> Path:
    from av_models.io.probe import probe_footage
    from av_models.io.store import Store

    footage = probe_footage(sample, Store(place.parent / "probe"))
    with VideoWriter(place, footage.width_px, footage.height_px, footage.rate, 18, "veryfast") as writer:
        for picture in read_pictures(sample, range(N_FRAMES)):
            writer.write(picture.rgb)
    return place
