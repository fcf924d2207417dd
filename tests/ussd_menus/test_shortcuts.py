"""What is dialled behind the service code: named, replayed through the menus, never with a PIN."""

import os
from datetime import date
from pathlib import Path

import pytest

from ussd_menus import (
    Amount,
    Begin,
    Call,
    End,
    FrozenMenus,
    Plan,
    Reply,
    Result,
    State,
    begin,
    dialled,
    onward,
    renote,
    step,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "shortcuts"
PIN = "7391"
DAY = date(2026, 11, 22)
ANSWERS = {
    "invoices.list": Result("ok", {"rows": ({"id": "i", "period": "1405-07", "amount": Amount(5, "IRR", 0)},)}),
    "mailbox.list": Result("ok", {"rows": ({"id": "m", "day": DAY, "title": "T"},)}),
    "benefits.status": Result("ok", {"number": "S-12345674", "benefit_kind": "sickness", "state": "paid"}),
    "attest.open": Result(
        "ok",
        {"number": "M-1", "claimant": "Maryam", "benefit_kind": "maternity", "first_day": DAY, "last_day": DAY},
    ),
    "visits.till": Result("ok", {"provider_name": "N. Hosseini", "hours": 72}),
    "tokens.whose": Result("known"),
    "tokens.key": Result("refused"),
    "payments.payee": Result("registered", {"name": "M***m A***i"}),
}
EXAMPLES = {
    "msisdn": "09120000002",
    "amount": "500000",
    "first_day": "14050820",
    "last_day": "14050825",
    "claim_number": "12345674",
    "attest_code": "482913",
    "till": "482913",
    "token_number": "48291377",
    "atc": "00042",
    "proof": "90817263",
}


def dial(frozen: FrozenMenus, answers: str, language: str = "en", status: str = "active") -> tuple[State, Reply, Plan]:
    """As the service does it: the entry, what the plan types, then its note."""
    known = {**ANSWERS, "person.status": Result(status, {"name": "M"})}
    plan = dialled(frozen, answers)
    state, reply = step(frozen, begin(frozen, language), Begin(DAY, "*1420#", plan.at))
    while True:
        while isinstance(reply, Call):
            state, reply = step(frozen, state, known[reply.name])
        event, plan = onward(frozen, state, plan)
        if event is None:
            return (*renote(frozen, state, plan.note), plan) if plan.note else (state, reply, plan)
        state, reply = step(frozen, state, event)


def shown(reply: Reply) -> str:
    assert not isinstance(reply, Call)
    return reply.text


def _dialled(dial_parts: tuple[str, ...]) -> str:
    return "*".join(EXAMPLES.get(part.strip("{}"), part) for part in dial_parts)


@pytest.mark.parametrize("language", ["en", "fa", "fr", "ar"])
def test_a_code_that_people_know_by_heart_leads_where_it_always_led(frozen: FrozenMenus, language: str) -> None:
    lines: list[str] = []
    for name, shortcut in frozen.menus.shortcuts.items():
        answers = _dialled(shortcut.dial)
        state, reply, _ = dial(frozen, answers, language)
        assert state.screen == shortcut.ends_at, name
        page = "".join(f"| {line}\n" for line in shown(reply).split("\n"))
        lines.append(f"# {name}\n> *1420*{answers}#\n{page}")
    path = GOLDEN / f"{language}.txt"
    if os.environ.get("GOLDEN_RECORD"):
        path.write_text("\n".join(lines), "utf-8")
    assert path.read_text("utf-8") == "\n".join(lines)


@pytest.mark.parametrize(
    ("answers", "screen", "said"),
    [
        ("", "home.menu", "1. Balance"),
        ("***", "home.menu", "1. Balance"),
        ("77", "home.menu", "That code is not known."),
        ("1", "wallet.pin", "Please type your PIN."),
        (f"1*{PIN}", "wallet.pin", "Never dial your PIN"),
        (f"4*09120000002*500000*{PIN}", "send.pin", "Never dial your PIN"),
        ("2*14050820*14050825*1", "benefits.confirm", "Never dial your PIN"),
        ("4*12*500000", "send.to", "This is not a mobile number."),
        ("4*09120000002*many", "send.amount", "Please type the amount"),
        ("3*5", "invoices.choose", "That code is not known."),
        ("²", "home.menu", "That code is not known."),
        ("1" * 5000, "home.menu", "That code is not known."),
        ("*".join("1" * 90), "wallet.pin", "Never dial your PIN"),
    ],
)
def test_what_is_dialled_goes_through_the_menus_and_stops_before_anything_is_agreed_to(
    frozen: FrozenMenus, answers: str, screen: str, said: str
) -> None:
    state, reply, plan = dial(frozen, answers)
    assert (state.screen, shown(reply).startswith(said)) == (screen, True), reply
    assert not isinstance(reply, Call | End)
    assert plan.inputs == ()
    assert PIN not in repr(dialled(frozen, answers)) + str(state)


@pytest.mark.parametrize("status", ["unknown", "branch_code", "code_pending", "choose_pin", "locked"])
def test_a_code_means_nothing_to_somebody_who_is_not_at_the_menu_it_starts_from(
    frozen: FrozenMenus, status: str
) -> None:
    for answers in ("1", "4*09120000002*500000"):
        plain, _, _ = dial(frozen, "", status=status)
        state, _, _ = dial(frozen, answers, status=status)
        assert (state.screen, state.variables) == (plain.screen, plain.variables)


@pytest.mark.parametrize("status", ["unknown", "branch_code", "code_pending", "choose_pin", "locked", "active"])
@pytest.mark.parametrize(("whose", "screen"), [("known", "loss.choose"), ("stranger", "loss.number")])
def test_a_lost_phone_is_told_of_from_any_phone(
    frozen: FrozenMenus, status: str, whose: str, screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "tokens.whose", Result(whose))
    state, reply, plan = dial(frozen, "9", status=status)
    assert (state.screen, plan.inputs, plan.note) == (screen, (), ""), reply
    assert dial(frozen, f"9*{PIN}", status=status)[0].screen not in {"loss.own_pin", "loss.pin"}


def test_the_key_that_a_phone_dials_for_is_shown_alone_in_the_letters_of_the_wire(
    frozen: FrozenMenus, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "TD1." + "0123456789_-azAZ" * 7 + "1234567"
    monkeypatch.setitem(ANSWERS, "tokens.key", Result("ok", {"key_text": text}))
    for language in frozen.languages:
        _, reply, _ = dial(frozen, "0*48291377*00042*90817263", language, status="unknown")
        assert isinstance(reply, End)
        assert (len(text), reply.text) == (123, text)


def test_the_longest_code_wins_and_plain_digits_win_over_a_name(frozen: FrozenMenus) -> None:
    assert dialled(frozen, "4").name == "send-1"
    assert dialled(frozen, "4*0912").name == "send_to-1"
    assert dialled(frozen, "۴*۰۹۱۲*۵").name == "send_amount-1"
    assert dialled(frozen, "4*0912*5").inputs == ("4", "0912", "5")
