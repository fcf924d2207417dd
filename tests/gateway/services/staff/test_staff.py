"""Accounts and sign-ins, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from gateway.errors import Overloaded
from gateway.keys import SoftwareKeyStore
from gateway.services.staff import (
    NewStaff,
    Passwords,
    Role,
    SignInOutcome,
    Staff,
    StaffRefusal,
    staff_accounts,
    staff_failures,
    staff_sign_ins,
)
from gateway.services.staff.passwords import WAITING_MAX
from gateway.store import Store
from wallet.clock import ManualClock

PASSWORD = "correct horse battery"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
async def staff(store: Store, clock: ManualClock) -> AsyncIterator[Staff]:
    service = Staff(store, SoftwareKeyStore.for_tests(), clock, sign_in_s=3600, passwords=Passwords(memory_kib=64))
    yield service
    service.close()


@pytest.fixture
async def officer(staff: Staff) -> NewStaff:
    created = await staff.create("officer", "Omid Officer", [Role.BENEFITS_OFFICER], PASSWORD)
    assert isinstance(created, NewStaff)
    return created


def code(member: NewStaff, clock: ManualClock) -> str:
    return pyotp.TOTP(member.totp_seed).at(clock.now())


async def test_a_sign_in_says_who_it_is_until_it_ends(staff: Staff, officer: NewStaff, clock: ManualClock) -> None:
    result = await staff.sign_in(" Officer ", PASSWORD, code(officer, clock), "127.0.0.1")

    assert result.outcome is SignInOutcome.OK
    assert await staff.whoami(result.token) == officer.staff
    await staff.sign_out(result.token)
    assert await staff.whoami(result.token) is None


async def test_a_sign_in_slides_with_use_and_ends_without(staff: Staff, officer: NewStaff, clock: ManualClock) -> None:
    token = (await staff.sign_in("officer", PASSWORD, code(officer, clock), "")).token

    for _ in range(3):
        clock.advance(timedelta(minutes=50))
        assert await staff.whoami(token)
    clock.advance(timedelta(minutes=61))
    assert await staff.whoami(token) is None


async def test_a_code_works_once(staff: Staff, officer: NewStaff, clock: ManualClock) -> None:
    used = code(officer, clock)
    assert (await staff.sign_in("officer", PASSWORD, used, "")).outcome is SignInOutcome.OK
    assert (await staff.sign_in("officer", PASSWORD, used, "")).outcome is SignInOutcome.CODE_USED

    clock.advance(timedelta(seconds=30))
    assert (await staff.sign_in("officer", PASSWORD, used, "")).outcome is SignInOutcome.CODE_USED
    assert (await staff.sign_in("officer", PASSWORD, code(officer, clock), "")).outcome is SignInOutcome.OK


async def test_of_many_sign_ins_at_once_with_one_code_one_works(
    staff: Staff, officer: NewStaff, clock: ManualClock
) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(staff.sign_in("officer", PASSWORD, code(officer, clock), "")) for _ in range(4)]
    outcomes = sorted(task.result().outcome for task in tasks)
    assert outcomes == [*[SignInOutcome.CODE_USED] * 3, SignInOutcome.OK]


@pytest.mark.parametrize("name", ["officer", "nobody", "no such name!"])
async def test_five_failures_lock_a_name_known_or_not_for_longer_and_longer(
    staff: Staff, officer: NewStaff, clock: ManualClock, name: str
) -> None:
    for _ in range(5):
        assert (await staff.sign_in(name, "wrong password", "000000", "")).outcome is SignInOutcome.WRONG
    locked = await staff.sign_in(name, PASSWORD, code(officer, clock), "")
    assert (locked.outcome, locked.wait_s) == (SignInOutcome.LOCKED, 30)

    clock.advance(timedelta(seconds=31))
    assert (await staff.sign_in(name, "wrong password", "000000", "")).outcome is SignInOutcome.WRONG
    assert (await staff.sign_in(name, "wrong password", "000000", "")).wait_s == 60


async def test_many_guesses_at_once_gain_no_more_than_five(staff: Staff, officer: NewStaff) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(staff.sign_in("officer", f"guess {n}", "000000", "")) for n in range(12)]
    outcomes = [task.result().outcome for task in tasks]
    assert outcomes.count(SignInOutcome.WRONG) == 5
    assert outcomes.count(SignInOutcome.LOCKED) == 7


async def test_a_flood_of_sign_ins_writes_no_more_than_it_may_check(staff: Staff, store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_refused(staff, f"nobody-{n}")) for n in range(100)]

    assert {task.result() for task in tasks} == {"wrong", "overloaded"}
    assert len(await store.read(select(staff_failures))) <= WAITING_MAX


async def _refused(staff: Staff, name: str) -> str:
    try:
        return (await staff.sign_in(name, "wrong password", "000000", "")).outcome.value
    except Overloaded as fault:
        return fault.code


async def test_success_clears_the_failures(staff: Staff, officer: NewStaff, clock: ManualClock) -> None:
    for _ in range(3):
        for _ in range(4):
            await staff.sign_in("officer", "wrong password", "000000", "")
        clock.advance(timedelta(seconds=30))
        assert (await staff.sign_in("officer", PASSWORD, code(officer, clock), "")).outcome is SignInOutcome.OK


@pytest.mark.parametrize(("password", "right_code"), [("wrong password", True), (PASSWORD, False), ("", False)])
async def test_a_refusal_does_not_say_which_part_was_wrong(
    staff: Staff, officer: NewStaff, clock: ManualClock, password: str, *, right_code: bool
) -> None:
    given = code(officer, clock) if right_code else "000000"
    assert (await staff.sign_in("officer", password, given, "")).outcome is SignInOutcome.WRONG


async def test_disabling_ends_every_sign_in(staff: Staff, officer: NewStaff, clock: ManualClock) -> None:
    token = (await staff.sign_in("officer", PASSWORD, code(officer, clock), "")).token
    assert await staff.set_disabled(officer.staff.id, disabled=True)

    assert await staff.whoami(token) is None
    clock.advance(timedelta(seconds=30))
    refused = await staff.sign_in("officer", PASSWORD, code(officer, clock), "")
    assert refused.outcome is SignInOutcome.DISABLED
    await staff.set_disabled(officer.staff.id, disabled=False)
    assert await staff.whoami(token) is None


async def test_neither_token_nor_seed_nor_password_is_stored_in_clear(
    staff: Staff, officer: NewStaff, clock: ManualClock, store: Store
) -> None:
    token = (await staff.sign_in("officer", PASSWORD, code(officer, clock), "")).token
    stored = repr(await store.read(select(staff_accounts))) + repr(await store.read(select(staff_sign_ins)))
    for secret in (token, officer.totp_seed, PASSWORD):
        assert secret not in stored
        assert secret not in repr(officer)


@pytest.mark.parametrize(
    ("username", "roles", "password", "refusal"),
    [
        ("OFFICER", [Role.FINANCE], PASSWORD, StaffRefusal.NAME_TAKEN),
        ("x", [Role.FINANCE], PASSWORD, StaffRefusal.NAME_FORM),
        ("other", [], PASSWORD, StaffRefusal.NO_ROLE),
        ("other", [Role.FINANCE], "short", StaffRefusal.PASSWORD_FORM),
    ],
)
async def test_an_account_is_refused_with_its_reason(
    staff: Staff, officer: NewStaff, username: str, roles: list[Role], password: str, refusal: StaffRefusal
) -> None:
    assert await staff.create(username, "Other", roles, password) is refusal
    assert [member.username for member in await staff.members()] == ["officer"]


async def test_a_changed_language_and_a_stranger_s_token(staff: Staff, officer: NewStaff) -> None:
    await staff.set_language(officer.staff.id, "fa")
    member = await staff.by_id(officer.staff.id)
    assert member is not None
    assert member.language == "fa"
    assert await staff.by_username("Officer") == member
    assert await staff.by_id("stf_0") is None
    assert await staff.whoami("made up") is None


async def test_who_is_signed_in_confirms_by_password_and_a_fresh_code(
    staff: Staff, officer: NewStaff, clock: ManualClock
) -> None:
    member, now = officer.staff.id, code(officer, clock)

    assert await staff.confirm(member, PASSWORD, now) is SignInOutcome.OK
    assert await staff.confirm(member, PASSWORD, now) is SignInOutcome.CODE_USED
    assert await staff.confirm("stf_0", PASSWORD, now) is SignInOutcome.WRONG
    clock.advance(timedelta(seconds=30))
    assert await staff.confirm(member, PASSWORD, code(officer, clock)) is SignInOutcome.OK
    for _ in range(5):
        assert await staff.confirm(member, "guess", "000000") is SignInOutcome.WRONG
    assert await staff.confirm(member, PASSWORD, code(officer, clock)) is SignInOutcome.LOCKED


async def test_a_sign_in_by_other_means_is_counted_and_locked_as_one_by_password(
    staff: Staff, officer: NewStaff
) -> None:
    assert [await staff.take_try("officer") for _ in range(5)] == [0] * 5
    assert await staff.take_try("Officer ") > 0
    assert [await staff.take_try("nobody") for _ in range(5)] == [0] * 5
    assert await staff.take_try("nobody") > 0

    opened = await staff.open_sign_in(officer.staff.id, "10.0.0.1")

    assert await staff.whoami(opened.token) == officer.staff
    assert await staff.take_try("officer") == 0, "who got in starts afresh"
    await staff.set_disabled(officer.staff.id, disabled=True)
    assert (await staff.open_sign_in(officer.staff.id, "")).outcome is SignInOutcome.DISABLED
