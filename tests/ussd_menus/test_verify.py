"""Planted defects are found, sound menus are left alone."""

from pathlib import Path

import pytest

from tests.ussd_menus.planted import Change, planted
from ussd_menus import Finding, Menus, MenusFault, Profile, freeze, load, verify

SEND, ENROL, HOME, PIN = "menus/send.toml", "menus/enrol.toml", "menus/home.toml", "menus/pin.toml"
ACTIONS, BENEFITS, WALLET = "menus/actions.toml", "menus/benefits.toml", "menus/wallet.toml"
INVOICES, PHONE, HOUSE = "menus/invoices.toml", "menus/phone.toml", "menus/house.toml"
REDEEM = "menus/redeem.toml"
EN, FA, FR = "texts/en.toml", "texts/fa.toml", "texts/fr.toml"

LOST = '[lost]\ntype = "end"\ntext = "home.bye"\n'
TRAP = '[trap]\ntype = "menu"\ntext = "home.bye"\noptions = [{ text = "home.send", to = "trap" }]\n'
CELL = '[cell]\ntype = "pages"\ntext = "home.bye"\n'
TWICE = 'to = "again"\n\n[again]\ntype = "confirm"\nkey = "1"\ntext = "benefits.none"\nto = "claim"\n'
ROUND = '[round]\ntype = "action"\ncall = "person.language"\non.ok = "round"\non.slow = "faults.slow"\n'

PLANTED: list[tuple[str, str, str, Change]] = [
    ("missing-target", "home.menu", "", (HOME, 'to = "send.to"', 'to = "send.whom"')),
    ("missing-target", "send.amount", "", (SEND, 'back = "to"\nto = "pin"', 'back = "tu"\nto = "pin"')),
    ("missing-target", "", "", (HOUSE, 'slow = "faults.slow"', 'slow = "faults.snail"')),
    ("unreachable", "send.lost", "", (SEND, "", LOST)),
    ("dead-end", "enrol.cell", "", (ENROL, 'on.too_many = "too_many"', 'on.too_many = "cell"')),
    (
        "loop-without-exit",
        "pin.trap",
        "",
        (PIN, 'on.trivial = { to = "choose", note = "trivial" }', 'on.trivial = "trap"'),
    ),
    ("loop-without-exit", "home.round", "", (HOME, 'to = "redeem.code"', 'to = "round"')),
    ("missing-branch", "send.pin", "", (SEND, 'on.changed = "changed"\n', "")),
    ("missing-branch", "pin.choose", "", (ACTIONS, "trivial = [], bad_form", "trivial = [], reused = [], bad_form")),
    ("unknown-outcome", "send.payee", "", (SEND, "on.self =", "on.myself =")),
    ("unknown-action", "send.payee", "", (SEND, 'call = "payments.payee"', 'call = "payments.payer"')),
    ("secret-count", "send.payee", "", (SEND, 'call = "payments.payee"', 'call = "payments.send"')),
    (
        "note-lost",
        "redeem.code",
        "",
        (REDEEM, 'on.expired = "expired"', 'on.expired = { to = "invoices.find", note = "expired" }'),
    ),
    ("undefined-variable", "send.pin", "", (SEND, 'on.unregistered = "offer_code"', 'on.unregistered = "amount"')),
    (
        "undefined-variable",
        "send.sent",
        "",
        (ACTIONS, '.send".on]\nok = ["reference", "balance"]', '.send".on]\nok = ["balance"]'),
    ),
    (
        "undefined-variable",
        "wallet.pin",
        "",
        (ACTIONS, '"rows"], wrong_pin = ["tries_left"]', '"rows"], wrong_pin = []'),
    ),
    ("undefined-variable", "benefits.claim", "", (BENEFITS, 'into = "last_day"', 'into = "day"')),
    ("undefined-variable", "benefits.claims", "", (ACTIONS, 'row = ["number", "state"]', 'row = ["number", "period"]')),
    ("unknown-word", "payments.payee", "", (ACTIONS, 'registered = ["name"]', 'registered = ["nickname"]')),
    ("unknown-word", "send.sent", "en", (EN, "Sent: {amount}", "Sent: {sum}")),
    ("type-mismatch", "send.amount", "", (SEND, 'kind = "amount"', 'kind = "digits"')),
    (
        "type-mismatch",
        "send.to",
        "",
        (ACTIONS, 'msisdn = { type = "text", max = 13', 'msisdn = { type = "text", max = 12'),
    ),
    ("type-mismatch", "invoices.choose", "", (INVOICES, 'period = "period"', 'period = "amount"')),
    ("type-mismatch", "", "", (HOUSE, 'slow = "faults.slow"', 'slow = "home.menu"')),
    (
        "sensitive-shown",
        "phone.code",
        "",
        (PHONE, '[code]\ntype = "end"', '[code]\ntype = "pages"\nback = "home.menu"'),
    ),
    ("sensitive-kept", "send.to", "", (SEND, 'into = "msisdn"', 'into = "code"')),
    ("shadowed-key", "home.menu", "", (HOUSE, 'back = "00"', 'back = "2"')),
    ("shadowed-key", "invoices.choose", "", (HOUSE, 'next = "99"', 'next = "9"')),
    ("shadowed-key", "wallet.pin", "", (HOUSE, 'home = "000"', 'home = "0000"')),
    ("shadowed-key", "benefits.confirm", "", (BENEFITS, 'key = "1"', 'key = "0"')),
    ("shadowed-key", "", "", (HOUSE, 'home = "000"', 'home = "0"')),
    ("confirm-key", "benefits.again", "", (BENEFITS, 'to = "claim"\n', TWICE)),
    ("confirm-key", "benefits.confirm", "", (BENEFITS, 'to = "first_day" },\n', 'to = "confirm" },\n')),
    ("translation-missing", "send.to", "fr", (FR, 'to = "À quel numéro de mobile ?"\n', "")),
    ("translation-missing", "", "fa", (FA, 'IRR = "ریال"\n', "")),
    ("translation-missing", "", "en", (EN, 'tap_refund = "refund"\n', "")),
    ("translation-missing", "", "en", (FR, "", '[lonely]\nword = "seul"\n')),
    ("placeholders-differ", "send.sent", "fa", (FA, 'sent = "ارسال شد: {amount:bare}\\n', 'sent = "ارسال شد\\n')),
    ("placeholder-form", "home.menu", "en", (EN, 'send = "Send money"', 'send = "Send {amount}"')),
    ("placeholder-form", "send.payee", "en", (EN, "your own number.", "your own {Number.")),
    ("placeholder-form", "wallet.movements", "fr", (FR, "{day:short}", "{day:bare}")),
    ("page-too-long", "home.more", "fa", (FA, 'redeem = "کد دریافت پول دارم"', f'redeem = "{"کد دریافت پول " * 5}"')),
    ("page-too-long", "enrol.code_sent", "en", (EN, "We sent you a code by SMS.", "We sent you a code by SMS. " * 6)),
    (
        "page-too-long",
        "send.pin",
        "fa",
        (ACTIONS, 'name = { type = "text", max = 12', 'name = { type = "text", max = 27'),
    ),
    ("page-too-long", "send.pin", "fa", (FA, 'secret = "رمز ۴ رقم است."', 'secret = "رمز شما باید درست ۴ رقم باشد."')),
]


