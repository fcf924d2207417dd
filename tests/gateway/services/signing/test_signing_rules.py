"""Who may sign, what is signed, and what a phone shows: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.languages import LANGUAGES
from gateway.services.approvals import StandIn
from gateway.services.signing import DocumentState, Need, StartOutcome, digits_of
from gateway.services.signing.rules import (
    CODE_LETTERS,
    SHOWN_MAX,
    TEXT_MAX,
    Hand,
    Named,
    Paper,
    in_whose_name,
    missing,
    new_code,
    showable,
    shown_text,
    tidy,
    to_sign,
    well_formed,
)
from gateway.services.signing.texts import TEXTS, phone_text
from tests.gateway.services.signing.office import paper

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROLE, NONE = frozenset({"signatory"}), frozenset[str]()
OPEN = Paper(DocumentState.WAITING, Need.TWO_MOBILE, ROLE, frozenset({"mia"}), NOW + timedelta(days=1))
SUE = Hand("sue", ROLE)
IVO_FOR_SUE = Hand("ivo", NONE, [StandIn("sue", ROLE)], {"sue"})
Outcome = StartOutcome


@pytest.mark.parametrize(
    ("sheet", "hand", "said"),
    [
        (OPEN, SUE, Named("sue")),
        (OPEN, IVO_FOR_SUE, Named("sue")),
        (OPEN, replace(IVO_FOR_SUE, roles=ROLE), Named("ivo")),
        (OPEN, Hand("ivo", NONE), Outcome.ROLE_MISSING),
        (OPEN, Hand("ivo", NONE, [StandIn("sue", NONE)], {"sue"}), Outcome.ROLE_MISSING),
        (replace(OPEN, signed=[("sue", "sue")]), SUE, Outcome.ALREADY_SIGNED),
        (replace(OPEN, signed=[("sue", "sue")]), IVO_FOR_SUE, Outcome.ALREADY_SIGNED),
        (replace(OPEN, signed=[("ivo", "sue")]), SUE, Outcome.ALREADY_SIGNED),
        (replace(OPEN, signed=[("ivo", "sam")]), IVO_FOR_SUE, Outcome.ALREADY_SIGNED),
        (replace(OPEN, signed=[("sam", "sam")]), SUE, Named("sue")),
        (replace(OPEN, state=DocumentState.SIGNED), SUE, Outcome.NOT_WAITING),
        (replace(OPEN, state=DocumentState.VOID), SUE, Outcome.NOT_WAITING),
        (replace(OPEN, state=DocumentState.EXPIRED), SUE, Outcome.EXPIRED),
        (replace(OPEN, expires_at=NOW), SUE, Outcome.EXPIRED),
        (OPEN, Hand("mia", ROLE), Outcome.MADE_IT),
        (OPEN, Hand("sam", ROLE, [], {"mia"}), Outcome.STANDS_IN_FOR_MAKER),
        (OPEN, Hand("ivo", NONE, [StandIn("sue", ROLE)], {"sue", "mia"}), Outcome.STANDS_IN_FOR_MAKER),
        (OPEN, replace(SUE, ones=frozenset({"sue"})), Outcome.STANDS_IN_FOR_MAKER),
        (OPEN, replace(IVO_FOR_SUE, ones=frozenset({"sue"})), Outcome.STANDS_IN_FOR_MAKER),
    ],
)
def test_who_may_sign(sheet: Paper, hand: Hand, said: StartOutcome | Named) -> None:
    assert in_whose_name(sheet, hand, NOW) == said


@pytest.mark.parametrize(
    ("need", "signed", "number"),
    [(Need.NONE, 0, 0), (Need.PIN, 0, 1), (Need.MOBILE, 1, 0), (Need.TWO_MOBILE, 1, 1), (Need.TWO_MOBILE, 2, 0)],
)
def test_how_many_are_missing(need: Need, signed: int, number: int) -> None:
    assert missing(replace(OPEN, need=need, signed=[(str(n), str(n)) for n in range(signed)])) == number


PARTS = st.tuples(st.text(max_size=9), st.text(max_size=9), st.binary(max_size=9), st.text(max_size=9))


@given(PARTS, PARTS)
@settings(max_examples=60)
def test_one_signature_fits_one_document_and_one_text(
    one: tuple[str, str, bytes, str], two: tuple[str, str, bytes, str]
) -> None:
    assert (to_sign(*one) == to_sign(*two)) == (one == two)


def test_parts_that_run_together_are_told_apart() -> None:
    assert to_sign("ab", "c", b"", "") != to_sign("a", "bc", b"", "")
    assert to_sign("a", "b", b"c", "") != to_sign("a", "b", b"", "c")


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=TEXT_MAX), st.binary(min_size=32, max_size=32)
)
@settings(max_examples=60)
def test_any_phone_shows_the_whole_text_with_digits_and_code(text: str, digest: bytes) -> None:
    shown = shown_text({"en": text}, "fa", digits_of(digest), new_code())

    assert len(shown) <= SHOWN_MAX
    assert digest.hex()[:8].upper() in shown


def test_codes_have_no_letters_that_look_alike() -> None:
    assert CODE_LETTERS.isalpha()
    assert not set("ILO") & set(CODE_LETTERS)
    assert len({new_code() for _ in range(50)}) > 40


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("SSO: pay 3", True),
        ("پرداخت به ۳ نفر", True),
        ("می‌پردازد", True),
        ("1 240 000 IRR", True),
        ("", False),
        ("pay 3\nor 4", False),
        ("pay \u202e3", False),
        ("pay\x003", False),
        ("pay\u200b3", False),
    ],
)
def test_a_text_that_does_not_show_as_it_is_is_not_signed(text: str, shows: bool) -> None:  # noqa: FBT001 - a table
    assert showable(text) is shows
    assert well_formed(replace(paper(), texts={"en": text})) is shows


def test_a_title_shows_as_it_is_whatever_was_put_into_it() -> None:
    assert tidy("B7\u202e\n evil") == "B7 evil"
    assert tidy("\n") == "-"
    assert len(tidy("x" * 999)) == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": b"short"},
        {"texts": {"fa": "پرداخت"}},
        {"texts": {"en": "x" * (TEXT_MAX + 1)}},
        {"roles": frozenset()},
    ],
)
def test_what_a_service_made_wrongly_is_found(wrong: dict[str, object]) -> None:
    assert not well_formed(replace(paper(), **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_phones_of_staff_are_spoken_to_in_every_language(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    for name in TEXTS[language]:
        text = phone_text(name, language, code="TXN-3D5K")
        assert len(text) <= SHOWN_MAX, (language, name)
        assert "TXN-3D5K" in text
        assert showable(text)
