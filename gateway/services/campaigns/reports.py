"""What staff see of a campaign: its preview before, its progress meanwhile, its delivery report afterwards."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.errors import NotFound
from gateway.services.campaigns.book import Book, campaign_of, change, held
from gateway.services.campaigns.model import (
    BadRow,
    Campaign,
    CampaignState,
    Preview,
    Reported,
    RowFault,
    RowState,
    Shown,
)
from gateway.services.campaigns.pace import per_minute
from gateway.services.campaigns.tables import BAD_ROWS, CAMPAIGNS, ROWS

COUNTED_S, SWEPT_S = 10, 60
"""Counting goes through all rows: whoever looks earlier sees the last count; the sweep counts less often still."""
PAGE = 2000
BAD_SHOWN_MAX = 50
STOPPED = frozenset({CampaignState.PAUSED, CampaignState.CANCELLED})
_LEAVES = frozenset({CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DONE, CampaignState.CANCELLED})


class Reports(Book):
    """Reads; writes only the last count, and that everything has left."""

    async def preview(self, campaign_id: str, *, each: int = 3) -> Preview:
        """What a release now would do, with the first `each` rows of every language.

        Raises:
            NotFound: No such campaign.
        """
        campaign = await self.by_id(campaign_id)
        if campaign is None:
            raise NotFound("no such campaign")
        pace = per_minute(campaign.total, campaign.hours)
        return Preview(
            rows=tuple(await self.samples(campaign, each=each)),
            bad=tuple(await self.bad_rows(campaign_id, limit=BAD_SHOWN_MAX)),
            cost_minor=campaign.parts * self._settings.campaign_part_minor,
            per_minute=pace,
            ends_at=self._parts.window.after(self._clock.now(), -(-campaign.total // pace)),
        )

    async def samples(self, campaign: Campaign, *, each: int) -> list[Shown]:
        """The first rows of every language."""
        rows: list[Shown] = []
        for language in campaign.templates:
            query = select(ROWS).where(ROWS.c.campaign_id == campaign.id, ROWS.c.language == language)
            found = await self._store.read(query.order_by(ROWS.c.number).limit(each))
            rows += [Shown(row.number, row.msisdn, row.language, row.text, row.parts) for row in found]
        return rows

    async def bad_rows(self, campaign_id: str, *, limit: int, after: int = 0) -> list[BadRow]:
        """Lines that were not taken, from after line `after`."""
        query = select(BAD_ROWS).where(BAD_ROWS.c.campaign_id == campaign_id, BAD_ROWS.c.line > after)
        rows = await self._store.read(query.order_by(BAD_ROWS.c.line).limit(limit))
        return [BadRow(row.line, RowFault(row.fault), row.column) for row in rows]

    async def progress(self, campaign_id: str, *, fresh_s: int = COUNTED_S) -> Campaign | None:
        """The campaign with counts that are at most `fresh_s` old; a running one that has left whole is DONE."""
        campaign = await self.by_id(campaign_id)
        if campaign is None or campaign.state not in _LEAVES:
            return campaign
        now = self._clock.now()
        if campaign.counted_at is not None and now < campaign.counted_at + timedelta(seconds=fresh_s):
            return campaign
        counts = await self._counts(campaign_id)

        def work(tx: Connection) -> Campaign:
            row = held(tx, campaign_id)
            assert row is not None
            change(tx, campaign_id, counts=counts, counted_at=now)
            if row.state == CampaignState.RUNNING and not sum(counts.get(name, 0) for name in ("waiting", *_UNSENT)):
                change(tx, campaign_id, state=CampaignState.DONE.value, finished_at=now)
            if row.state in STOPPED and counts.get("ready"):
                # What a link had in hand when the campaign was stopped, and gave back.
                change(tx, campaign_id, taken_to=0)
            return campaign_of(tx.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id)).one())

        return await self._store.write(work)

    async def report(self, campaign_id: str) -> AsyncIterator[Sequence[Reported]]:
        """Every row with where it stands, in pages."""
        after, standing = 0, self._parts.post.standing
        while True:
            query = (
                select(ROWS, standing.c.state.label("sent_as"), standing.c.changed_at)
                .outerjoin(standing, standing.c.id == ROWS.c.notice_id)
                .where(ROWS.c.campaign_id == campaign_id, ROWS.c.number > after)
                .order_by(ROWS.c.number)
                .limit(PAGE)
            )
            rows = await self._store.read(query)
            if not rows:
                return
            yield [Reported(row.number, row.msisdn, _stands(row), row.parts, row.changed_at) for row in rows]
            after = rows[-1].number

    async def sweep(self) -> int:
        """Count what is not over, so that what has left whole is DONE and what came back is taken out; how many."""
        lately = self._clock.now() - timedelta(hours=1)
        state, ended = CAMPAIGNS.c.state, CAMPAIGNS.c.finished_at
        open_ = state.in_([CampaignState.RUNNING.value, CampaignState.PAUSED.value])
        ids = await self._store.read(
            select(CAMPAIGNS.c.id).where(open_ | ((state == CampaignState.CANCELLED.value) & (ended > lately)))
        )
        done = 0
        for row in ids:
            campaign = await self.progress(row.id, fresh_s=SWEPT_S)
            done += campaign is not None and campaign.state is CampaignState.DONE
        return done

    async def _counts(self, campaign_id: str) -> dict[str, int]:
        standing = self._parts.post.standing
        query = (
            select(ROWS.c.state, standing.c.state.label("sent_as"), func.count().label("n"))
            .outerjoin(standing, standing.c.id == ROWS.c.notice_id)
            .where(ROWS.c.campaign_id == campaign_id)
            .group_by(ROWS.c.state, standing.c.state)
        )
        counts: dict[str, int] = {}
        for row in await self._store.read(query):
            counts[_stands(row)] = counts.get(_stands(row), 0) + int(row.n)
        return counts


_UNSENT = ("ready", "leased")


def _stands(row: Any) -> str:  # noqa: ANN401 - a row of a joined query
    """The notice's state once there is one. One that was tidied away long after it was sent says so itself."""
    return str(row.state if row.state != RowState.QUEUED else row.sent_as or "sent")
