"""The actions about money. Where a PIN is asked for it is checked before the service is called."""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from gateway.channels.ussd.identity import active, known, refused_pin
from gateway.channels.ussd.ports import Ledger, Payments, People, Tokens
from gateway.services.dialogues import Actions, Caller
from gateway.services.payments import PayeeKind, PayOutcome, PayResult, RedeemOutcome
from ussd_menus import Amount, Call, Result, Row, Value
from wallet.accounts import Chart
from wallet.ids import AccountId
from wallet.money import ASSETS, IRR, Money
from wallet.transfers import Balances, Transfer

MOVEMENTS_MAX = 5
MOVEMENTS_READ = 20
"""Rows that are read to find that many which moved money: holds and their ends are not movements to people."""
ROWS_MAX = 9
UNAVAILABLE = Result("unavailable")


class Wallets:
    """What a person owns: balance and last movements from the ledger."""

    def __init__(self, people: People, ledger: Ledger, chart: Chart, zone: ZoneInfo) -> None:
        self._people = people
        self._ledger = ledger
        self._chart = chart
        self._zone = zone

    def actions(self) -> Actions:
        """Name to function."""
        return {"wallet.see": self.see}

    async def see(self, caller: Caller, call: Call) -> Result:
        """ok{balance, rows[{id, day, kind, amount, sign}]} | wrong_pin{tries_left} | locked."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        account = self._chart.id("wallet", person.id)
        balances = await self._ledger.balances(account) or Balances(0, 0, 0, 0, 0)
        return Result(
            "ok", {"balance": shown(Money(balances.available_credit, IRR)), "rows": await self._rows(account)}
        )

    async def _rows(self, account: AccountId) -> tuple[Row, ...]:
        moved: list[tuple[int, Row]] = [
            (
                line.position,
                self._row(line.position, line.booked_at, line.transfer, "-" if line.is_debit else "+"),
            )
            for line in await self._ledger.movements(account, limit=MOVEMENTS_READ)
            if line.transfer.kind.moves
        ]
        # A tap that waits for its clearing has already lowered the balance above, so it is shown as well.
        moved += [
            (held.position, self._row(held.position, held.booked_at, held.transfer, "-"))
            for held in await self._ledger.open_holds(account)
        ]
        return tuple(row for _, row in sorted(moved, key=lambda pair: -pair[0])[:MOVEMENTS_MAX])

    def _row(self, position: int, booked_at: datetime, moved: Transfer, sign: str) -> Row:
        return {
            # By its place in the log dispute.report finds the line again, in this wallet alone.
            "id": str(position),
            "day": booked_at.astimezone(self._zone).date(),
            "kind": moved.code.name.lower(),
            "amount": shown(moved.amount),
            "sign": sign,
        }


class Paying:
    """Contributions, money to another number, claim codes, and the code for an NFC phone."""

    def __init__(self, people: People, payments: Payments, tokens: Tokens, zone: ZoneInfo) -> None:
        self._people = people
        self._payments = payments
        self._tokens = tokens
        self._zone = zone

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "invoices.list": self.invoices,
            "payments.pay_invoice": self.pay_invoice,
            "payments.payee": self.payee,
            "payments.send": self.send,
            "payments.send_code": self.send_code,
            "payments.redeem": self.redeem,
            "tokens.activation_code": self.activation_code,
        }

    async def invoices(self, caller: Caller, _call: Call) -> Result:
        """ok{rows[{id, period, amount}]} | none."""
        person = await active(self._people, caller)
        invoices = await self._payments.invoices_of(person.id)
        return _rows(tuple({"id": one.id, "period": one.period, "amount": shown(one.amount)} for one in invoices))

    async def pay_invoice(self, caller: Caller, call: Call) -> Result:
        """ok{reference, balance} | wrong_pin{tries_left} | locked | no_funds | already_paid."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        return self._paid(
            await self._payments.pay_invoice(person.id, str(call.args["invoice_id"]), caller.call_key(call))
        )

    async def payee(self, caller: Caller, call: Call) -> Result:
        """registered{name} | unregistered | self | invalid."""
        person = await active(self._people, caller)
        payee = await self._payments.payee(person.id, str(call.args["msisdn"]))
        return Result(payee.kind.value, {"name": payee.name} if payee.kind is PayeeKind.REGISTERED else {})

    async def send(self, caller: Caller, call: Call) -> Result:
        """ok{reference, balance} | wrong_pin{tries_left} | locked | no_funds | over_limit{limit} | changed."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        return self._paid(
            await self._payments.send(person.id, str(call.args["msisdn"]), amount_of(call), caller.call_key(call))
        )

    async def send_code(self, caller: Caller, call: Call) -> Result:
        """ok{reference, valid_until} | wrong_pin{tries_left} | locked | no_funds | over_limit{limit} | changed."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        return self._paid(
            await self._payments.send_code(person.id, str(call.args["msisdn"]), amount_of(call), caller.call_key(call))
        )

    async def redeem(self, caller: Caller, call: Call) -> Result:
        """ok{amount, balance} | wrong_code | expired | too_many."""
        person = await active(self._people, caller)
        result = await self._payments.redeem(person.id, call.secrets["code"], caller.call_key(call))
        match result.outcome:
            case RedeemOutcome.OK:
                assert result.amount is not None
                assert result.balance is not None
                return Result("ok", {"amount": shown(result.amount), "balance": shown(result.balance)})
            case RedeemOutcome.WRONG_CODE | RedeemOutcome.EXPIRED | RedeemOutcome.TOO_MANY:
                return Result(result.outcome.value)
            case RedeemOutcome.BLOCKED:
                return UNAVAILABLE
            case unreachable:
                assert_never(unreachable)

    async def activation_code(self, caller: Caller, call: Call) -> Result:
        """ok{code (sensitive), minutes} | wrong_pin{tries_left} | locked."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        made = await self._tokens.activation_code(person.id)
        return Result("ok", {"code": made.code, "minutes": made.valid_s // 60})

    def _paid(self, result: PayResult) -> Result:
        match result.outcome:
            case PayOutcome.OK:
                return Result("ok", self._receipt(result))
            case PayOutcome.OVER_LIMIT:
                assert result.limit is not None
                return Result("over_limit", {"limit": shown(result.limit)})
            case PayOutcome.NO_FUNDS | PayOutcome.ALREADY_PAID:
                return Result(result.outcome.value)
            case PayOutcome.NOT_ENROLLED | PayOutcome.ENROLLED | PayOutcome.SELF:
                # Since the name was shown the number has changed hands: the person must look again.
                return Result("changed")
            case PayOutcome.UNKNOWN | PayOutcome.BLOCKED:
                return UNAVAILABLE
            case unreachable:
                assert_never(unreachable)

    def _receipt(self, result: PayResult) -> dict[str, Value]:
        if result.valid_until is not None:
            return {"reference": result.reference, "valid_until": result.valid_until.astimezone(self._zone)}
        assert result.balance is not None
        return {"reference": result.reference, "balance": shown(result.balance)}


def shown(money: Money) -> Amount:
    """Money of the ledger as the menus show it."""
    return Amount(money.minor, money.asset.code, money.asset.exponent)


def amount_of(call: Call) -> Money:
    """The `amount` that a person typed, as money of the ledger."""
    amount = call.args["amount"]
    assert isinstance(amount, Amount)
    return Money(amount.minor, ASSETS[amount.code])


def _rows(rows: tuple[Row, ...]) -> Result:
    return Result("ok", {"rows": rows[:ROWS_MAX]}) if rows else Result("none")
