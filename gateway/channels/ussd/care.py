"""The actions about visits: the patient opens one with till code and PIN, the provider bills it line by line."""

from typing import assert_never

from gateway.channels.ussd.identity import active, known, refused_pin
from gateway.channels.ussd.money import amount_of, shown
from gateway.channels.ussd.ports import Care, People
from gateway.services.dialogues import Actions, Caller
from gateway.services.providers import (
    AskedLine,
    BillOutcome,
    BillResult,
    CoPayment,
    Fee,
    FeeState,
    LineOutcome,
    Provider,
    ProviderState,
    Visit,
    VisitOutcome,
    VisitState,
)
from ussd_menus import Amount, Call, Result, Row
from wallet.money import ASSETS, IRR, Money

ROWS_MAX = 9
UNAVAILABLE = Result("unavailable")


class Visiting:
    """The patient's side."""

    def __init__(self, people: People, care: Care) -> None:
        self._people = people
        self._care = care

    def actions(self) -> Actions:
        """Name to function."""
        return {"visits.till": self.till, "visits.open": self.open, "visits.list": self.list}

    async def till(self, caller: Caller, call: Call) -> Result:
        """ok{provider_name, hours} | unknown_till | suspended | self."""
        person = await active(self._people, caller)
        found = await self._care.till(person.id, str(call.args["till"]))
        if found.outcome is not VisitOutcome.OK:
            return _refused(found.outcome)
        assert found.provider is not None
        return Result("ok", {"provider_name": found.provider.name, "hours": self._care.open_hours})

    async def open(self, caller: Caller, call: Call) -> Result:
        """ok{visit_number} | wrong_pin{tries_left} | locked | unknown_till | suspended | self | too_many."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        opened = await self._care.open_visit(person.id, str(call.args["till"]), caller.call_key(call))
        if opened.outcome is not VisitOutcome.OK:
            return _refused(opened.outcome)
        assert opened.visit is not None
        return Result("ok", {"visit_number": opened.visit.number})

    async def list(self, caller: Caller, _call: Call) -> Result:
        """ok{rows[{visit_number, visit_state, share}]} | none."""
        person = await active(self._people, caller)
        rows: tuple[Row, ...] = tuple(
            {
                "visit_number": visit.number,
                "visit_state": visit_word(visit, fee),
                "share": shown(fee.share if fee else Money(0, IRR)),
            }
            for visit, fee in await self._care.visited(person.id)
        )
        return Result("ok", {"rows": rows[:ROWS_MAX]}) if rows else Result("none")


class Billing:
    """The provider's side; who calls is known by the phone, and the PIN is the person's own."""

    def __init__(self, people: People, care: Care) -> None:
        self._people = people
        self._care = care

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "bills.me": self.me,
            "bills.begin": self.begin,
            "bills.add": self.add,
            "bills.send": self.send,
            "bills.owed": self.owed,
        }

    async def me(self, caller: Caller, _call: Call) -> Result:
        """Ok | none | waiting | suspended."""
        provider = await self._care.by_msisdn(caller.msisdn)
        if provider is None:
            return Result("none")
        match provider.state:
            case ProviderState.ACTIVE:
                return Result("ok")
            case ProviderState.PROPOSED:
                return Result("waiting")
            case ProviderState.SUSPENDED:
                return Result("suspended")
            case ProviderState.REFUSED:
                return Result("none")
            case unreachable:
                assert_never(unreachable)

    async def begin(self, caller: Caller, call: Call) -> Result:
        """Ok | unknown_visit | billed | expired | suspended."""
        provider = await self._provider(caller)
        if provider is None:
            return UNAVAILABLE
        outcome = await self._care.begin_bill(provider.id, str(call.args["visit_number"]))
        if outcome in {BillOutcome.OK, BillOutcome.BILLED, BillOutcome.EXPIRED, BillOutcome.SUSPENDED}:
            return Result(outcome.value)
        # Whose visit it is instead is no matter of this provider's.
        return Result("unknown_visit")

    async def add(self, caller: Caller, call: Call) -> Result:
        """ok{lines, asked} | twice{lines, asked} | full{lines, asked} | not_listed | bad_line | closed."""
        provider = await self._provider(caller)
        if provider is None:
            return UNAVAILABLE
        quantity = call.args["quantity"]
        assert isinstance(quantity, int)
        line = AskedLine(str(call.args["price_code"]), quantity, amount_of(call))
        number, key = str(call.args["visit_number"]), caller.call_key(call)
        done = await self._care.add_line(provider.id, number, line, key)
        if done.outcome is LineOutcome.FULL and not done.lines:
            # A single line above what a page can show: there is no bill yet that could be sent.
            return Result("bad_line")
        return Result(done.outcome.value, {"lines": done.lines, "asked": shown(done.asked)})

    async def send(self, caller: Caller, call: Call) -> Result:
        """approved{granted, share} | waiting | wrong_pin{tries_left} | locked | changed | closed | suspended."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        provider = await self._provider(caller)
        lines, asked = call.args["lines"], call.args["asked"]
        assert isinstance(lines, int)
        assert isinstance(asked, Amount)
        if provider is None:
            return UNAVAILABLE
        number, total = str(call.args["visit_number"]), Money(asked.minor, ASSETS[asked.code])
        return _billed(await self._care.send_bill(provider.id, number, lines, total))

    async def owed(self, caller: Caller, _call: Call) -> Result:
        """ok{owed, rows[{visit_number, fee_state, granted}]} | none."""
        provider = await self._provider(caller)
        if provider is None:
            return Result("none")
        billed = await self._care.fees_of(provider.id, limit=ROWS_MAX)
        numbers = await self._care.numbers_of(billed)
        rows: tuple[Row, ...] = tuple(
            {"visit_number": numbers[fee.visit_id], "fee_state": fee.state.value, "granted": shown(fee.owed)}
            for fee in billed
        )
        return Result("ok", {"owed": shown(await self._care.owed(provider.id)), "rows": rows})

    async def _provider(self, caller: Caller) -> Provider | None:
        provider = await self._care.by_msisdn(caller.msisdn)
        return provider if provider and provider.state is not ProviderState.REFUSED else None


