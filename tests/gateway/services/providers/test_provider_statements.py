"""A provider gets a letter a month, once, with what it has billed."""

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import BadInput
from gateway.services.notices import FeeSheet, Notice, NoticeClass
from gateway.services.providers import ProviderStatements
from tests.gateway.services.providers.conftest import Clinic, line
from wallet.clock import ManualClock


@dataclass
class Post:
    """Keeps what was written, a cause and person once."""

    kept: dict[tuple[str, str], tuple[Notice, FeeSheet]] = field(default_factory=dict)

    async def tell_statement(self, notice: Notice, sheet: FeeSheet) -> bool:
        new = (notice.cause, notice.person_id) not in self.kept
        self.kept.setdefault((notice.cause, notice.person_id), (notice, sheet))
        return new


@dataclass
class Running:
    cursor: str = ""
    steps: list[tuple[int, str]] = field(default_factory=list)

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        self.steps.append((done, cursor))


async def test_a_month_is_written_once_and_only_when_it_is_over(clinic: Clinic, clock: ManualClock) -> None:
    post, zone = Post(), ZoneInfo("Asia/Tehran")
    letters = ProviderStatements(clinic.providers, clinic.bank.store, post, clock, zone)
    await clinic.providers.settle(await clinic.bill(await clinic.visited(), line("10", 1, 1_000_000)))
    await clinic.bill(await clinic.visited("s:2"), line("77", 1, 5))

    with pytest.raises(BadInput):
        await letters.send_job(Running(), {"period": "1405-09"})
    clock.advance(timedelta(days=62))
    said = [await letters.send_job(Running(), {"period": period}) for period in ("1405-09", "1405-09", "1405-07")]

    assert said == ["1 statements for 1405-09", "0 statements for 1405-09", "0 statements for 1405-07"]
    ((notice, sheet),) = post.kept.values()
    assert (notice.class_, notice.email) == (NoticeClass.PROVIDER_STATEMENT, "doc@example.org")
    assert [(one.owed.minor, one.share.minor, one.paid_on) for one in sheet.lines] == [(1_000_000, 300_000, None)]
