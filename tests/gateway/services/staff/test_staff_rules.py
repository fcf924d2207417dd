"""Rules of the staff without a database."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.staff.passwords import Passwords
from gateway.services.staff.rules import expiry, lock_s, password_fits, totp_step, username_of

NOW = datetime(2026, 11, 22, 8, 0, 10, tzinfo=UTC)
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("officer", "officer"),
        ("  Officer.One ", "officer.one"),
        ("ＯＦＦＩＣＥＲ", "officer"),
        ("a", None),
        (".hidden", None),
        ("two words", None),
        ("x" * 41, None),
        ("o'fficer", None),
        ("", None),
    ],
)
def test_a_user_name_has_one_form(text: str, name: str | None) -> None:
    assert username_of(text) == name


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("correct horse battery", True),
        ("short", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("officer-2026-officer", False),
        ("گذرواژهٔ بلند و خوب", True),
        ("x" * 201, False),
    ],
)
def test_a_password_is_long_varied_and_not_the_name(password: str, *, fits: bool) -> None:
    assert password_fits("officer", password) is fits


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (12, 3600), (900, 3600)])
def test_a_lock_grows_from_the_fifth_failure(failures: int, seconds: int) -> None:
    assert lock_s(failures) == seconds


@given(st.integers(0, 2000))
def test_a_lock_never_shrinks_with_more_failures(failures: int) -> None:
    assert lock_s(failures) <= lock_s(failures + 1)


@pytest.mark.parametrize(("off_s", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_taken_one_step_early_or_late(off_s: int, *, accepted: bool) -> None:
    code = pyotp.TOTP(SEED).at(NOW + timedelta(seconds=off_s))
    assert (totp_step(SEED, code, NOW) is not None) is accepted


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "۱۲۳۴۵۶", "\ud800"[:0] + "é"])
def test_what_is_no_code_is_refused_quietly(code: str) -> None:
    assert totp_step(SEED, code, NOW) is None


def test_a_busy_sign_in_still_ends_after_twelve_hours() -> None:
    assert expiry(NOW, NOW + timedelta(hours=11, minutes=50), timedelta(hours=1)) == NOW + timedelta(hours=12)


async def test_a_hash_is_argon2id_with_64_mib_and_takes_only_its_password() -> None:
    passwords = Passwords()
    phc = await passwords.hash("correct horse battery")
    assert phc.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert await passwords.check("correct horse battery", phc)
    assert not await passwords.check("correct horse batterz", phc)
    passwords.close()
