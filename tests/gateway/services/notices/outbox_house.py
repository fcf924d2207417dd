"""What the tests of the outbox share: an outbox on one database, and verbs short enough to read as a story."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.notices import (
    Channel,
    Notice,
    NoticeClass,
    Notices,
    NoticeState,
    Outbox,
    Outgoing,
    PartResult,
    PartState,
    QuietHours,
    Receipt,
    ReceiptState,
    Report,
    Words,
)
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

LEASE_S = 30
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
BENEFIT = Notice("clm_1", NoticeClass.BENEFIT_PAID, "+989120000001", "per_1", "en", {"amount": irr(5000), "at": AT})
CODE = Notice("per_1:1", NoticeClass.ONE_TIME_CODE, "+989120000001", "per_1", "fa", secrets={"code": "739215"})


class House:
    """An outbox on one database, and verbs short enough for a test to read as a story."""

    def __init__(self, store: Store, clock: ManualClock, quiet: QuietHours | None = None) -> None:
        self.store, self.clock, self.metrics = store, clock, Metrics()
        keys = SoftwareKeyStore.for_tests()
        self.notices = Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"))
        self.outbox = Outbox(store, keys, clock, self.metrics, lease_s=LEASE_S, quiet=quiet)

    async def claim(self, limit: int = 10) -> list[Outgoing]:
        return await self.outbox.claim(Channel.SMS, limit)

    async def claim_one(self) -> Outgoing:
        (message,) = await self.claim()
        return message

    async def settle(self, message: Outgoing, *states: PartState, first_id: int = 1) -> NoticeState:
        parts = tuple(
            PartResult(n, state, message_id=f"m{first_id + n - 1}" if state is PartState.SENT else "")
            for n, state in enumerate(states, start=1)
        )
        return await self.report(message, Report("smsc", len(parts), parts))

    async def report(self, message: Outgoing, report: Report) -> NoticeState:
        return (await self.outbox.settle([(message, report)]))[message.id]

    async def receive(self, message_id: str, state: ReceiptState) -> None:
        await self.outbox.receipt(Receipt("smsc", message_id, state))

    async def row(self) -> Any:  # noqa: ANN401 - a row of any columns
        (row,) = await self.store.read(select(OUTBOX))
        return row

    async def state(self) -> NoticeState:
        return NoticeState((await self.row()).state)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
