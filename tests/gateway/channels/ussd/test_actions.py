"""What the menus call: every outcome of every service is a word that the menus know, and a PIN is checked first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.channels.ussd import Services, build_actions
from gateway.errors import NotAllowed
from gateway.services.dialogues import Actions, Caller
from gateway.services.payments import Payee, PayeeKind, PayOutcome, PayResult, RedeemOutcome, RedeemResult
from gateway.services.people import (
    ActivateOutcome,
    CodeOutcome,
    CodeResult,
    EnrolOutcome,
    PersonState,
    PersonStatus,
    PinCheck,
    PinForm,
    PinOutcome,
    PinRepeat,
    ResendOutcome,
    UnlockOutcome,
)
from tests.gateway.channels.ussd.benefit_outcomes import BENEFIT_OUTCOMES
from tests.gateway.channels.ussd.clinic import CARE_ARGS, FakeCare
from tests.gateway.channels.ussd.services import (
    CHART,
    IBAN,
    MARYAM,
    FakeBenefits,
    FakeLedger,
    FakeMailbox,
    FakePayees,
    FakePayments,
    FakePeople,
    FakeSigning,
    FakeTapControls,
    FakeTickets,
    FakeTokens,
    hold,
    invoice,
    movement,
)
from ussd_menus import Amount, Call, Menus, Result, Style, Value, load
from wallet.money import irr
from wallet.transfers import TransferCode, TransferKind

TEHRAN = ZoneInfo("Asia/Tehran")
MENUS: Menus = load()
CALLER = Caller("ses_01", MARYAM.msisdn, "per_01", "fa")
ARGS: dict[str, Value] = {
    "language": "fr",
    "national_number": "0012345679",
    "first_day": date(2026, 11, 1),
    "last_day": date(2026, 11, 3),
    "invoice_id": "inv_07",
    "msisdn": "+989120000002",
    "amount": Amount(500, "IRR", 0),
    "digits": "latin",
    "money": "toman",
    "easy": "yes",
    "movement_id": "5",
    "message_id": "mbx_01",
    "document_id": "doc_01",
    "benefit_kind": "marriage",
    "attester_code": "4711",
    "claim_number": "12345674",
    "number": "W-12345674",
    **CARE_ARGS,
}
SECRETS = {"pin": "2468", "code": "83520417", "branch_code": "55512345", "attest_code": "123456", "iban": IBAN}


@dataclass
class House:
    people: FakePeople = field(default_factory=FakePeople)
    payments: FakePayments = field(default_factory=FakePayments)
    benefits: FakeBenefits = field(default_factory=FakeBenefits)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    tickets: FakeTickets = field(default_factory=FakeTickets)
    mailbox: FakeMailbox = field(default_factory=FakeMailbox)
    payees: FakePayees = field(default_factory=FakePayees)
    signing: FakeSigning = field(default_factory=FakeSigning)
    care: FakeCare = field(default_factory=FakeCare)
    tap_controls: FakeTapControls = field(default_factory=FakeTapControls)

    async def call(self, name: str, number: int = 3) -> Result:
        """As the engine would: declared arguments and secrets only."""
        action = MENUS.actions[name]
        passing = [arg for arg in action.args if MENUS.words[arg].sensitive]
        args = {arg: ARGS[arg] for arg in action.args if arg not in passing}
        call = Call(name, args, {one: SECRETS[one] for one in (*action.secrets, *passing)}, number)
        return await self.table()[name](CALLER, call)

    def table(self) -> Actions:
        return build_actions(Services(*vars(self).values()), CHART, TEHRAN)


def declared(name: str, result: Result) -> None:
    outcomes = MENUS.actions[name].outcomes
    if result.outcome != "unavailable":
        assert result.outcome in outcomes, f"{name} does not know {result.outcome}"
        assert set(outcomes[result.outcome]) <= set(result.values)


def test_the_table_has_the_actions_of_the_menus_and_no_others() -> None:
    assert set(House().table()) == set(MENUS.actions)


Put = Callable[[House], None]


def _people(name: str, value: object) -> Put:
    return lambda house: setattr(house.people, name, value)


def _stranger(status: PersonStatus) -> Put:
    def put(house: House) -> None:
        house.people.person, house.people.status_ = None, status

    return put


def _payments(name: str, value: object) -> Put:
    return lambda house: setattr(house.payments, name, value)


def _of_benefits(put: Callable[[FakeBenefits], None]) -> Put:
    return lambda house: put(house.benefits)


def _tickets(*, is_new: bool) -> Put:
    return lambda house: setattr(house.tickets, "is_new", is_new)


def _disputed(*, is_new: bool) -> Put:
    def put(house: House) -> None:
        house.tickets.is_new = is_new
        house.ledger.lines = [movement(5, 250, TransferCode.SEND, TransferKind.POST, is_debit=True)]

    return put


def _no_letters(house: House) -> None:
    house.mailbox.kept.clear()


PAYING = ("payments.pay_invoice", "payments.send", "payments.send_code")
SWITCHING = ("taps.limit", "taps.no_limit", "taps.switch_off", "taps.switch_on")
WITH_PIN = (*PAYING, *SWITCHING, "wallet.see", "tokens.activation_code", "payees.keep", "payees.to_wallet")
EVERY_OUTCOME: list[tuple[str, Put, str]] = [
    *[("person.status", _people("person", replace(MARYAM, state=state)), state.value) for state in PersonState],
    *[
        ("person.status", _stranger(status), status.value)
        for status in (PersonStatus.UNKNOWN, PersonStatus.BRANCH_CODE)
    ],
    ("person.language", _people("person", None), "ok"),
    *[("enrol.start", _people("enrolled", outcome), outcome.value) for outcome in EnrolOutcome],
    *[("enrol.activate", _people("activated", outcome), outcome.value) for outcome in ActivateOutcome],
    *[("enrol.confirm", _people("confirmed", CodeResult(outcome, 2)), outcome.value) for outcome in CodeOutcome],
    ("enrol.resend", _people("resent", ResendOutcome.CODE_SENT), "code_sent"),
    ("enrol.resend", _people("resent", ResendOutcome.TOO_MANY), "too_many"),
    ("enrol.resend", _people("resent", ResendOutcome.NOT_PENDING), "unavailable"),
    *[("pin.offer", _people("offered", outcome), outcome.value) for outcome in PinForm],
    *[("pin.repeat", _people("repeated", outcome), outcome.value) for outcome in PinRepeat],
    *[("pin.unlock", _people("unlocked", outcome), outcome.value) for outcome in UnlockOutcome],
    *[(name, _people("pin", PinCheck(PinOutcome.WRONG, 2)), "wrong_pin") for name in WITH_PIN],
    *[(name, _people("pin", PinCheck(PinOutcome.LOCKED, 0)), "locked") for name in WITH_PIN],
    *[(name, _people("pin", PinCheck(PinOutcome.OK, 3)), "ok") for name in WITH_PIN],
    *[(name, _of_benefits(put), outcome) for name, put, outcome in BENEFIT_OUTCOMES],
    ("invoices.list", _payments("invoices", [invoice(1)]), "ok"),
    ("invoices.list", _payments("invoices", []), "none"),
    *[("payments.payee", _payments("payee_", Payee(kind, "+98", "M***m")), kind.value) for kind in PayeeKind],
    *[(name, _payments("result", PayResult(PayOutcome.NO_FUNDS)), "no_funds") for name in PAYING],
    *[(name, _payments("result", PayResult(PayOutcome.BLOCKED)), "unavailable") for name in PAYING],
    *[(name, _payments("result", PayResult(PayOutcome.UNKNOWN)), "unavailable") for name in PAYING],
    ("payments.pay_invoice", _payments("result", PayResult(PayOutcome.ALREADY_PAID)), "already_paid"),
    *[(name, _payments("result", PayResult(PayOutcome.OVER_LIMIT, limit=irr(9))), "over_limit") for name in PAYING[1:]],
    *[(name, _payments("result", PayResult(PayOutcome.SELF)), "changed") for name in PAYING[1:]],
    ("payments.send", _payments("result", PayResult(PayOutcome.NOT_ENROLLED)), "changed"),
    ("payments.send_code", _payments("result", PayResult(PayOutcome.ENROLLED)), "changed"),
    ("payments.redeem", _payments("redeemed", RedeemResult(RedeemOutcome.OK, irr(5), irr(9))), "ok"),
    ("payments.redeem", _payments("redeemed", RedeemResult(RedeemOutcome.WRONG_CODE)), "wrong_code"),
    ("payments.redeem", _payments("redeemed", RedeemResult(RedeemOutcome.EXPIRED)), "expired"),
    ("payments.redeem", _payments("redeemed", RedeemResult(RedeemOutcome.TOO_MANY)), "too_many"),
    ("payments.redeem", _payments("redeemed", RedeemResult(RedeemOutcome.BLOCKED)), "unavailable"),
    ("person.style", _people("person", None), "ok"),
    ("dispute.report", _disputed(is_new=True), "ok"),
    ("dispute.report", _disputed(is_new=False), "already"),
    ("dispute.report", _people("person", MARYAM), "unavailable"),
    ("callback.ask", _tickets(is_new=True), "ok"),
    ("callback.ask", _tickets(is_new=False), "already"),
    ("mailbox.list", _people("person", MARYAM), "ok"),
    ("mailbox.list", _no_letters, "none"),
    ("mailbox.read", _people("person", MARYAM), "ok"),
    ("mailbox.read", _no_letters, "gone"),
]


@pytest.mark.parametrize(("name", "put", "expected"), EVERY_OUTCOME)
async def test_every_outcome_is_a_word_that_the_menus_know(name: str, put: Put, expected: str) -> None:
    house = House()
    put(house)

    result = await house.call(name)

    assert result.outcome == expected
    declared(name, result)


@pytest.mark.parametrize("outcome", [PinOutcome.WRONG, PinOutcome.LOCKED])
@pytest.mark.parametrize("name", WITH_PIN)
async def test_nothing_is_asked_of_a_service_before_the_pin_is_right(name: str, outcome: PinOutcome) -> None:
    house = House()
    house.people.pin = PinCheck(outcome, 1)

    await house.call(name)

    assert house.people.heard == [("check_pin", "per_01", "2468")]
    assert house.payments.heard == []
    assert house.payees.heard == []
    assert house.tokens.asked == 0


async def test_the_call_key_names_session_and_call() -> None:
    house = House()

    await house.call("payments.send", number=7)
    await house.call("payments.pay_invoice", number=8)
    await house.call("benefits.claim", number=9)

    assert house.payments.heard == [
        ("send", "per_01", "+989120000002", irr(500), "ses_01:7"),
        ("pay_invoice", "per_01", "inv_07", "ses_01:8"),
    ]
    assert house.benefits.heard == [("per_01", date(2026, 11, 1), date(2026, 11, 3), "ses_01:9")]


@pytest.mark.parametrize("state", [state for state in PersonState if state is not PersonState.ACTIVE])
@pytest.mark.parametrize(
    "name",
    [
        "benefits.claim", "benefits.claim_days", "benefits.claim_event", "benefits.attester", "benefits.status",
        "benefits.looked", "benefits.object", "benefits.list", "invoices.list", "payments.payee",
        "payments.redeem", "dispute.report",
        "mailbox.list", "mailbox.read", "payees.show", "payees.offer", "payees.disown", "taps.control",
    ],
)  # fmt: skip
async def test_what_asks_for_no_pin_is_for_active_people_only(name: str, state: PersonState) -> None:
    house = House()
    house.people.person = replace(MARYAM, state=state)

    with pytest.raises(NotAllowed):
        await house.call(name)


@pytest.mark.parametrize("name", [*WITH_PIN, "pin.offer", "pin.repeat", "benefits.claim", "payments.redeem"])
async def test_nobody_is_refused(name: str) -> None:
    house = House()
    house.people.person = None

    with pytest.raises(NotAllowed):
        await house.call(name)


async def test_the_status_speaks_the_persons_language_and_letters() -> None:
    result = await House().call("person.status")

    assert (result.values["name"], result.language) == ("مریم احمدی", "fa")


async def test_a_language_is_kept_for_the_session_and_for_the_person() -> None:
    house = House()

    result = await house.call("person.language")

    assert result.language == "fr"
    assert house.people.heard == [("set_language", "per_01", "fr")]


async def test_a_style_is_kept_for_the_session_and_for_the_person() -> None:
    house = House()

    result = await house.call("person.style")

    assert result.style == Style("latin", toman=True, easy=True)
    assert house.people.heard == [("set_style", "per_01", "latin", "True", "True")]


async def test_a_style_that_is_set_in_part_keeps_the_rest() -> None:
    house = House()
    house.people.person = replace(MARYAM, style=Style("latin", toman=True))

    result = await house.table()["person.style"](CALLER, Call("person.style", {"easy": "yes"}, {}, 3))

    assert result.style == Style("latin", toman=True, easy=True)


async def test_the_status_brings_the_style_of_the_person() -> None:
    house = House()
    house.people.person = replace(MARYAM, style=Style(easy=True))

    assert (await house.call("person.status")).style == Style(easy=True)


async def test_a_dispute_names_the_line_that_the_person_saw_and_no_other() -> None:
    house = House()
    house.ledger.lines = [
        movement(6, 70, TransferCode.CASH_IN, TransferKind.POST, is_debit=False),
        movement(4, 250, TransferCode.SEND, TransferKind.POST, is_debit=True),
    ]
    rows = (await house.call("wallet.see")).values["rows"]
    assert isinstance(rows, tuple)
    assert [row["id"] for row in rows] == ["6", "4"]

    table = house.table()
    for reference in ("5", "7", "", "x", "²", "-4", "4.0"):
        call = Call("dispute.report", {"movement_id": reference}, {}, 3)
        assert (await table["dispute.report"](CALLER, call)).outcome == "unavailable"
    assert house.tickets.heard == []

    result = await table["dispute.report"](CALLER, Call("dispute.report", {"movement_id": "۴"}, {}, 3))

    assert (result.outcome, result.values) == ("ok", {"reference": "C-12345674"})
    moved = house.ledger.lines[1].transfer
    text = "2026-11-23 send -250 IRR #4"
    assert house.tickets.heard == [("dispute", moved.id.hex, moved.cause, text, MARYAM.msisdn, "per_01", "fa")]


async def test_somebody_who_is_not_enrolled_may_ask_to_be_called() -> None:
    house = House()
    stranger = replace(CALLER, person_id=None)

    result = await house.table()["callback.ask"](stranger, Call("callback.ask", {}, {}, 4))

    assert result.outcome == "ok"
    assert house.tickets.heard == [("call_back", "ses_01:4", MARYAM.msisdn, "", "fa")]


async def test_a_mailbox_shows_titles_with_their_day_and_one_text() -> None:
    house = House()

    # 21:00 UTC is past midnight in Tehran.
    row = {"id": "mbx_01", "title": "Benefit paid", "day": date(2026, 11, 23)}
    assert (await house.call("mailbox.list")).values == {"rows": (row,)}
    assert (await house.call("mailbox.read")).values == {"message": "It has been paid."}


async def test_a_balance_counts_open_holds_as_spent_and_shows_them() -> None:
    house = House()
    house.ledger.holds = [hold(9, 100)]
    house.ledger.lines = [
        movement(9, 100, TransferCode.TAP, TransferKind.HOLD, is_debit=True),
        movement(8, 50, TransferCode.TAP, TransferKind.CAPTURE, is_debit=True),
        movement(6, 60, TransferCode.TAP, TransferKind.HOLD, is_debit=True),
        movement(5, 250, TransferCode.SEND, TransferKind.POST, is_debit=True),
        movement(4, 900, TransferCode.CORRECTION, TransferKind.REVERSE, is_debit=False),
        movement(3, 70, TransferCode.CASH_IN, TransferKind.POST, is_debit=False),
        movement(2, 30, TransferCode.CASH_IN, TransferKind.POST, is_debit=False),
    ]

    result = await house.call("wallet.see")

    assert result.values["balance"] == Amount(600, "IRR", 0)
    rows = result.values["rows"]
    assert isinstance(rows, tuple)
    shown = [(row["kind"], row["sign"], row["amount"]) for row in rows]
    assert shown == [
        ("tap", "-", Amount(100, "IRR", 0)),
        ("tap", "-", Amount(50, "IRR", 0)),
        ("send", "-", Amount(250, "IRR", 0)),
        ("correction", "+", Amount(900, "IRR", 0)),
        ("cash_in", "+", Amount(70, "IRR", 0)),
    ]
    # 21:00 UTC is past midnight in Tehran.
    assert {row["day"] for row in rows} == {date(2026, 11, 23)}


async def test_a_wallet_that_was_never_opened_is_empty() -> None:
    house = House()
    house.ledger.own = None
    result = await house.call("wallet.see")
    assert result.values == {"balance": Amount(0, "IRR", 0), "rows": ()}


async def test_a_claim_code_is_valid_until_an_hour_of_the_house() -> None:
    result = await House().call("payments.send_code")

    assert isinstance(valid_until := result.values["valid_until"], datetime)
    assert valid_until.tzinfo is TEHRAN


@pytest.mark.parametrize("code", TransferCode)
def test_every_reason_for_money_has_a_word_in_the_menus(code: TransferCode) -> None:
    assert code.name.lower() in MENUS.words["kind"].words
