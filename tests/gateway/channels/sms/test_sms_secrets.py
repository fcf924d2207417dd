"""What people write by mistake stands in no table in clear and in no line of the log, before it is read and after."""

from typing import Any

import pytest
from sqlalchemy import select

from gateway.services.messages import TicketState
from gateway.services.messages.messages import LEASE_S
from gateway.store import metadata
from tests.gateway.channels.sms.town import PERSIAN, Town
from tests.gateway.channels.sms.town import opened as opened_town
from tests.gateway.services.messages.postbox import UCS2, cut, message
from wallet.clock import ManualClock

CANARY = "pin-7391-pin"
FORMS = [CANARY.encode(), CANARY.encode("utf-16-be"), b"7391-", "۷۳۹۱".encode(), "۷۳۹۱".encode("utf-16-be")]
TEXTS = [CANARY, f"COMPLAINT {CANARY}", f"PAY {CANARY}", f"شکایت ۷۳۹۱ {CANARY}"]


def flat(value: Any) -> bytes:  # noqa: ANN401 - whatever a column holds
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


async def rows(town: Town) -> bytes:
    """Every column of every row of every table."""
    found = [row for table in metadata.sorted_tables for row in await town.box.store.read(select(table))]
    return b"\0".join(flat(value) for row in found for value in row)


async def test_a_pin_in_an_sms_is_nowhere_in_clear(
    database_url: str, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened_town(database_url, clock) as town:
        await town.box.take(*(message(text, f"+98912000100{n}") for n, text in enumerate(TEXTS)))
        long = f"شکایت ۷۳۹۱ {CANARY} " * 8
        await town.box.take(*cut(long.encode("utf-16-be"), 4, UCS2, source=PERSIAN)[:3])
        before = await rows(town)
        town.box.teller.dies = True
        await town.box.work()
        town.box.teller.dies = False
        town.box.later(seconds=LEASE_S)
        await town.box.work()
        after = await rows(town)
        opened = await town.tickets.tickets(TicketState.OPEN, limit=10)

    logged = "".join(capsys.readouterr()).encode()
    assert len(opened) == 2
    assert b"reply_complaint" in after
    assert b"message handled" in logged
    for form in FORMS:
        assert form not in before
        assert form not in after
        assert form not in logged
