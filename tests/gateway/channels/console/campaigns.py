"""Campaigns for the console's tests: the service itself, with one unpaid invoice and nobody behind a number."""

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from gateway.services.approvals import Proposals
from gateway.services.campaigns import Campaigns, Known, Owed, Parts, Window
from gateway.services.notices import Bulk, Words
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock
from wallet.money import irr


class Nobody:
    """A house without people, invoices and opt-outs."""

    async def known_among(self, _msisdns: Collection[str]) -> Mapping[str, Known]:
        return {}

    async def owed(self, _period: str, *, after: str, limit: int) -> list[Owed]:
        return [Owed("inv_1", "+989120000001", "per_1", "en", irr(7_500_000))][: limit if not after else 0]

    async def stopped_among(self, _msisdns: Collection[str]) -> set[str]:
        return set()


def campaigns_of(store: Store, clock: Clock) -> Campaigns:
    """The service over the console's store."""
    post, nobody = Bulk(clock, Words(zone="Asia/Tehran", service_code="*1420#")), Nobody()
    window = Window(8, 21, ZoneInfo("Asia/Tehran"))
    return Campaigns(Parts(store, clock, post, nobody, nobody, nobody, Proposals(store, clock), Settings(), window))
