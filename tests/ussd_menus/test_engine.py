"""The step: pure, discreet, patient with people and strict with callers."""

from datetime import date

import pytest

from tests.ussd_menus.player import Player
from ussd_menus import (
    Amount,
    Begin,
    Call,
    End,
    FrozenMenus,
    Input,
    Page,
    Phase,
    Profile,
    Result,
    Row,
    State,
    begin,
    step,
)
from ussd_menus.engine import say

CODE = "48392011"
PIN = "7391"


@pytest.fixture
def phone(frozen: FrozenMenus) -> Player:
    """An enrolled person at the home menu, in English."""
    player = Player(frozen, "en")
    player.dial()
    player.answer("active", "en", name="Maryam")
    return player


def at_send_pin(phone: Player) -> Player:
    for typed in ("4", "09120000002"):
        phone.type(typed)
    phone.answer("registered", name="M***m A***i")
    phone.type("500000")
    return phone


def test_the_same_state_and_event_give_the_same_call(frozen: FrozenMenus, phone: Player) -> None:
    state = at_send_pin(phone).state
    assert state is not None
    first, again = (step(frozen, state, Input(PIN), Profile()) for _ in range(2))
    assert first == again
    assert isinstance(first[1], Call)
    assert (first[1].number, first[1].args["amount"]) == (4, Amount(500_000, "IRR", 0))


def test_a_second_try_is_another_call(phone: Player) -> None:
    at_send_pin(phone).type("1111")
    first = phone.call().number
    phone.answer("wrong_pin", tries_left=2)
    phone.type(PIN)
    assert phone.call().number > first


def test_calls_go_on_counting_when_a_session_begins_anew(frozen: FrozenMenus, phone: Player) -> None:
    assert phone.state is not None
    _, reply = step(frozen, phone.state, Begin(), Profile())
    assert isinstance(reply, Call)
    assert reply.number == 2


def test_a_secret_is_in_its_call_and_nowhere_else(phone: Player) -> None:
    reply = at_send_pin(phone).type("۷۳۹۱")
    assert phone.call().secrets == {"pin": PIN}
    assert PIN not in str(phone.state)
    assert PIN not in repr(reply)
    assert PIN not in repr(Input(PIN))


def test_a_one_time_code_is_shown_once_and_kept_nowhere(phone: Player) -> None:
    for typed in ("5", "2", PIN):
        phone.type(typed)
    phone.answer("ok", code=CODE, minutes=10)
    assert isinstance(phone.reply, End)
    assert phone.reply.sensitive
    assert CODE in phone.reply.text
    assert CODE not in repr(phone.reply)
    assert CODE not in str(phone.state)
    assert CODE not in repr(Result("ok", {"code": CODE}))


def test_pages_without_a_one_time_code_are_not_sensitive(phone: Player) -> None:
    assert isinstance(phone.reply, Page)
    assert not phone.reply.sensitive
    assert "Balance" in repr(phone.reply)


@pytest.mark.parametrize("typed", ["", " ", "6", "x", "²", "1" * 5000, "۱۲", "01", "-1", "*", "1*1", "\ud800"])
def test_what_is_not_understood_shows_the_page_again_with_a_short_error(phone: Player, typed: str) -> None:
    before = phone.page()
    phone.type(typed)
    assert phone.page() == f"Please choose one of these.\n{before}"


def test_an_answer_that_is_understood_forgets_the_errors_before(phone: Player) -> None:
    for typed in ("x", "x", "1", "x", "x", "00", "x", "x"):
        phone.type(typed)
    assert isinstance(phone.reply, Page)
    assert isinstance(phone.type("x"), End)


def test_any_digits_choose(phone: Player) -> None:
    for typed, key in (("۱", "00"), ("١", "۰۰"), ("１", "٠٠"), (" 1# ", "00")):
        phone.type(typed)
        assert phone.page().startswith("Please type your PIN.")
        phone.type(key)
        assert phone.page().startswith("1. Balance")


def test_nothing_of_a_dialogue_is_kept_after_its_end(phone: Player) -> None:
    phone.type("00")
    assert phone.state is not None
    assert phone.state.phase is Phase.ENDED
    assert phone.state.variables == {}


def test_an_answer_after_the_end_says_so_and_changes_nothing(frozen: FrozenMenus, phone: Player) -> None:
    phone.type("00")
    before = phone.state
    assert phone.type("1") == End(say(frozen, "en", "house.over"))
    assert phone.state == before


