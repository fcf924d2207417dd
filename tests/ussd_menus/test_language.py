"""Screens that lead elsewhere, answers of every kind, and what is sensitive, each in menus of its own."""

import pytest

from tests.ussd_menus.player import Player
from tests.ussd_menus.trial import ENGLISH, trial
from ussd_menus import Amount, Call, End, FrozenMenus, Input, Page, State, Value
from ussd_menus.passing import route
from ussd_menus.plurals import CATEGORIES, category
from ussd_menus.screens import STACK_MAX, RouterScreen

SUBFLOWS = """
[first]
type = "subflow"
flow = "ask"
on.yes = { to = "done", note = "agreed" }
on.no = "first_again"
[first_again]
type = "subflow"
flow = "outer"
on.yes = "done"
[outer]
type = "subflow"
flow = "ask"
on.yes = "out"
on.no = "outer"
[out]
type = "return"
result = "yes"
[ask]
type = "menu"
options = [{ text = "y", to = "say_yes" }, { text = "n", to = "say_no" }]
[say_yes]
type = "return"
result = "yes"
[say_no]
type = "return"
result = "no"
[done]
type = "pages"
back = "first"
"""
SAID = 'ask = "Sure?"\ny = "Yes"\nn = "No"\ndone = "Done."\nagreed = "You agreed."\n'


def at_trial(frozen: FrozenMenus) -> Player:
    player = Player(frozen, "en")
    player.dial()
    player.type("1")
    return player


def stack(player: Player) -> tuple[str, ...]:
    assert player.state is not None
    return player.state.stack


def test_a_subflow_comes_back_to_where_it_was_called_from_with_its_note() -> None:
    player = at_trial(trial(SUBFLOWS, SAID, ""))
    assert (player.page().split("\n")[0], stack(player)) == ("Sure?", ("trial.first",))
    player.type("1")
    assert (player.page().split("\n")[:2], stack(player)) == (["You agreed.", "Done."], ())


def test_a_subflow_inside_a_subflow_comes_back_step_by_step() -> None:
    player = at_trial(trial(SUBFLOWS, SAID, ""))
    player.type("2")
    assert stack(player) == ("trial.first_again", "trial.outer")
    player.type("1")
    assert (player.page().split("\n")[0], stack(player)) == ("Done.", ())


def test_going_round_does_not_let_the_stack_grow() -> None:
    player = at_trial(trial(SUBFLOWS, SAID, ""))
    for _ in range(20):
        player.type("2")
    assert stack(player) == ("trial.first_again", "trial.outer")
    assert len(stack(player)) <= STACK_MAX


def test_the_home_key_leaves_every_subflow() -> None:
    player = at_trial(trial(SUBFLOWS, SAID, ""))
    player.type("2")
    player.type("000")
    assert (player.page().split("\n")[0], stack(player)) == ("Menu", ())


ROUTER = RouterScreen(name="r", file="f", line=1, text="", by="x", steps=((10, "few"), (100, "some")), otherwise="many")


@pytest.mark.parametrize(
    ("value", "to"),
    [(0, "few"), (9, "few"), (10, "some"), (99, "some"), (100, "many"), (Amount(9, "IRR", 0), "few")],
)
def test_a_router_takes_the_first_step_that_is_above(value: Value, to: str) -> None:
    assert route(ROUTER, {"x": value}) == to


@pytest.mark.parametrize(("word", "to"), [("a", "A"), ("other", "O"), ("never_seen", "O")])
def test_a_router_leads_a_word_that_its_list_does_not_know_where_other_leads(word: str, to: str) -> None:
    router = RouterScreen(name="r", file="f", line=1, text="", by="x", cases={"a": "A", "other": "O"})
    assert route(router, {"x": word}) == to


ANSWERS = """
[first]
type = "input"
kind = "number"
least = 2
most = 40
into = "count"
to = "account"
[account]
type = "input"
kind = "iban"
into = "iban"
to = "info"
[info]
type = "info"
to = "secret_word"
[secret_word]
type = "input"
kind = "text"
into = "word"
sensitive = true
to = "keep"
[keep]
type = "action"
call = "trial.keep"
on.ok = "kept"
[kept]
type = "end"
sms = "letter"
"""
ASKED = """
first = "How many?"
account = "Account?"
info = "{count} for {iban}"
secret_word = "Word?"
kept = "Kept."
letter = { by = "count", one = "{count} thing is kept for {iban}.", other = "{count} things are kept for {iban}." }
"""
WORDS = """
count = { type = "number", max = 2 }
iban = { type = "text", max = 26 }
word = { type = "text", max = 20, sensitive = true }
"""
KEEP = '[actions."trial.keep"]\nargs = ["count"]\nsecrets = ["word"]\non = { ok = [] }\n'
IBAN = "IR062960000000100324200001"


def answering() -> Player:
    return at_trial(trial(ANSWERS, ASKED, WORDS, KEEP))


