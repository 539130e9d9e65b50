"""Leave to lay trained faces into footage: of those whose faces are shown, of those whose performances taught the
model, and of everybody in the footage who gets another face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from ..domain.consent import Clearance, ConsentRecord, Purpose, Right
from ..domain.consent_rules import check_record
from ..domain.errors import ConsentError
from ..domain.face import TrainedFace
from ..domain.media import Footage
from .consent import Part, all_records, clear_parts, revocations
from .consent_shelf import disbelieved

__all__ = ["clear_swap"]


def clear_swap(
    configs_dir: Path,
    media_dir: Path,
    models: Mapping[str, TrainedFace],
    footage: Footage,
    consents: Mapping[str, str],
    purpose: Purpose,
    today: date | None = None,
) -> Clearance:
    """models: by person of the footage.  consents: ids of records of their performances, where the footage alone does
    not tell.

    A model speaks for nobody: its weights must be named by the source's record, or the audit log must know them as
    made here under it. One record speaks for one person only.
    Raises ConsentError naming the rule; InputError when the purpose itself is nonsense.
    """
    shelved = all_records(configs_dir, media_dir)
    shelf = {one.record.id: one.record for one in shelved if one.record}
    ids = {one.path.stem for one in shelved}
    revoked, day = revocations(media_dir), today or date.today()
    performers = _performers(shelf, models, footage, consents, lambda record: _holds(record, purpose, day, revoked))
    if len(models) > 1 and not all(consents.get(person) for person in models):
        _check_all_believed(disbelieved(shelved), footage)
    parts: list[Part] = []
    for number, (person, model) in enumerate(models.items(), start=1):
        more = f" {number}" if number > 1 else ""
        # A record of the model's that is there and cannot be believed is no reason to take another one.
        known = [name if name in ids else "" for name in (model.source_consent, model.actor_consent)]
        digests = (model.weights.digest,), (model.actor_digest,), (footage.media.digest,)
        parts += [
            Part(f"source{more}", f"the model {model.name}", Right.FACE, digests[0], known[0]),
            Part(f"trained on{more}", model.actor_name, Right.PERFORMANCE, digests[1], known[1]),
            Part(f"actor{more}", footage.name, Right.PERFORMANCE, digests[2], performers[person], picked=True),
        ]
    return clear_parts(configs_dir, media_dir, parts, purpose, today)


def _performers(
    shelf: Mapping[str, ConsentRecord],
    models: Mapping[str, TrainedFace],
    footage: Footage,
    consents: Mapping[str, str],
    holds: Callable[[ConsentRecord], bool],
) -> dict[str, str]:
    """The record of each person's performance; '' lets the footage find it where there is one person only. Of several
    of one person's that is found which holds, and lasts longest."""
    given = {person: consents.get(person, "") for person in models}
    if len(models) == 1:
        return given
    unnamed = [person for person, name in given.items() if not name]
    named = {shelf[name].subject if name in shelf else name for name in given.values() if name}
    best_last = sorted(shelf.values(), key=lambda record: (holds(record), record.valid_until))
    free = {one.subject: one.id for one in best_last if _covers(one, footage) and one.subject not in named}
    _check_enough(footage, len(models), len(unnamed), len(named), len(free))
    return given | dict(zip(unnamed, free.values(), strict=False))


def _check_enough(footage: Footage, n_people: int, n_unnamed: int, n_named: int, n_free: int) -> None:
    """Free records are dealt only where they are as many as the people who are left: nobody stands in for another."""
    n_cleared = n_named + min(n_free, n_unnamed)
    if n_cleared < n_people:
        raise ConsentError(
            "missing",
            footage.name,
            f"{n_people} people in it get another face, and {n_cleared} have a record of their own",
            "With each person's consent in hand: flow consent new --right performance …, then --consent PERSON=ID.",
        )
    if n_unnamed and n_free > n_unnamed:
        raise ConsentError(
            "ambiguous",
            footage.name,
            f"{n_people} people in it get another face, and {n_named + n_free} have given a performance",
            "Say whose record is whose: --consent PERSON=ID for each --swap PERSON=MODEL.",
        )


def _check_all_believed(records: Iterable[ConsentRecord], footage: Footage) -> None:
    """Somebody whose record is damaged would be taken for one of the others in the clip."""
    for record in records:
        if _covers(record, footage):
            raise ConsentError(
                "ambiguous",
                footage.name,
                f"{record.subject} ({record.id}) has given a performance in it, too, and that record is not believed",
                "See `flow consent verify`, and say whose record is whose: --consent PERSON=ID for each person.",
            )


def _holds(record: ConsentRecord, purpose: Purpose, day: date, revoked: dict[str, str]) -> bool:
    try:
        check_record(record, Right.PERFORMANCE, purpose, day, revoked)
    except ConsentError:
        return False
    return True


def _covers(record: ConsentRecord, footage: Footage) -> bool:
    covered = {media.digest for media in record.media}
    return Right.PERFORMANCE in record.rights and footage.media.digest in covered
