"""What the standards allow, and whether a measured offset keeps to it."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.sync import SURE, LipSync, Outcome, SyncLimits, SyncVerdict

__all__ = ["RULES", "breaches", "doubts", "judge_offset", "within"]

# (name, sound early ms, sound late ms): EBU R37-2007, and ITU-R BT.1359-1, which gives the thresholds at which viewers
# notice and at which they mind.
RULES = (
    ("EBU R37, one stage of production", 5.0, 15.0),
    ("EBU R37, output of the chain", 40.0, 60.0),
    ("ITU-R BT.1359, not noticed", 45.0, 125.0),
    ("ITU-R BT.1359, acceptable", 90.0, 185.0),
)


def within(value: float | None, error: float | None, low: float, high: float) -> Outcome:
    """PASS when the value with its error bar lies in [low, high], FAIL when all of the bar lies outside."""
    if value is None:
        return Outcome.UNKNOWN
    reach = SURE * (error or 0.0)
    if low <= value - reach and value + reach <= high:
        return Outcome.PASS
    if value + reach < low or value - reach > high:
        return Outcome.FAIL
    return Outcome.UNKNOWN


def judge_offset(offset_ms: float | None, error_ms: float | None) -> tuple[SyncVerdict, ...]:
    """One verdict a rule, the strictest first. offset_ms: positive when the sound is early."""
    return tuple(
        SyncVerdict(name, early, late, within(offset_ms, error_ms, -late, early)) for name, early, late in RULES
    )


def breaches(sync: LipSync, limits: SyncLimits, reference: LipSync | None = None) -> tuple[str, ...]:
    """What certainly is beyond the limits, a clause each. reference: the actor's own clip, by the same measure."""
    return tuple(clause for clause, outcome in _checks(sync, limits, reference) if outcome is Outcome.FAIL)


def doubts(sync: LipSync, limits: SyncLimits, reference: LipSync | None = None) -> tuple[str, ...]:
    """What may or may not be beyond them, a clause each."""
    return tuple(clause for clause, outcome in _checks(sync, limits, reference) if outcome is Outcome.UNKNOWN)


def _checks(sync: LipSync, limits: SyncLimits, reference: LipSync | None) -> Sequence[tuple[str, Outcome]]:
    offset, error = sync.offset_ms, sync.offset_error_ms
    if offset is None:
        offset_clause = "the lips follow the speech too loosely to tell the offset"
    else:
        side = "early" if offset > 0 else "late"
        allowed = f"{limits.early_ms:.0f} ms early to {limits.late_ms:.0f} ms late are allowed"
        offset_clause = f"the sound is {abs(offset):.0f} ms ± {SURE * (error or 0):.0f} ms {side} ({allowed})"
    checks = [(offset_clause, within(offset, error, -limits.late_ms, limits.early_ms))]
    if sync.sound_late_ms is not None:
        clause = f"the sound lies {sync.sound_late_ms:+.1f} ms from its place in the edit"
        checks.append((clause, within(-sync.sound_late_ms, 0.0, -limits.stage_late_ms, limits.stage_early_ms)))
    if sync.drift is not None:
        total, doubt = sync.drift.total_ms, sync.drift.total_error_ms
        clause = f"the offset changes by {total:+.0f} ms ± {SURE * doubt:.0f} ms over {sync.drift.span_s:.0f} s"
        checks.append((clause, within(total, doubt, -limits.drift_ms, limits.drift_ms)))
    if sync.closure_share is not None:
        checks.append(_closures(sync, limits, reference))
    return checks


def _closures(sync: LipSync, limits: SyncLimits, reference: LipSync | None) -> tuple[str, Outcome]:
    """Judged by the limit, or by the actor's own lips where those close less: nobody can keep what is not there."""
    share, least = sync.closure_share or 0.0, limits.closures
    if reference is not None and reference.closure_share is not None and reference.target == "phones":
        least = min(least, reference.closure_share)
    clause = f"the lips close on {sync.n_hits} of {len(sync.closures)} p, b, m (at least {least:.0%} are asked for)"
    return clause, Outcome.PASS if share >= least else Outcome.FAIL