@pytest.mark.parametrize("typed", ["1", "41", "-3", "2.5", "²", "two", "99999999999999999999"])
def test_a_number_outside_its_bounds_is_not_taken(typed: str) -> None:
    player = answering()
    player.type(typed)
    assert player.page().startswith("No number.\nHow many?")


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (IBAN, True),
        ("06 2960 0000 0010 0324 2000 01", True),
        ("ir06-2960-0000-0010-0324-2000-01", True),
        ("۰۶۲۹۶۰۰۰۰۰۰۰۱۰۰۳۲۴۲۰۰۰۰۱", True),
        ("IR072960000000100324200001", False),
        ("IR06296000000010032420000", False),
        ("DE062960000000100324200001", False),
        ("IR0629600000001003242000²1", False),
    ],
)
def test_an_account_number_is_checked_as_iso_7064_says(typed: str, *, taken: bool) -> None:
    player = answering()
    player.type("٣")
    player.type(typed)
    assert player.page().startswith(f"3 for {IBAN}\n1. Go on" if taken else "No IBAN.")


def test_a_sensitive_answer_is_in_its_call_and_nowhere_else_and_its_page_is_sensitive() -> None:
    player = answering()
    for typed in ("1x", "12", IBAN, "1"):
        player.type(typed)
    assert isinstance(player.reply, Page)
    assert player.reply.sensitive
    player.type("swordfish")
    call = player.call()
    assert (call.args, call.secrets) == ({"count": 12}, {"word": "swordfish"})
    assert "swordfish" not in str(player.state) + repr(call)


def test_an_end_says_what_goes_by_sms_in_the_form_of_its_number() -> None:
    player = answering()
    for typed in ("12", IBAN, "1", "swordfish"):
        player.type(typed)
    assert player.answer("ok") == End("Kept.", sms=f"12 things are kept for {IBAN}.")


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("en", {0: "other", 1: "one", 2: "other", 21: "other"}),
        ("fr", {0: "one", 1: "one", 2: "other"}),
        ("fa", {0: "one", 1: "one", 2: "other", 11: "other"}),
        ("ar", {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 103: "few"}),
        ("xx", {1: "other"}),
    ],
)
def test_the_form_of_a_number_is_that_of_its_language(language: str, numbers: dict[int, str]) -> None:
    assert {number: category(language, number) for number in numbers} == numbers
    assert set(numbers.values()) <= set(CATEGORIES.get(language, ("other",)))


INCLUDING = '[dialogue]\ninclude = ["common"]\n[first]\ntype = "info"\nto = "ask"\ntext = "home.go"\n'
INCLUDED = '[ask]\ntype = "info"\nto = "end"\n[end]\ntype = "end"\n'


def test_a_fragment_is_a_part_of_each_dialogue_and_its_texts_are_written_once() -> None:
    frozen = trial(
        "",
        "",
        "",
        more={
            "menus/trial.toml": INCLUDING,
            "menus/fragments/common.toml": INCLUDED,
            "texts/en.toml": ENGLISH + '[common]\nask = "Shared."\nend = "Shared end."\n',
        },
    )
    player = at_trial(frozen)
    player.type("1")
    assert player.page().startswith("Shared.")
    assert {"trial.ask", "trial.end"} <= set(frozen.menus.screens)
    assert frozen.menus.screens["trial.ask"].file == "menus/fragments/common.toml"


def test_what_is_agreed_to_has_its_number_when_the_page_is_rendered(frozen: FrozenMenus) -> None:
    player = Player(frozen, "en")
    player.dial()
    player.answer("active", "en", name="A")
    player.type("1")

    def number(*typed: str) -> int:
        state = State.from_json(player.state.to_json()) if player.state else None
        assert state is not None
        for one in typed:
            player.type(one)
        found = player.call().number
        player.state = state
        return found

    first = number("7391")
    assert number("7391") == first, "the same press again"
    assert number("73", "7391") == first, "an error shows the same page"
    assert number("0", "5", "7391") == first, "and so does help"
    assert number("00", "1", "7391") > first, "a page that was entered anew is another agreement"


def test_two_sessions_that_overlap_never_see_each_other(frozen: FrozenMenus) -> None:
    def person(name: str) -> list[str]:
        return ["dial", f"name {name}", "4", "09120000002", f"payee {name}", "500", "7391"]

    def play(*plays: tuple[Player, str]) -> None:
        for player, what in plays:
            verb, _, rest = what.partition(" ")
            if verb == "dial":
                player.dial()
            elif verb == "name":
                player.answer("active", "en", name=rest)
            elif verb == "payee":
                player.answer("registered", name=rest)
            else:
                player.type(what)

    alone = Player(frozen, "en")
    play(*((alone, what) for what in person("ALICE")))
    one, two = Player(frozen, "en"), Player(frozen, "en")
    for mine, other in zip(person("ALICE"), person("BOB"), strict=True):
        play((one, mine), (two, other))
        assert "BOB" not in str(one.state)
        assert "ALICE" not in str(two.state)
    assert (one.state, one.reply) == (alone.state, alone.reply)
    assert isinstance(one.reply, Call)


def test_an_input_hides_what_was_typed() -> None:
    assert "7391" not in repr(Input("7391"))
