"""What became of what was told: the notices of a cause, for whoever asks by it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.outgoing import Channel
from gateway.services.notices.rules import NoticeState
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store


@dataclass(frozen=True, slots=True)
class Told:
    """One notice on one channel; `parts` is 0 until the other side has answered, `status` its last code."""

    id: str
    class_: NoticeClass
    channel: Channel
    state: NoticeState
    parts: int
    status: int
    changed_at: datetime


async def told(store: Store, cause: str) -> list[Told]:
    """The notices of this cause, in order of their making."""
    columns = [OUTBOX.c[name] for name in ("id", "class_", "channel", "state", "parts", "status", "changed_at")]
    rows = await store.read(select(*columns).where(OUTBOX.c.cause == cause).order_by(OUTBOX.c.id))
    return [
        Told(
            row.id,
            NoticeClass(row.class_),
            Channel(row.channel),
            NoticeState(row.state),
            row.parts,
            row.status,
            row.changed_at,
        )
        for row in rows
    ]
