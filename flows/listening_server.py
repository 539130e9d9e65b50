"""`flow listen NAME`: the page of a listening test on this machine, as long as everybody heard in it agrees."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date

from av_models.domain.errors import ConsentError, InputError

__all__ = ["serve_test", "watched", "withdrawn"]


def serve_test(name: str, host: str, port: int) -> None:
    """Serve and block until Ctrl-C. ConsentError when a record no longer stands, InputError for a port in use."""
    import uvicorn

    from av_models.io.listening_folder import read_test
    from flows.listening_site import listening_site
    from tasks.listening_prompts import listening_dir

    folder = listening_dir(name)
    test = read_test(folder)
    _refuse_withdrawn(test.consent_ids)
    site = listening_site(folder, watched(test.consent_ids))
    with _bound(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        print(f"Listening test {name}: http://{shown}:{port}\nCtrl-C stops it.", file=sys.stderr, flush=True)
        config = uvicorn.Config(site, log_level="warning", server_header=False)
        uvicorn.Server(config).run(sockets=[listening])


def withdrawn(consent_ids: Sequence[str]) -> str:
    """Why a test may not be heard any more: a record revoked, expired, gone or altered; '' while all stand."""
    try:
        _refuse_withdrawn(consent_ids)
    except ConsentError as error:
        return error.message
    return ""


def watched(consent_ids: Sequence[str]) -> Callable[[], str]:
    """`withdrawn`, asked again only when a file of consent changed or a day ended: every clip asks, and the ledgers
    are long."""
    known: tuple[object, str] = (None, "")

    def look() -> str:
        nonlocal known
        state = _state_of_consent()
        if known[0] != state:
            known = (state, withdrawn(consent_ids))
        return known[1]

    return look


def _state_of_consent() -> tuple[object, ...]:
    """What changes whenever a record, a ledger or one of its heads does."""
    from tasks.workspace import configs_dir, media_dir

    found: list[object] = [date.today()]
    for folder in (configs_dir() / "consent", media_dir() / "consent", media_dir() / "keys"):
        for path in sorted(folder.glob("*.json*")):
            with suppress(FileNotFoundError):  # a ledger is just being exchanged
                found.append((path, path.stat().st_mtime_ns, path.stat().st_size))
    return tuple(found)


def _refuse_withdrawn(consent_ids: Sequence[str]) -> None:
    """ConsentError for the first record that is not in force today."""
    from av_models.domain.consent_rules import refuse_unmet, standing
    from av_models.io.consent import find_record, revocations
    from tasks.workspace import configs_dir, media_dir

    revoked = revocations(media_dir())
    for consent_id in consent_ids:
        record = find_record(configs_dir(), media_dir(), consent_id)
        refuse_unmet(record, standing(record, date.today(), revoked, ""))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"{host}:{port} cannot be used ({error.strerror}).",
            "Stop the other program, or choose another port: flow listen NAME --port 4301.",
        ) from error
    return listening
