"""The terms of signature services: what fits a phone, what a transaction may be called, names of the standard."""

from datetime import datetime, timedelta, timezone

import pytest

from gateway.wire.mss import (
    MESSAGES,
    Additional,
    ApInfo,
    Form,
    Format,
    JsonForm,
    SoapForm,
    fits,
    is_transaction_id,
    prefixed,
    room_for,
)
from gateway.wire.mss.terms import FICOM_NS, MSS_NS

FORMS: dict[str, Form] = {"json": JsonForm(), "soap": SoapForm()}


@pytest.mark.parametrize(
    ("text", "length", "room", "whole"),
    [
        ("a" * 239, 239, 239, True),
        ("a" * 240, 240, 239, False),
        ("€" * 120, 240, 239, False),
        ("س" * 119, 119, 119, True),
        ("س" * 120, 120, 119, False),
        ("ç" + "a" * 118, 119, 119, True),
        ("ç" + "a" * 119, 120, 119, False),
        ("😀" * 60, 120, 119, False),
        ("", 0, 239, False),
    ],
)
def test_a_phone_shows_a_text_as_long_as_its_letters_let_it(text: str, length: int, room: int, *, whole: bool) -> None:
    assert room_for(text) == (length, room)
    assert fits(text) is whole


@pytest.mark.parametrize(
    ("text", "good"),
    [("A1", True), ("_a.b-c", True), ("sgn_01K3", True), ("1A", False), ("a:b", False), ("", False), ("آ", False),
     ("a" * 64, True), ("a" * 65, False), ("a\n", False)],
)  # fmt: skip
def test_a_transaction_id_begins_with_a_letter(text: str, *, good: bool) -> None:
    assert is_transaction_id(text) is good


def test_a_text_gets_our_prefix_once() -> None:
    assert prefixed("SSO: ", "pay?") == prefixed("SSO: ", "SSO: pay?") == "SSO: pay?"


def test_an_instant_is_written_in_utc_with_its_zone() -> None:
    moment = datetime(2026, 1, 1, 3, 30, 0, 123_456, timezone(timedelta(hours=3, minutes=30)))
    info = ApInfo(ap_id="a", trans_id="b", instant=moment)

    assert info.model_dump(by_alias=True)["Instant"] == "2026-01-01T00:00:00.123Z"


def test_names_and_namespaces_are_those_of_the_standard() -> None:
    assert {kind.NAME for kind in MESSAGES} == {
        f"MSS_{name}{end}" for name in ("Signature", "Status", "Profile", "Receipt") for end in ("Req", "Resp")
    }
    assert Format.CMS.value == f"{MSS_NS}CMS-Signature"
    assert Additional.USER_LANG.value == f"{FICOM_NS}userLang"
    assert {FORMS["json"].path(kind) for kind in MESSAGES} == {
        f"/rest/service/{name}" for name in ("sign", "status", "profile", "receipt")
    }
