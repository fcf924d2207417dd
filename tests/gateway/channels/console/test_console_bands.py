"""What an approval's page says of its band: who is missing, until when nobody may agree, and who has agreed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pytest_aiohttp.plugin import AiohttpClient

from gateway.services.approvals import Approvals, Band, Delegations, Policy
from gateway.store import Store
from tests.gateway.channels.console.test_console_real_services import signed_in
from tests.gateway.channels.console.world import World, opened
from wallet.clock import ManualClock
from wallet.money import irr

BAND = Band(up_to=10**9, makers=2, maker_roles=("benefits_officer",), checkers=2, roles=("benefits_releaser",))


class Roles:
    """Roles of the world's staff."""

    def __init__(self, world: World) -> None:
        self._staff = world.deps.staff

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        member = await self._staff.by_id(staff_id)
        return frozenset(member.roles) if member else None


async def done(_subject: str, _approval_id: str) -> str:
    return "done"


async def test_a_page_says_who_is_missing_and_takes_each_voice_once(
    tmp_path: Path, clock: ManualClock, aiohttp_client: AiohttpClient
) -> None:
    async with opened(tmp_path, clock, ["officer", "officer2", "releaser", "clerk"]) as made:
        store = await Store.open(f"sqlite:///{tmp_path / 'gateway.db'}")
        delegations = Delegations(store, clock, Roles(made))
        policy = Policy({"benefit_release": (BAND, replace(BAND, up_to=None))})
        approvals = Approvals(
            store,
            clock,
            made.deps.settings,
            roles={},
            executors={"benefit_release": done},
            policy=policy,
            delegations=delegations,
        )
        world = replace(made, deps=replace(made.deps, approvals=approvals))
        officer, second, releaser, clerk = await signed_in(
            world, aiohttp_client, "officer", "officer2", "releaser", "clerk"
        )
        soon = clock.now() + timedelta(minutes=10)
        waiting = await approvals.propose(
            "benefit_release", "clm_01K8ZZZZZZZZZZZZZZZZZZZZZZ", {}, world.ids["officer"],
            amount=irr(500_000_000), not_before=soon,
        )  # fmt: skip
        here = f"/approvals/{waiting.id}"

        body = (await releaser.get(here))[1]
        assert "Up to 1,000,000,000\N{NO-BREAK SPACE}IRR: 2 who propose, 2 who agree." in body
        assert "Still missing among those who propose: 1 (Benefits officer)." in body
        assert "Nobody may agree before" in body
        assert f"{here}/reject" in body
        assert f'{here}/approve"' not in body
        assert "needs the role: Benefits releaser." in (await clerk.get(here))[1]
        assert f"{here}/support" in (await second.get(here))[1]
        assert (await officer.post(f"{here}/support"))[1].endswith("refused=approval_already_maker")
        assert (await second.post(f"{here}/support"))[1].endswith("said=approval_supported")
        assert (await releaser.post(f"{here}/approve"))[1].endswith("refused=approval_cooling")
        clock.advance(timedelta(minutes=10))

        assert (await releaser.post(f"{here}/approve"))[1].endswith("said=approval_voted")

        assert (await releaser.post(f"{here}/approve"))[1].endswith("refused=approval_already_voted")
        body = (await releaser.get(here))[1]
        assert "Who proposes and who agrees" in body
        assert "You have agreed already" in body
        assert "1 of 2" in (await clerk.get("/approvals"))[1]
        await store.close()
