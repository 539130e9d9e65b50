"""What listening to every line came to, as facts and in words: takes, what was cured, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from av_models.domain.speech import CheckedSpeech, Flaw

__all__ = ["findings_of", "outcome", "self_check_facts"]


def findings_of(
    checked: Sequence[CheckedSpeech], conformed: Sequence[CheckedSpeech | None] = ()
) -> list[dict[str, Any]]:
    """Rows for a report: every line that was spoken more than once or is not good yet.

    conformed: the same lines after their sound was fitted to the picture, None where it was not.
    """
    rows = []
    for number, one in enumerate(checked, start=1):
        fitted = conformed[number - 1] if number <= len(conformed) else None
        worse = [flaw for flaw in fitted.flaws if flaw.kind not in {old.kind for old in one.flaws}] if fitted else []
        if one.flaws or one.n_takes > 1 or worse:
            rows.append({
                "line": number,
                "text": one.speech.utterance.line.written,
                "takes": one.n_takes,
                "left": _sentences(one.flaws),
                "cured": _sentences(one.cured),
                "conformed": _sentences(worse),
            })  # fmt: skip
    return rows


def self_check_facts(
    checked: Sequence[CheckedSpeech], conformed: Sequence[CheckedSpeech | None] = ()
) -> dict[str, Any]:
    """lines, takes, lines_left (with a finding that no take cured), findings (see `findings_of`)."""
    findings = findings_of(checked, conformed)
    return {
        "lines": len(checked),
        "takes": sum(one.n_takes for one in checked),
        "lines_left": sum(bool(row["left"] or row["conformed"]) for row in findings),
        "findings": findings,
    }


def outcome(checked: Sequence[CheckedSpeech]) -> str:
    """'3 lines in 5 takes; 1 cured, 1 not right yet'."""
    facts = self_check_facts(checked)
    n_cured = sum(bool(row["cured"] and not row["left"]) for row in facts["findings"])
    counts = {"cured": n_cured, "not right yet": facts["lines_left"]}
    told = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    return f"{_counted(facts['lines'], 'line')} in {_counted(facts['takes'], 'take')}; {told or 'nothing found'}"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _sentences(flaws: Sequence[Flaw]) -> list[str]:
    return [flaw.sentence for flaw in flaws]
