"""Sessions as dialogues leave them in their table."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.services.dialogues import EndReason, Status
from gateway.services.dialogues.tables import sessions
from gateway.store import Store, Write
from wallet.clock import ManualClock
from wallet.ids import new_id

VERSION = "0123456789abcdef"


async def session(
    store: Store,
    began: datetime,
    trail: Sequence[tuple[str, int]],
    *,
    reason: EndReason | None = EndReason.DONE,
    seconds: float = 30,
    wire: str = "africastalking",
    operator: str = "MCI",
    language: str = "en",
    version: str = VERSION,
) -> str:
    """Put a session with this trail of (screen, milliseconds taken); no reason is a live one."""
    id_ = new_id("ses", ManualClock(began))
    row: dict[str, object] = {
        "id": id_, "adapter": wire, "session_key": id_, "msisdn": "+989120004321", "person_id": None,
        "language": language, "menu_version": version, "state": {}, "hops": len(trail), "answered_mac": b"",
        "answered_length": 0, "reply": None, "reply_sealed": False,
        "status": (Status.LIVE if reason is None else Status.ENDED).value, "version": len(trail),
        "started_at": began, "deadline": began + timedelta(seconds=180), "operator": operator,
        "service_code": "*1420#", "answered_at": began + timedelta(seconds=seconds),
        "ended_at": None if reason is None else began + timedelta(seconds=seconds),
        "end_reason": "" if reason is None else reason.value,
        "trail": [[screen, language, 1000 * n, took, "con"] for n, (screen, took) in enumerate(trail)],
    }  # fmt: skip
    await store.apply(Write(sessions.insert(), row))
    return id_
