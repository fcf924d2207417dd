"""What people set by their phones: their own control, never that of staff."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.services.controls import Control, Controls, Party
from gateway.services.controls.holders import Allowed, HolderControls
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

PAR = "TDPL" + "A" * 25


@dataclass(frozen=True)
class OneToken:
    par: str = PAR


class Phones:
    """Who has a phone that pays."""

    async def of_person(self, person_id: str) -> list[OneToken]:
        return [OneToken()] if person_id == "per_1" else []


@pytest.fixture
async def controls(database_url: str, clock: ManualClock) -> AsyncIterator[Controls]:
    store = await Store.open(database_url)
    yield Controls(store, clock)
    await store.close()


async def test_a_person_sets_a_limit_and_switches_off_and_each_is_kept(controls: Controls) -> None:
    holders = HolderControls(controls, Phones())
    assert await holders.allowed("per_1") == Allowed(on=True, day_max=None, barred=False)
    assert await holders.limit("per_1", irr(500))
    assert await holders.switch("per_1", on=False)
    assert await holders.allowed("per_1") == Allowed(on=False, day_max=irr(500), barred=False)
    assert await holders.limit("per_1", None)
    assert await holders.switch("per_1", on=True)
    assert await holders.allowed("per_1") == Allowed(on=True, day_max=None, barred=False)
    assert [one.actor for one in await controls.history(PAR)] == ["per_1"] * 4


async def test_what_staff_switched_off_no_person_switches_on(controls: Controls) -> None:
    holders = HolderControls(controls, Phones())
    await controls.set(PAR, Party.STAFF, Control(on=False), actor="stf_1", reason="reported as stolen")
    assert await holders.switch("per_1", on=True)
    allowed = await holders.allowed("per_1")
    assert allowed is not None
    assert allowed.barred
    assert await controls.control(PAR, Party.STAFF) == Control(on=False)


async def test_who_has_no_phone_that_pays_sets_nothing(controls: Controls) -> None:
    holders = HolderControls(controls, Phones())
    assert await holders.allowed("per_2") is None
    assert not await holders.limit("per_2", irr(5))
    assert not await holders.switch("per_2", on=False)
