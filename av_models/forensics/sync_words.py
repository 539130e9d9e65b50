"""A measurement of lips against speech, in words."""

from __future__ import annotations

from typing import Any

from av_models.domain.sync import SURE, Closure, LipSync, Outcome, PhoneTimes

from .sync_rules import judge_offset

__all__ = ["clock", "closure_sentence", "drift_sentence", "offset_sentence", "sync_facts", "times_sentence"]

_TIMES = {
    PhoneTimes.KNOWN: "The times of the phones are known exactly.",
    PhoneTimes.ALIGNED: "The text was laid over the sound.",
    PhoneTimes.HEARD: "No text: phones were recognised from the sound, which adds to the error.",
}


def clock(seconds: float) -> str:
    """72.43 -> '00:01:12.4'."""
    tenths = round(max(seconds, 0.0) * 10)
    return f"{tenths // 36000:02d}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def closure_sentence(closure: Closure) -> str:
    """'/m/ in “word” at 00:01:12.4: lips open, gap 0.12 of the mouth's width'."""
    word = f" in “{closure.word}”" if closure.word else ""
    place = f"/{closure.phone.lower()}/{word} at {clock(closure.start_s)}"
    if closure.gap is None:
        return f"{place}: no face seen"
    return f"{place}: lips {'closed' if closure.hit else 'open'}, gap {closure.gap:.2f} of the mouth's width"


def offset_sentence(sync: LipSync) -> str:
    """'The sound is 12 ms ± 8 ms late.'"""
    if sync.offset_ms is None:
        return f"The offset cannot be told. {sync.reason}".strip()
    side = "early" if sync.offset_ms > 0 else "late"
    return f"The sound is {abs(sync.offset_ms):.0f} ms ± {SURE * (sync.offset_error_ms or 0):.0f} ms {side}."


def drift_sentence(sync: LipSync) -> str:
    drift = sync.drift
    if drift is None:
        return "Too short or too seldom seen to tell a drift."
    doubt = SURE * drift.error_ms_per_min
    if abs(drift.ms_per_min) <= doubt:
        return f"No drift is found: {drift.ms_per_min:+.1f} ± {doubt:.1f} ms a minute."
    side = "earlier" if drift.ms_per_min > 0 else "later"
    total = f"{abs(drift.total_ms):.0f} ms over {drift.span_s:.0f} s"
    return f"The sound gets {side} by {abs(drift.ms_per_min):.1f} ± {doubt:.1f} ms a minute ({total})."


def times_sentence(sync: LipSync) -> str:
    return _TIMES[sync.times]


def sync_facts(sync: LipSync) -> dict[str, Any]:
    """JSON values for reports: everything measured, the verdicts, and a sentence each."""
    from dataclasses import asdict

    values = asdict(sync)
    del values["series"]
    for closure, one in zip(values["closures"], sync.closures, strict=True):
        closure["sentence"] = closure_sentence(one)
    if sync.drift is not None:
        values["drift"] |= {"total_ms": round(sync.drift.total_ms, 3)}
        values["drift"] |= {"total_error_ms": round(sync.drift.total_error_ms, 3)}
    verdicts = [
        asdict(one) | {"outcome": str(one.outcome)} for one in judge_offset(sync.offset_ms, sync.offset_error_ms)
    ]
    return {
        **values,
        "times": str(sync.times),
        "n_hits": sync.n_hits,
        "closure_share": sync.closure_share,
        "verdicts": verdicts,
        "sentences": [offset_sentence(sync), drift_sentence(sync), times_sentence(sync)],
        "passed": {one["rule"]: one["outcome"] == str(Outcome.PASS) for one in verdicts},
    }