@pytest.mark.parametrize(
    ("rule", "screen", "language", "change"), PLANTED, ids=[f"{row[0]}-{row[1] or row[3][0]}" for row in PLANTED]
)
def test_a_planted_defect_is_found_where_it_is(
    tmp_path: Path, rule: str, screen: str, language: str, change: Change
) -> None:
    extra: list[Change] = []
    if "cell" in change[2]:
        extra = [(ENROL, "", CELL)]
    if "trap" in change[2]:
        extra = [(PIN, "", TRAP)]
    if "round" in change[2]:
        extra = [(HOME, "", ROUND)]
    menus = load(planted(tmp_path, change, *extra))
    findings = verify(menus, Profile())
    assert (rule, language) in {(found.rule, found.language) for found in findings if screen in {"", found.screen}}
    assert all((tmp_path / found.file).exists() and found.line >= 1 and found.fix for found in findings)


def test_sound_menus_have_no_finding(menus: Menus) -> None:
    assert verify(menus, Profile()) == []


@pytest.mark.parametrize("profile", [Profile(160, 80), Profile(182, 80)])
def test_the_shipped_menus_fit_the_smaller_networks_too(menus: Menus, profile: Profile) -> None:
    assert verify(menus, profile) == []


def test_a_smaller_profile_finds_what_no_longer_fits(menus: Menus) -> None:
    rules = {found.rule for found in verify(menus, Profile(182, 70))}
    assert rules == {"page-too-long"}


def test_a_finding_names_file_line_screen_and_language(tmp_path: Path) -> None:
    folder = planted(tmp_path, (FR, 'self = "C’est votre propre numéro."\n', ""))
    (found,) = verify(load(folder), Profile())
    assert str(found) == "texts/fr.toml:148 send.payee [fr] translation-missing: write send.self"
    folder = planted(tmp_path / "second", (SEND, 'back = "amount"', 'back = "count"'))
    lines = (folder / SEND).read_text("utf-8").split("\n")
    missing = next(found for found in verify(load(folder), Profile()) if found.rule == "missing-target")
    assert lines[missing.line - 1] == 'back = "count"'


def test_unsound_menus_are_never_frozen(tmp_path: Path) -> None:
    menus = load(planted(tmp_path, (SEND, "", LOST)))
    with pytest.raises(MenusFault, match="unreachable"):
        freeze(menus)


def test_the_version_follows_the_content(tmp_path: Path, menus: Menus) -> None:
    same = load(planted(tmp_path / "same"))
    other = load(planted(tmp_path / "other", (EN, 'more = "More"', 'more = "Go on"')))
    assert (same.version == menus.version, other.version == menus.version) == (True, False)


def test_findings_sort_by_file_and_line() -> None:
    assert Finding("a", 2, "", "", "x", "") < Finding("b", 1, "", "", "x", "")