def visit_word(visit: Visit, fee: Fee | None) -> str:
    """What became of a visit, in the menus' vocabulary: to the patient it matters who pays the share."""
    if fee is None:
        return "expired" if visit.state is VisitState.EXPIRED else "open"
    match fee.state:
        case FeeState.SUBMITTED | FeeState.APPROVED:
            return "checked"
        case FeeState.REJECTED:
            return "refused"
        case FeeState.OWED | FeeState.PAID | FeeState.RETURNED:
            words = {CoPayment.WALLET: "wallet", CoPayment.CASH: "desk", CoPayment.NONE: "free"}
            return words.get(fee.co_payment, "other")
        case unreachable:
            assert_never(unreachable)


def _refused(outcome: VisitOutcome) -> Result:
    match outcome:
        case VisitOutcome.UNKNOWN_TILL | VisitOutcome.SUSPENDED | VisitOutcome.SELF | VisitOutcome.TOO_MANY:
            return Result(outcome.value)
        case VisitOutcome.OK | VisitOutcome.REASON_MISSING | VisitOutcome.OVER_CAP:
            return UNAVAILABLE
        case unreachable:
            assert_never(unreachable)


def _billed(result: BillResult) -> Result:
    match result.outcome:
        case BillOutcome.OK:
            assert result.fee is not None
            fee = result.fee
            if fee.state in {FeeState.SUBMITTED, FeeState.REJECTED}:
                return Result("waiting")
            return Result("approved", {"granted": shown(fee.covered + fee.share), "share": shown(fee.share)})
        case BillOutcome.SUSPENDED | BillOutcome.CHANGED:
            return Result(result.outcome.value)
        case BillOutcome.NO_LINES | BillOutcome.TOO_MANY_LINES | BillOutcome.BAD_LINE:
            return Result("changed")
        case BillOutcome.UNKNOWN_VISIT | BillOutcome.NOT_YOURS | BillOutcome.BILLED | BillOutcome.EXPIRED:
            return Result("closed")
        case unreachable:
            assert_never(unreachable)