def test_the_language_of_the_answer_is_that_of_the_session(frozen: FrozenMenus) -> None:
    player = Player(frozen, "fa")
    player.dial()
    player.answer("active", "fr", name="Maryam")
    assert player.page().startswith("1. Solde")


def test_a_name_in_foreign_letters_cannot_turn_a_latin_page_into_a_short_one(phone: Player) -> None:
    phone.type("4")
    phone.type("09120000002")
    phone.answer("registered", name="م***م ا***ی")
    assert phone.page().startswith("To ?***? ?***?. Amount")


def test_a_long_name_is_cut_where_that_is_declared(phone: Player) -> None:
    phone.type("4")
    phone.type("09120000002")
    phone.answer("registered", name="A" * 40)
    assert f"To {'A' * 11}.. Amount" in phone.page()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "lacks balance"),
        ({"balance": 5, "rows": ()}, "balance is declared amount"),
        ({"balance": Amount(1, "EUR", 2), "rows": ()}, "balance is declared amount"),
        ({"balance": Amount(10**13, "IRR", 0), "rows": ()}, "balance is declared amount"),
        ({"balance": Amount(1, "IRR", 0)}, "lacks rows"),
        ({"balance": Amount(1, "IRR", 0), "rows": []}, "rows are a tuple"),
    ],
)
def test_a_result_that_breaks_its_declaration_is_a_bug(phone: Player, values: dict[str, object], why: str) -> None:
    phone.type("1")
    phone.type(PIN)
    with pytest.raises(AssertionError, match=why):
        phone.answer("ok", **values)  # type: ignore[arg-type]  # what a careless caller gives


def test_an_outcome_that_nobody_declared_is_a_bug(phone: Player) -> None:
    phone.type("1")
    phone.type(PIN)
    with pytest.raises(AssertionError, match="does not declare the outcome nonsense"):
        phone.answer("nonsense")


def test_a_word_that_a_list_does_not_know_is_shown_as_other(phone: Player) -> None:
    phone.type("1")
    phone.type(PIN)
    row: Row = {"id": "tr", "day": date(2026, 11, 20), "kind": "brand_new", "amount": Amount(5, "IRR", 0), "sign": "+"}
    phone.answer("ok", balance=Amount(5, "IRR", 0), rows=(row,))
    assert "20/11 +5 other" in phone.page()


def test_more_rows_than_declared_are_not_shown(phone: Player) -> None:
    phone.type("2")
    phone.type("2")
    phone.answer("ok", rows=tuple({"number": f"S-{at}", "state": "paid"} for at in range(50)))
    seen = phone.page()
    while isinstance(phone.type("99"), Page) and "choose" not in phone.page():
        seen += phone.page()
    assert "S-19 " in seen
    assert "S-20 " not in seen


def test_a_state_comes_back_from_json_equal(phone: Player) -> None:
    phone.type("1")
    phone.type(PIN)
    row: Row = {"id": "tr", "day": date(2026, 11, 20), "kind": "tap", "amount": Amount(5, "IRR", 0), "sign": "-"}
    phone.answer("ok", balance=Amount(5, "IRR", 0), rows=(row,))
    assert phone.state is not None
    assert phone.state.variables["rows"] == (row,)
    assert State.from_json(phone.state.to_json()) == phone.state


def test_a_state_of_other_menus_is_refused(frozen: FrozenMenus) -> None:
    state = State(version="0" * 16, language="en", screen="home.menu", phase=Phase.SHOWN)
    with pytest.raises(AssertionError, match="stays with the menus"):
        step(frozen, state, Input("1"), Profile())


def test_whose_language_the_menus_do_not_speak_reads_their_first(frozen: FrozenMenus) -> None:
    """People keep their language when an older release, which lacks it, serves once more."""
    state, call = step(frozen, begin(frozen, "xx"), Begin(), Profile())
    assert isinstance(call, Call)
    assert state.language == frozen.languages[0]

    after, page = step(frozen, state, Result("active", {"name": "Maryam"}, "xx"), Profile())

    assert isinstance(page, Page)
    assert after.language == frozen.languages[0]


def test_a_result_that_nothing_waits_for_is_a_bug(phone: Player) -> None:
    with pytest.raises(AssertionError, match="no call waits"):
        phone.answer("ok")
