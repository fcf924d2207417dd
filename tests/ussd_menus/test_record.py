"""Transcripts are recorded without secrets and play back as they are."""

import pytest

from ussd_menus import FrozenMenus
from ussd_menus.record import record, replay

BALANCE = ("< active | name=Maryam", "1", "7391")


def test_a_recorded_transcript_plays_back_byte_for_byte(frozen: FrozenMenus) -> None:
    transcript = record(frozen, "Balance", "en", BALANCE)
    assert replay(frozen, transcript) == transcript
    assert "> ****\n! wallet.see() pin=*** #3" in transcript
    assert "| Balance: 250,000 rials" in transcript


def test_no_typed_secret_and_no_sensitive_value_is_written(frozen: FrozenMenus) -> None:
    inputs = ("< active | name=Maryam", "5", "2", "۷۳۹۱", "< ok | code=48392011 | minutes=10")
    transcript = record(frozen, "Tap", "en", inputs)
    assert not {"7391", "۷۳۹۱", "48392011"} & set(transcript.split())
    assert "48392011" not in transcript
    assert replay(frozen, transcript) == transcript


def test_a_key_of_navigation_is_written_as_it_is_typed(frozen: FrozenMenus) -> None:
    assert "\n> 00\nCON" in record(frozen, "Back", "en", ("< active | name=A", "1", "00"))


@pytest.mark.parametrize(
    ("language", "inputs", "why"),
    [
        ("xx", (), "# language"),
        ("en", ("< active | name=A", "< ok"), "no call waits for ok"),
        ("en", ("< active",), "has the values name"),
        ("en", ("< actively | name=A",), "answers unknown, "),
    ],
)
def test_what_cannot_be_played_is_refused(
    frozen: FrozenMenus, language: str, inputs: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        record(frozen, "Wrong", language, inputs)


def test_a_call_that_nobody_answers_gets_a_sample(frozen: FrozenMenus) -> None:
    transcript = record(frozen, "Sample", "en", ("< active | name=A", "1", "7391"))
    assert "< ok | balance=250000 | rows=Sample,2026-11-22,opening,250000,+;" in transcript


def test_a_transcript_that_types_while_a_call_waits_is_refused(frozen: FrozenMenus) -> None:
    with pytest.raises(ValueError, match=r"a call of person\.status waits"):
        replay(frozen, "# language en\n\n> dial\n\n> 1\n")
