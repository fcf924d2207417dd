"""Help, easy mode, digits and toman, and wires that carry less than others."""

from datetime import date

import pytest

from tests.ussd_menus.player import Player
from ussd_menus import (
    Amount,
    End,
    FrozenMenus,
    Input,
    Page,
    Phase,
    Profile,
    Row,
    State,
    Style,
    Value,
    begin,
    smallest,
    step,
)
from ussd_menus.legal import accepts
from ussd_menus.paging import fits
from ussd_menus.screens import SILENT, EndScreen, ListScreen, MenuScreen

ROWS: tuple[Row, ...] = tuple(
    {"id": f"tr_{at}", "day": date(2026, 11, at), "kind": "tap", "amount": Amount(at * 11, "IRR", 0), "sign": "-"}
    for at in range(1, 6)
)
BALANCE = Amount(12_345_678, "IRR", 0)


def at_home(frozen: FrozenMenus, language: str, style: Style = Style(), profile: Profile = Profile()) -> Player:  # noqa: B008
    player = Player(frozen, language, profile=profile)
    player.dial()
    assert player.state is not None
    player.state = State.from_json({**player.state.to_json(), "style": [style.digits, style.toman, style.easy]})
    player.answer("active", language, name="A")
    return player


def shows(frozen: FrozenMenus, screen: str, language: str, style: Style = Style()) -> State:  # noqa: B008
    """A state that stands on the screen, with a value for whatever it may show."""
    values: dict[str, Value] = {
        word.name: "x" * min(word.max, 10) for word in frozen.menus.words.values() if word.type == "text"
    }
    amounts: dict[str, Value] = {
        word.name: word.amount(11) for word in frozen.menus.words.values() if word.type == "amount"
    }
    days: dict[str, Value] = {"day": date(2026, 11, 2), "first_day": date(2026, 11, 2), "last_day": date(2026, 11, 2)}
    more: dict[str, Value] = {"sign": "-", "kind": "tap", "state": "paid", "tries_left": 2, "minutes": 9, "days_max": 9}
    more["waiting"] = 2
    more |= {"visit_state": "wallet", "fee_state": "owed", "hours": 72, "lines": 2, "price_code": 10, "quantity": 1}
    more |= {"benefit_kind": "marriage", "why": "papers", "datum": "claim", "until": date(2026, 11, 2)}
    row: dict[str, Value] = {**values, **amounts, **days, **more}
    state = begin(frozen, language, style)
    filled = State.from_json({**state.to_json(), "screen": screen, "phase": Phase.SHOWN})
    return State(
        version=filled.version,
        language=language,
        screen=screen,
        phase=Phase.SHOWN,
        style=style,
        variables={**row, "rows": (row,)},
    )


@pytest.mark.parametrize("language", ["fa", "en", "fr", "ar"])
def test_every_page_has_help_that_gives_the_page_back_as_it_was(frozen: FrozenMenus, language: str) -> None:
    for name, screen in frozen.menus.screens.items():
        if isinstance(screen, EndScreen | SILENT):
            continue
        state = shows(frozen, name, language)
        helping, page = step(frozen, state, Input("0"))
        assert isinstance(page, Page), name
        assert helping.help == 0, name
        for _ in range(10):
            assert isinstance(page, Page)
            assert fits(page.text, Profile())
            if helping.help is None:
                break
            helping, page = step(frozen, helping, Input("99"))
        assert helping == state, name


@pytest.mark.parametrize("key", ["1", "0", "00", "000", "9", "x", ""])
def test_any_key_leaves_a_help_and_does_nothing_else(frozen: FrozenMenus, key: str) -> None:
    state = shows(frozen, "wallet.pin", "en")
    helping, _ = step(frozen, state, Input("0"))
    assert step(frozen, helping, Input(key))[0] == state


def test_no_key_of_navigation_is_a_legal_answer_anywhere(frozen: FrozenMenus) -> None:
    for name, screen in frozen.menus.screens.items():
        for key in (screen.keys.help, screen.keys.back, screen.keys.home):
            assert not accepts(frozen.menus, screen, key), (name, key)


def test_the_key_of_the_next_page_is_an_answer_where_there_is_none(frozen: FrozenMenus) -> None:
    state, _ = step(frozen, shows(frozen, "send.amount", "en"), Input("99"))
    assert (state.screen, state.variables["amount"]) == ("send.pin", Amount(99, "IRR", 0))


@pytest.mark.parametrize("style", [Style(), Style("latin", toman=True, easy=True)])
def test_an_option_has_the_same_number_on_every_page_and_leads_where_it_says(frozen: FrozenMenus, style: Style) -> None:
    screen = frozen.menus.screens["home.more"]
    assert isinstance(screen, MenuScreen)
    for at, option in enumerate(screen.options, 1):
        for pages in range(3):
            state = shows(frozen, "home.more", "fa", style)
            for _ in range(pages):
                state, _ = step(frozen, state, Input("99"))
            went, _ = step(frozen, state, Input(str(at)))
            assert went.screen == option.to


