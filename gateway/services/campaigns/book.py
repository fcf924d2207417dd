"""The campaigns as they are stored, and what every verb needs at hand."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.services.campaigns.model import Campaign, CampaignKind, CampaignOutcome, CampaignState
from gateway.services.campaigns.pace import Window
from gateway.services.campaigns.ports import Directory, Invoices, Post, Proposals, Stops
from gateway.services.campaigns.tables import CAMPAIGNS
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock


@dataclass(frozen=True, slots=True)
class Parts:
    """What campaigns are made of."""

    store: Store
    clock: Clock
    post: Post
    directory: Directory
    invoices: Invoices
    stops: Stops
    proposals: Proposals
    settings: Settings
    window: Window


class Book:
    """Campaigns by id and in a list."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._settings = parts.settings
        self._parts = parts

    async def by_id(self, campaign_id: str) -> Campaign | None:
        """The campaign with this id."""
        rows = await self._store.read(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id))
        return campaign_of(rows[0]) if rows else None

    async def list_campaigns(self, *, limit: int, before: str = "") -> list[Campaign]:
        """Campaigns, newest first, of ids before `before`."""
        query = select(CAMPAIGNS).order_by(CAMPAIGNS.c.id.desc()).limit(limit)
        if before:
            query = query.where(CAMPAIGNS.c.id < before)
        return [campaign_of(row) for row in await self._store.read(query)]

    async def _move(
        self, campaign_id: str, allowed: frozenset[CampaignState], state: CampaignState, **values: object
    ) -> CampaignOutcome:
        """Bring a campaign into `state` from one of the allowed ones."""

        def work(tx: Connection) -> CampaignOutcome:
            row = held(tx, campaign_id)
            if row is None:
                return CampaignOutcome.UNKNOWN
            if row.state not in allowed:
                return CampaignOutcome.WRONG_STATE
            change(tx, campaign_id, state=state.value, **values)
            return CampaignOutcome.OK

        return await self._store.write(work)


def held(tx: Connection, campaign_id: str) -> Row[Any] | None:
    """The campaign's row, held until the unit of work is over: whatever moves a campaign holds it."""
    query = select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).with_for_update(key_share=True)
    return tx.execute(query).one_or_none()


def change(tx: Connection, campaign_id: str, **values: object) -> None:
    """Write these columns; the caller holds the row."""
    tx.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(**values))


def campaign_of(row: Row[Any]) -> Campaign:
    """The campaign in a row."""
    values = {name: getattr(row, name) for name in Campaign.__dataclass_fields__}
    return Campaign(**{**values, "kind": CampaignKind(row.kind), "state": CampaignState(row.state)})
