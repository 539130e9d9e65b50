"""The suite `sync`: phones found, lips driven, sound conformed, master in step."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from av_models.domain.bench import BenchRow, at_least, at_most, shown
from av_models.domain.edit import Placement, Timeline
from av_models.domain.production import Stage
from flows.parameters import Production, load_production
from flows.produce import perform, produce
from tasks.bench_alignment import alignment_rows
from tasks.bench_master import hour_rows, mux_rows
from tasks.workspace import media_dir, samples_dir

__all__ = ["sync_rows"]

# New words for the sample's faces: not those of the footage, nor those of media/samples/hello.txt.
_DRIVEN = (
    "Maybe the best bread in Bombay is made by a man called Pim. Every morning he mixes flour, butter and warm milk, "
    "puts the bowl by the window, and waits. People come from far away to buy a bag. My mother brought some back "
    "in May, and we ate it before she could put down her umbrella."
)
_SLOWEST, _FASTEST, _MOST_CHANGE = 0.85, 1.20, 0.15


def sync_rows(quick: bool) -> Iterator[BenchRow]:
    """All rows. quick: without the productions that render a picture, and without the hour."""
    yield from alignment_rows()
    yield from _picture_rows()
    yield from mux_rows(quick)
    if quick:
        yield shown("drive", "left out", None, note="--quick: no picture is rendered")
        yield shown("master", "an hour, left out", None, note="--quick")
        return
    yield from _drive_rows()
    yield from hour_rows()


def _drive_rows() -> Iterator[BenchRow]:
    """A finished draft of the samples with words that its actor does not say, measured on the file."""
    page = produce(_production("sync-drive", script=_DRIVEN, lips="drive", fit="auto"))
    report = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    sync, measured = report["sync"], report["measured"]
    n = len(sync["closures"])
    note = f"{report['timeline']['duration_s']:.0f} s, samples source_a and actor_b, {n} closures"
    wrong = len(sync["false_closures"]) / max(sync["n_open_vowels"], 1)
    yield at_least("drive", "closed on p, b, m", _percent(sync["closure_share"]), 95, "%", note)
    yield shown("drive", "closed by chance", _percent(sync["chance"]), "%", note)
    yield at_most("drive", "wrongly closed on open vowels", _percent(wrong), 2, "%", f"of {sync['n_open_vowels']}")
    yield at_least("drive", "lip gap against the phones", sync["correlation"], 0.8, "r", "no mouth model involved")
    yield shown("drive", "lip gap against the mouth asked for", sync["code_correlation"], "r", note)
    error = f"± {2 * (sync['offset_error_ms'] or 0):.1f} ms"
    yield at_most("drive", "offset by the phones", _size(sync["offset_ms"]), 10, "ms", error)
    code_error = f"± {2 * (sync['code_error_ms'] or 0):.1f} ms"
    yield at_most("drive", "offset by the mouth asked for", _size(sync["code_late_ms"]), 10, "ms", code_error)
    yield from _drift_rows(sync)
    still = sync["stillness"] or {}
    moves = still.get("movement")
    yield at_most(
        "drive", "movement in silence, of that in speech", _percent(moves), 40, "%", f"{still.get('silent_s')} s"
    )
    yield at_most("drive", "twitches in silence", float(len(still.get("twitches", ()))), 0)
    yield from _file_rows(report["sound"], measured)
    yield from _tag_rows(next(page.parent.glob("master.m*")))


def _tag_rows(master: Path) -> Iterator[BenchRow]:
    from av_models.io.master_check import bt709_in_container, bt709_in_stream

    for place, found in (("stream", bt709_in_stream(master)), ("container", bt709_in_container(master))):
        yield at_least("master", f"BT.709, limited range, in the {place}", float(found), 1, "", "1: yes, 0: no")


def _drift_rows(sync: Mapping[str, Any]) -> Iterator[BenchRow]:
    """Without a target: half a minute cannot tell 5 ms in ten minutes. The hour of flashes and beeps can."""
    drift = sync["drift"]
    if drift is None:
        yield shown("drive", "drift", None, "ms a minute", "too short a programme")
        return
    doubt = f"± {2 * drift['error_ms_per_min']:.1f}, over {drift['span_s']:.0f} s"
    yield shown("drive", "drift", _rounded(drift["ms_per_min"]), "ms a minute", doubt)


def _file_rows(sound: Mapping[str, Any], measured: Mapping[str, Any]) -> Iterator[BenchRow]:
    away = abs(sound["integrated_lufs"] - sound["asked_lufs"])
    yield at_most("master", "loudness away from its target", round(away, 2), 0.5, "LU", f"{sound['asked_lufs']} LUFS")
    yield at_most("master", "true peak", sound["true_peak_dbtp"], -1, "dBTP")
    offset = measured.get("mux_offset_ms")
    yield at_most("master", "sound early against the edit", _rounded(offset), 5, "ms")
    yield at_most("master", "sound late against the edit", _rounded(None if offset is None else -offset), 15, "ms")


def _picture_rows() -> Iterator[BenchRow]:
    """The actor's own words in another voice, conformed to the actor's mouth; no picture is rendered."""
    from av_models.io.master_check import reopens_equal

    words = (samples_dir() / "actor_b.txt").read_text(encoding="utf-8")
    timeline = _timeline_of(_production("sync-picture", script=words, fit="picture"))
    errors_ms = np.abs(_word_start_errors_ms(timeline, words))
    rates = [rate for placement in timeline.placements for rate in _speech_rates(placement)]
    note = f"{len(errors_ms)} words of actor_b against its aligned sound"
    middle, most = (np.percentile(errors_ms, share) if len(errors_ms) else None for share in (50, 95))
    yield at_most("picture", "word starts, median error", _rounded(middle), 15, "ms", note)
    yield at_most("picture", "word starts, 95th percentile", _rounded(most), 40, "ms", note)
    yield at_least("master", "OTIO reopens with equal ranges", float(reopens_equal(timeline)), 1, "", "1: yes, 0: no")
    yield at_least("picture", "slowest stretch of speech", _rounded(min(rates, default=1.0), 3), _SLOWEST, "x")
    yield at_most("picture", "fastest stretch of speech", _rounded(max(rates, default=1.0), 3), _FASTEST, "x")


def _timeline_of(production: Production) -> Timeline:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        for stage, made in perform(production, Path(folder)):
            if stage is Stage.TIMELINE:
                return made["timeline"]
    raise AssertionError("the run has no timeline")


def _word_start_errors_ms(timeline: Timeline, words: str) -> np.ndarray:
    """Where each word is heard, carried over to the footage that is seen then, less where the actor begins it."""
    from av_models.domain.sync import Wording
    from av_models.io.audio import read_audio
    from tasks.sync import SPEECH_HZ, lay_text

    own = lay_text(read_audio(samples_dir() / "actor_b.mp4", SPEECH_HZ), Wording(words)).words
    said = [(placement, word) for placement in timeline.placements for word in placement.alignment.words]
    pairs = zip(said, own, strict=False)
    return np.array(
        [
            1000 * (_footage_s(placement, float(placement.speech_start + word.start), timeline) - float(mine.start))
            for (placement, word), mine in pairs
            if word.text == mine.text
        ]
    )


def _footage_s(placement: Placement, shot_s: float, timeline: Timeline) -> float:
    """The second of the footage that is on screen at a second of the shot."""
    frames = [float(anchor.frame / timeline.rate) for anchor in placement.anchors]
    return float(np.interp(shot_s, frames, [float(anchor.source_s) for anchor in placement.anchors]))


def _speech_rates(placement: Placement) -> list[float]:
    """How much faster than it was spoken each stretch of the sound is heard; pauses apart."""
    silent = [(float(p.start), float(p.end)) for p in placement.alignment.phones if p.label in ("sil", "breath")]
    rates = []
    for before, after in zip(placement.sound_map, placement.sound_map[1:], strict=False):
        heard_s = float(after.heard_s - before.heard_s)
        middle_s = float(after.heard_s + before.heard_s) / 2
        if heard_s > 0.02 and not any(start <= middle_s < end for start, end in silent):
            rates.append(float(after.spoken_s - before.spoken_s) / heard_s)
    return rates


def _production(name: str, **given: Any) -> Production:
    return load_production(None, {"out": str(media_dir() / "out" / "bench" / name), **given})


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _size(value: float | None) -> float | None:
    return None if value is None else round(abs(value), 2)


def _rounded(value: Any, digits: int = 2) -> float | None:
    return None if value is None else round(float(value), digits)