@pytest.mark.parametrize("language", ["fa", "en", "fr", "ar"])
def test_easy_mode_shows_at_most_four_options_a_page(frozen: FrozenMenus, language: str) -> None:
    for name, screen in frozen.menus.screens.items():
        if not isinstance(screen, MenuScreen | ListScreen):
            continue
        state = shows(frozen, name, language, Style("latin", easy=True))
        while True:
            state, reply = step(frozen, state, Input("0"))
            state, reply = step(frozen, state, Input("0"))
            assert isinstance(reply, Page)
            lines = [line for line in reply.text.split("\n") if line[:1] in "12345678" and line[1:2] == "."]
            assert len(lines) <= 4, name
            before = state
            state, reply = step(frozen, state, Input("99"))
            if state.page == before.page:
                break


def test_nine_asks_to_be_called_back_in_easy_mode_where_it_is_no_answer(frozen: FrozenMenus) -> None:
    easy = Style(easy=True)
    assert step(frozen, shows(frozen, "home.menu", "en", easy), Input("9"))[0].screen == "call_back.ask"
    assert step(frozen, shows(frozen, "home.menu", "en"), Input("9"))[0].screen == "home.menu"
    assert step(frozen, shows(frozen, "send.amount", "en", easy), Input("9"))[0].screen == "send.pin"
    rows = tuple({"id": f"i{at}", "period": "1405", "amount": Amount(5, "IRR", 0)} for at in range(9))
    state = shows(frozen, "invoices.choose", "en", easy)
    nine = State.from_json(state.to_json())
    nine = State(**{f: getattr(nine, f) for f in nine.__slots__} | {"variables": {"rows": rows}})
    assert step(frozen, nine, Input("9"))[0].screen == "invoices.pin"
    assert step(frozen, state, Input("9"))[0].screen == "call_back.ask"


@pytest.mark.parametrize(
    ("language", "style", "line"),
    [
        ("en", Style(), "Balance: 12,345,678 rials"),
        ("en", Style(toman=True), "Balance: 1,234,567.8 tomans"),
        ("fa", Style(), "موجودی: ۱۲,۳۴۵,۶۷۸ ریال"),
        ("fa", Style("latin"), "موجودی: 12,345,678 ریال"),
        ("fa", Style("latin", toman=True), "موجودی: 1,234,567.8 تومان"),
        ("ar", Style(), "الرصيد: ١٢,٣٤٥,٦٧٨ ريال"),
        ("ar", Style("latin"), "الرصيد: 12,345,678 ريال"),
        ("fr", Style(easy=True), "Vous avez 12 345 678 rials"),
    ],
)
def test_a_balance_is_shown_as_the_person_wants_it(frozen: FrozenMenus, language: str, style: Style, line: str) -> None:
    player = at_home(frozen, language, style)
    player.type("1")
    player.type("7391")
    player.answer("ok", balance=BALANCE, rows=ROWS)
    assert player.page().split("\n")[0] == line


@pytest.mark.parametrize(
    ("typed", "rials"),
    [
        ("50", 500),
        ("50.5", 505),
        ("۵۰٫۵", 505),
        ("0.5", 5),
        ("1,250", 12_500),
        ("50.55", None),
        ("0", None),
        (".", None),
    ],
)
def test_an_amount_in_toman_is_read_as_rials(frozen: FrozenMenus, typed: str, rials: int | None) -> None:
    player = at_home(frozen, "fa", Style(toman=True))
    player.type("4")
    player.type("09120000002")
    player.answer("registered", name="M***m")
    assert "تومان" in player.page()
    player.type(typed)
    assert player.state is not None
    assert player.state.variables.get("amount") == (None if rials is None else Amount(rials, "IRR", 0))


def test_an_option_sets_the_style_at_once_and_the_call_keeps_it(frozen: FrozenMenus) -> None:
    player = at_home(frozen, "en")
    for typed in ("5", "3", "3", "2"):
        player.type(typed)
    assert player.call().args == {"digits": "own", "money": "toman", "easy": "no"}
    assert player.state is not None
    assert player.state.style == Style(toman=True)


def test_lines_that_end_in_two_letters_are_counted_as_two(frozen: FrozenMenus) -> None:
    crlf = Profile(newline="\r\n")
    for language in frozen.languages:
        player = at_home(frozen, language, profile=crlf)
        assert "\r\n" in player.page()
        assert "\n" not in player.page().replace("\r\n", "")
        assert fits(player.page(), crlf)
    assert not fits("م" * 40 + "\r\n" + "م" * 39, crlf)
    assert fits("م" * 40 + "\r\n" + "م" * 38, crlf)


def test_a_wire_without_ucs2_is_answered_in_a_language_that_it_can_carry(frozen: FrozenMenus) -> None:
    player = at_home(frozen, "fa", profile=Profile(ucs2_allowed=False))
    assert player.page().startswith("1. Balance")
    assert player.state is not None
    assert player.state.language == "fa"
    for typed in ("5", "3", "1"):
        player.type(typed)
    assert player.page().split("\n")[:2] == ["1. English", "2. Francais"]
    player.type("2")
    assert player.state.language == "fr"


def test_the_smallest_of_several_profiles_fits_each() -> None:
    both = smallest([Profile(160, 80, "\r\n", hop_s=10, name="a"), Profile(182, 70, ucs2_allowed=False, name="b")])
    assert both == Profile(160, 70, "\r\n", ucs2_allowed=False, session_s=180, hop_s=10, name="a+b")
    assert smallest([]) == Profile()


def test_an_end_of_a_session_that_is_over_stays_in_its_style(frozen: FrozenMenus) -> None:
    player = at_home(frozen, "fr", Style(easy=True))
    player.type("00")
    assert player.type("1") == End("C'est fini. Il faut rappeler.")
