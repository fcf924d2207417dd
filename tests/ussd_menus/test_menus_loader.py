"""What is not well formed is refused with its place."""

from pathlib import Path

import pytest

from tests.ussd_menus.planted import Change, planted
from ussd_menus import MenusFault, load

SEND, HOUSE, ACTIONS, EN = "menus/send.toml", "menus/house.toml", "menus/actions.toml", "texts/en.toml"

REFUSED: list[tuple[Change, str, str, str]] = [
    ((SEND, 'into = "msisdn"', 'into = "msisdn"\ncolour = "red"'), "send.to", "colour", "is not known here"),
    ((SEND, 'type = "menu"', 'type = "menue"'), "send.offer_code", "type", "is none of menu, list"),
    ((SEND, 'kind = "msisdn"', 'kind = "phone"'), "send.to", "kind", "is none of text, digits"),
    ((SEND, 'type = "action"\n', ""), "send.payee", "type", "must be a text"),
    ((SEND, 'into = "msisdn"', "into = 5"), "send.to", "into", "must be a text"),
    ((SEND, 'to = "payee"\n', ""), "send.to", "to", "must be a text"),
    ((SEND, "options = [{", "options = [[{"), "", "", "cannot be read"),
    (
        (SEND, 'options = [{ text = "with_code", to = "code_amount" }]', "options = []"),
        "send.offer_code",
        "options",
        "list",
    ),
    ((SEND, '{ text = "with_code", to', '{ text = "with_code", go = "x", to'), "send.offer_code", "go", "not known"),
    ((SEND, 'note = "self" }', 'note = "self", bell = true }'), "send.payee", "bell", "is not known here"),
    ((SEND, 'home = "home.menu"', 'homes = "home.menu"'), "", "homes", "is not known here"),
    ((SEND, "", "stray = 1\n"), "send.code_made", "stray", "is not known here"),
    ((HOUSE, "invalid_max = 3", "invalid_max = -3"), "", "invalid_max", "must be a whole number"),
    ((HOUSE, 'entry = "entry.status"', ""), "", "entry", "must be a text"),
    ((HOUSE, '"fr", "ar"]', '"ar"]'), "", "languages", "does not name fr"),
    ((HOUSE, '"fr", "ar"]', '"fr", "ar", "xx"]'), "", "", "cannot be read"),
    (
        (
            ACTIONS,
            'code = { type = "text", max = 10, sensitive = true }',
            'code = { type = "text", max = 10, secret = true }',
        ),
        "code",
        "secret",
        "is not known here",
    ),
    (
        (ACTIONS, 'minutes = { type = "number", max = 3 }', 'minutes = { type = "number" }'),
        "minutes",
        "max",
        "how long",
    ),
    ((ACTIONS, "rows_max = 5", ""), "wallet.see", "row", "rows_max"),
    (
        (ACTIONS, "on = { code_sent = [], too_many = [] }", "on = { code_sent = 1 }"),
        "enrol.resend",
        "on",
        "list of values",
    ),
    ((ACTIONS, "[words]", "[wordz]\n[words]"), "", "wordz", "is not known here"),
    ((EN, 'alphabet = "gsm"', 'alphabet = "ascii"'), "", "alphabet", "is none of gsm, ucs2"),
    ((EN, 'more = "More"', "more = 5"), "nav", "more", "must be a text"),
    ((EN, 'exit = "Exit"', 'exit = ""'), "nav", "exit", "must be a text"),
    ((EN, 'exit = "Exit"', 'exit = " "'), "nav", "exit", "says nothing"),
    ((EN, 'exit = "Exit"', 'exit = "Ex\\u0000it"'), "nav", "exit", "control letter"),
    (
        (SEND, 'kind = "msisdn"', 'kind = "msisdn"\nlength_max = 9'),
        "send.to",
        "length_max",
        "of kind text or digits only",
    ),
    ((SEND, 'kind = "amount"', 'kind = "amount"\nleast = 9'), "send.amount", "least", "of kind number only"),
    (("menus/wallet.toml", 'key = "7"', 'key = "۷"'), "wallet.went_out", "key", "keys 0 to 9"),
    (("menus/wallet.toml", 'key = "7"', 'key = "7#"'), "wallet.went_out", "key", "keys 0 to 9"),
    ((HOUSE, 'back = "00"', 'back = "۰۰"'), "", "back", "keys 0 to 9"),
]


@pytest.mark.parametrize(("change", "screen", "key", "why"), REFUSED, ids=[f"{row[1]}-{row[2]}" for row in REFUSED])
def test_what_is_not_well_formed_is_refused_with_its_place(
    tmp_path: Path, change: Change, screen: str, key: str, why: str
) -> None:
    folder = planted(tmp_path, change)
    with pytest.raises(MenusFault) as refused:
        load(folder)
    found = next(one for one in refused.value.findings if why in one.fix and key in one.fix)
    assert (found.rule, found.screen if screen else "") == ("form", screen)


def test_a_key_is_found_on_its_line(tmp_path: Path) -> None:
    folder = planted(tmp_path, (SEND, 'kind = "msisdn"', 'kind = "phone"'))
    with pytest.raises(MenusFault) as refused:
        load(folder)
    (found,) = refused.value.findings
    assert (folder / SEND).read_text("utf-8").split("\n")[found.line - 1] == 'kind = "phone"'


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    folder = planted(tmp_path, (SEND, 'kind = "msisdn"', 'kind = "x"'), (EN, 'alphabet = "gsm"', 'alphabet = "y"'))
    with pytest.raises(MenusFault) as refused:
        load(folder)
    assert [found.file for found in refused.value.findings] == [SEND, EN]


def test_a_folder_without_menus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MenusFault, match="cannot be read"):
        load(tmp_path)
