"""Providers behind the actions, as a hand-written stand-in: it answers what a test has put into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gateway.services.providers import (
    AskedLine,
    BillOutcome,
    BillResult,
    CoPayment,
    Drafted,
    Fee,
    FeeState,
    LineOutcome,
    Provider,
    ProviderKind,
    ProviderState,
    Visit,
    VisitOutcome,
    VisitResult,
    VisitState,
)
from ussd_menus import Amount, Value
from wallet.money import Money, irr

CARE_ARGS: dict[str, Value] = {
    "till": "482913",
    "visit_number": "12345674",
    "price_code": 10,
    "quantity": 2,
    "lines": 2,
    "asked": Amount(500, "IRR", 0),
}
NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
DOCTOR = Provider(
    "prv_01", "482913", "Nader Hosseini", ProviderKind.DOCTOR, "+989120000001", "fa", "", "IR062960000000100324200001",
    ProviderState.ACTIVE, "stf_01", NOW,
)  # fmt: skip
VISIT = Visit(
    "vis_01", "12345674", "prv_01", "per_01", VisitState.OPEN, NOW, NOW + timedelta(hours=72), "", "", None
)  # fmt: skip
FEE = Fee(
    "fee_01", "vis_01", "prv_01", "per_01", FeeState.APPROVED, irr(1_000_000), irr(700_000), irr(300_000),
    CoPayment.WAITING, NOW, "rule", NOW, "", "", None,
)  # fmt: skip


@dataclass
class FakeCare:
    provider: Provider | None = DOCTOR
    visit: VisitOutcome = VisitOutcome.OK
    bill: BillOutcome = BillOutcome.OK
    line: LineOutcome = LineOutcome.OK
    fee: Fee | None = FEE
    lines: int = 2
    open_hours: int = 72
    heard: list[tuple[object, ...]] = field(default_factory=list)

    async def till(self, _person_id: str, _typed: str) -> VisitResult:
        return VisitResult(self.visit, provider=self.provider)

    async def open_visit(self, person_id: str, typed: str, call_key: str) -> VisitResult:
        self.heard.append(("open", person_id, typed, call_key))
        return VisitResult(self.visit, VISIT, self.provider)

    async def visited(self, _person_id: str) -> list[tuple[Visit, Fee | None]]:
        billed = replace(VISIT, state=VisitState.BILLED if self.fee else VisitState.OPEN)
        return [(billed, self.fee)] if self.lines else []

    async def by_msisdn(self, msisdn: str) -> Provider | None:
        return self.provider if self.provider and self.provider.msisdn == msisdn else None

    async def begin_bill(self, _provider_id: str, _number: str) -> BillOutcome:
        return self.bill

    async def add_line(self, provider_id: str, number: str, line: AskedLine, call_key: str) -> Drafted:
        self.heard.append(("add", provider_id, number, line, call_key))
        return Drafted(self.line, self.lines, irr(500))

    async def send_bill(self, provider_id: str, number: str, lines: int, asked: Money) -> BillResult:
        self.heard.append(("send", provider_id, number, lines, asked))
        return BillResult(self.bill, self.fee)

    async def fees_of(self, _provider_id: str, *, limit: int = 50) -> list[Fee]:
        return [self.fee][:limit] if self.fee else []

    async def numbers_of(self, billed: Sequence[Fee]) -> dict[str, str]:
        return {fee.visit_id: VISIT.number for fee in billed}

    async def owed(self, _provider_id: str) -> Money:
        return irr(1_000_000)
