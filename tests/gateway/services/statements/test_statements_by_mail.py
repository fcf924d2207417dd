"""A month of a wallet becomes one letter in two forms, with the figures of the ledger, once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from gateway.errors import BadInput
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.notices import Channel, Notices, Outbox, PartResult, PartState, Report, Words
from gateway.services.notices.tables import OUTBOX
from gateway.services.statements import StatementOutcome, Statements
from gateway.services.statements.statements import LINES_MAX, days_of
from tests.gateway.services.payments.bank import Bank, open_bank
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

ZONE = ZoneInfo("Asia/Tehran")
ABAN_1405 = (date(2026, 10, 23), date(2026, 11, 21))


@dataclass
class Addressee:
    """Somebody with an address, or without."""

    msisdn: str = "+989120000001"
    language: str = "fa"
    letters_to: str = "maryam@example.org"


class Town:
    """People by id."""

    def __init__(self, **people: Addressee) -> None:
        self.people = people

    async def by_id(self, person_id: str) -> Addressee | None:
        return self.people.get(person_id)

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        return [one for one in sorted(self.people) if one > after][:limit]

    async def count_active(self) -> int:
        return len(self.people)


class Handle:
    """A job's handle that only remembers."""

    cursor = ""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, str]] = []

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        self.seen.append((done, total, cursor))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 10, 20, 8, 0, tzinfo=UTC))


async def paid_in(bank: Bank, person: str, minor: int, *, out: bool = False) -> None:
    wallet, cash = bank.chart.account("wallet", person), bank.chart.account("trust_bank")
    await bank.ledger.open_accounts(wallet, cash)
    cause = new_id("opn", bank.clock)
    debit, credit = (wallet.id, cash.id) if out else (cash.id, wallet.id)
    code = TransferCode.CORRECTION if out else TransferCode.CASH_IN
    (result,) = await bank.ledger.post(Transfer(transfer_id(cause, "x"), debit, credit, irr(minor), code, cause))
    assert result.outcome.name == "POSTED"


def statements(bank: Bank, clock: ManualClock, town: Town) -> tuple[Statements, Outbox]:
    keys = SoftwareKeyStore.for_tests()
    notices = Notices(bank.store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"))
    made = Statements(bank.ledger.real, bank.chart, town, notices, clock, ZONE)
    return made, Outbox(bank.store, keys, clock, Metrics())


async def test_a_month_is_told_once_with_its_figures_in_both_forms(database_url: str, clock: ManualClock) -> None:
    async with open_bank(database_url, clock) as bank:
        await paid_in(bank, "per_1", 7_000)
        clock.advance(timedelta(days=10))
        await paid_in(bank, "per_1", 50_000)
        await paid_in(bank, "per_1", 20_000, out=True)
        made, outbox = statements(bank, clock, Town(per_1=Addressee()))
        assert await made.send("per_1", "1405-08") is StatementOutcome.NOT_OVER
        clock.advance(timedelta(days=30))
        await paid_in(bank, "per_1", 999)
        assert await made.send("per_1", "1405-08") is StatementOutcome.SENT
        assert await made.send("per_1", "1405-08") is StatementOutcome.SENT_BEFORE
        (letter,) = await outbox.claim(Channel.EMAIL, 10)
        assert await outbox.claim(Channel.SMS, 10) == []
        await outbox.settle([(letter, Report("mail", 1, (PartResult(1, PartState.SENT, "<ntc@x>"),)))])
        (kept,) = await bank.store.read(select(OUTBOX))
    assert (kept.state, kept.text, kept.sealed, kept.html) == ("sent", None, None, None)
    assert letter.subject == "صورت‌حساب شما"
    assert letter.text.splitlines() == [
        "این صورت‌حساب کیف پول تپ‌دایال شما از ۱۴۰۵/۰۸/۰۱ تا ۱۴۰۵/۰۸/۳۰ است.",
        "",
        "روز | گردش | واریز | برداشت | مانده",
        "۱۴۰۵/۰۸/۰۱ | مانده پیشین |  |  | ۷٬۰۰۰ ریال",
        "۱۴۰۵/۰۸/۰۸ | واریز نقدی | ۵۰٬۰۰۰ ریال |  | ۵۷٬۰۰۰ ریال",
        "۱۴۰۵/۰۸/۰۸ | اصلاح |  | ۲۰٬۰۰۰ ریال | ۳۷٬۰۰۰ ریال",
    ]
    assert '<html lang="fa" dir="rtl">' in letter.html
    assert letter.html.count("<tr>") == 4
    assert "۳۷٬۰۰۰ ریال</td>" in letter.html
    # Nothing is fetched when it is opened.
    assert "http" not in letter.html
    assert "src=" not in letter.html


async def test_a_long_month_keeps_its_newest_lines_and_still_adds_up(tmp_path: object, clock: ManualClock) -> None:
    async with open_bank(f"sqlite:///{tmp_path}/q.db", clock) as bank:
        clock.advance(timedelta(days=10))
        for _ in range(LINES_MAX + 3):
            await paid_in(bank, "per_1", 1)
        clock.advance(timedelta(days=30))
        made, outbox = statements(bank, clock, Town(per_1=Addressee(language="en")))
        assert await made.send("per_1", "1405-08") is StatementOutcome.SENT
        (letter,) = await outbox.claim(Channel.EMAIL, 10)
    lines = letter.text.splitlines()[3:]
    assert len(lines) == LINES_MAX + 1
    assert (lines[0], lines[1]) == (
        "23 Oct 2026 | Balance before |  |  | 3 rials",
        "30 Oct 2026 | paid in | 1 rials |  | 4 rials",
    )
    # A report of failure that brings the letter back fits through our own door.
    assert len(letter.html.encode()) * 4 // 3 < 60_000


async def test_the_job_writes_to_everybody_who_has_an_address(tmp_path: object, clock: ManualClock) -> None:
    async with open_bank(f"sqlite:///{tmp_path}/q.db", clock) as bank:
        for person in ("per_1", "per_2", "per_3"):
            await paid_in(bank, person, 5)
        clock.advance(timedelta(days=60))
        people = {"per_1": Addressee(), "per_2": Addressee(letters_to=""), "per_3": Addressee(), "per_4": Addressee()}
        made, outbox = statements(bank, clock, Town(**people))
        handle = Handle()
        assert await made.send_job(handle, {"period": "1405-08"}) == "2 statements for 1405-08"
        assert handle.seen == [(4, 4, "per_4")]
        assert await made.send_job(Handle(), {"period": "1405-08"}) == "0 statements for 1405-08"
        assert len(await outbox.claim(Channel.EMAIL, 10)) == 2
        with pytest.raises(BadInput):
            await made.send_job(Handle(), {"period": "1405-12"})


@pytest.mark.parametrize("period", ["", "1405", "1405-13", "2026-11", "1405-8", "1405-08 "])
def test_a_month_that_is_none_is_refused(period: str) -> None:
    with pytest.raises(BadInput):
        days_of(period)


def test_months_of_the_jalali_calendar_have_their_days() -> None:
    assert days_of("1405-08") == ABAN_1405
    assert days_of("1403-12") == (date(2025, 2, 19), date(2025, 3, 20))
    assert days_of("1404-12") == (date(2026, 2, 20), date(2026, 3, 20))
