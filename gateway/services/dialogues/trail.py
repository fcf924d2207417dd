"""The trail of a session: which screens it went by and how long each hop took, for staff; never a text.

The trail lies in the session's own row and grows by one short entry a hop, so it costs no write of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.services.dialogues import records
from gateway.services.dialogues.events import HopEnd
from gateway.services.dialogues.records import SessionView
from gateway.store import Store

ENTRIES_MAX = 60
"""Longer sessions forget their oldest hops: 60 entries are at most about 4 kB of a row."""
LIVE_MAX = 200

Entry = list[str | int]
"""An entry as it lies in the row: screen, language, milliseconds since the start, milliseconds taken, hop end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a session.

    Attributes:
        screen: That was shown, `send.amount`; `aside.…` for a page that stood before the dialogue's own.
        language: Of the page.
        since_ms: From the start of the session to the arrival of the delivery.
        took_ms: From the arrival to the reply.
        end: How it was answered.
    """

    screen: str
    language: str
    since_ms: int
    took_ms: int
    end: HopEnd


def extended(trail: Sequence[Entry], step: Step) -> list[Entry]:
    """The trail with one more hop, and no more than ENTRIES_MAX of them."""
    entry: Entry = [step.screen, step.language, step.since_ms, step.took_ms, step.end.value]
    return [*trail[-(ENTRIES_MAX - 1) :], entry]


def step_of(entry: Entry) -> Step:
    """The hop in an entry."""
    at, tongue, since, took, end = entry
    return Step(str(at), str(tongue), int(since), int(took), HopEnd(str(end)))


def milliseconds(since: datetime, until: datetime) -> int:
    """Whole milliseconds between two moments, never less than none."""
    return max(0, (until - since) // timedelta(milliseconds=1))


class Trails:
    """What staff may see of sessions: neither what was typed nor what was shown, and no number."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live(self, limit: int = LIVE_MAX) -> list[SessionView]:
        """Sessions that wait for an answer now, newest first, at most LIVE_MAX."""
        return await records.live(self._store, min(limit, LIVE_MAX))

    async def session(self, session_id: str) -> SessionView | None:
        """The session `ses_…`."""
        return await records.view(self._store, session_id)

    async def trail(self, session_id: str) -> list[Step]:
        """Its hops in order, the last ENTRIES_MAX; none for a session that is unknown or forgotten."""
        entries = await records.trail(self._store, session_id)
        return [step_of(entry) for entry in entries]
