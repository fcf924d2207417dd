"""From approval to the outbox, and back out of it: every step is one transaction that holds the campaign's row.

A step does its batch and moves the campaign's cursor in the same transaction, so that a crash anywhere loses and
repeats nothing, and any number of processes may take steps. A notice is put under the cause `cam_…:row`, once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update
from sqlalchemy import Text as SqlText

from gateway.errors import Conflict, NotFound
from gateway.services.campaigns.book import change, held
from gateway.services.campaigns.model import CampaignOutcome, CampaignState, RowState
from gateway.services.campaigns.pace import per_minute
from gateway.services.campaigns.reports import STOPPED, Reports
from gateway.services.campaigns.tables import CAMPAIGNS, ROWS
from wallet.ids import new_id
from wallet.money import irr

CAMPAIGN_KIND = "campaign_release"
"""Kind of the approval that releases a campaign; its subject is the campaign."""
BATCH = 2000
TESTS_MAX = 5
ALL_TAKEN = -1

_WAITING = select(
    ROWS.c.notice_id,
    ROWS.c.campaign_id + ":" + ROWS.c.number.cast(SqlText),
    ROWS.c.person,
    ROWS.c.language,
    ROWS.c.msisdn,
    ROWS.c.text,
).where(
    ROWS.c.campaign_id == bindparam("campaign"),
    ROWS.c.state == RowState.WAITING.value,
    ROWS.c.number >= bindparam("first"),
    ROWS.c.number <= bindparam("last"),
)
_ONE = select(
    bindparam("id", type_=SqlText),
    bindparam("cause", type_=SqlText),
    bindparam("msisdn", type_=SqlText),
    ROWS.c.language,
    bindparam("address", type_=SqlText),
    ROWS.c.text,
).where(ROWS.c.campaign_id == bindparam("campaign"), ROWS.c.number == bindparam("row"))
"""A row's text to somebody else."""
_PROPOSABLE = frozenset({CampaignState.DRAFT, CampaignState.PROPOSED})
_CANCELLABLE = frozenset(CampaignState) - {CampaignState.DONE, CampaignState.CANCELLED}


class Sending(Reports):
    """Release, pause, resume, cancel, and the steps that a worker takes for them."""

    async def propose(self, campaign_id: str, maker: str) -> CampaignOutcome:
        """Ask a second person to release it; `maker` is a staff id."""
        campaign = await self.by_id(campaign_id)
        if campaign is None:
            return CampaignOutcome.UNKNOWN
        if campaign.state not in _PROPOSABLE:
            return CampaignOutcome.WRONG_STATE
        if not campaign.total:
            return CampaignOutcome.EMPTY
        cost = irr(campaign.parts * self._settings.campaign_part_minor)
        payload = {
            "name": campaign.name, "messages": str(campaign.total), "parts": str(campaign.parts), "cost": str(cost),
            "hours": str(campaign.hours), **{f"text_{name}": text for name, text in campaign.templates.items()},
        }  # fmt: skip
        proposed = await self._parts.proposals.propose(CAMPAIGN_KIND, campaign_id, payload, maker)
        return await self._move(campaign_id, _PROPOSABLE, CampaignState.PROPOSED, approval_id=proposed.id)

    async def release(self, campaign_id: str, approval_id: str) -> str:
        """Start sending, as the executor of CAMPAIGN_KIND; twice is harmless.

        Raises:
            NotFound: No such campaign.
        """
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = held(tx, campaign_id)
            if row is None:
                raise NotFound("no such campaign")
            if row.state not in _PROPOSABLE:
                return str(row.state)
            change(
                tx, campaign_id, state=CampaignState.RUNNING.value, approval_id=approval_id, released_at=now,
                paced=0, paced_from=now, queued_to=0,
            )  # fmt: skip
            return CampaignState.RUNNING.value

        return await self._store.write(work)

    async def refused(self, campaign_id: str, _approval_id: str) -> str:
        """Back to the draft it was, as the refuser of CAMPAIGN_KIND."""
        proposed = frozenset({CampaignState.PROPOSED})
        return (await self._move(campaign_id, proposed, CampaignState.DRAFT)).value

    async def pause(self, campaign_id: str) -> CampaignOutcome:
        """Send nothing more for now; what is in the outbox and surely unsent is taken out, what is due first first."""
        running = frozenset({CampaignState.RUNNING})
        outcome = await self._move(campaign_id, running, CampaignState.PAUSED, taken_to=0)
        return await self._taken_back(campaign_id, outcome)

    async def resume(self, campaign_id: str) -> CampaignOutcome:
        """Go on with what waits, spread from now at the pace it had."""
        now, paused = self._clock.now(), frozenset({CampaignState.PAUSED})
        return await self._move(
            campaign_id, paused, CampaignState.RUNNING, queued_to=0, paced=0, paced_from=now, taken_to=0
        )

    async def cancel(self, campaign_id: str) -> CampaignOutcome:
        """Stop for good; what is in the outbox and surely unsent is taken out."""
        now = self._clock.now()
        values = {"taken_to": 0, "finished_at": now}
        outcome = await self._move(campaign_id, _CANCELLABLE, CampaignState.CANCELLED, **values)
        return await self._taken_back(campaign_id, outcome)

    async def leave_alone(self, msisdn: str) -> int:
        """Take a number that has just asked for it out of what is under way; from how many campaigns. Repeatable."""
        state = CAMPAIGNS.c.state.in_([CampaignState.RUNNING.value, CampaignState.PAUSED.value])
        # Asked one after the other: joined, all rows would be read instead of the one of this number.
        under_way = [row.id for row in await self._store.read(select(CAMPAIGNS.c.id).where(state))]
        mine = ROWS.c.campaign_id.in_(under_way) & (ROWS.c.msisdn == msisdn)
        query = select(ROWS.c.campaign_id, ROWS.c.number).where(mine).order_by(ROWS.c.campaign_id)
        found = await self._store.read(query)

        def work(tx: Connection) -> int:
            return sum([self._leave_out(tx, row.campaign_id, row.number) for row in found])

        return await self._store.write(work) if found else 0

    def _leave_out(self, tx: Connection, campaign_id: str, number: int) -> bool:
        held(tx, campaign_id)
        mine = (ROWS.c.campaign_id == campaign_id) & (ROWS.c.number == number)
        row = tx.execute(select(ROWS.c.state, ROWS.c.notice_id).where(mine)).one()
        waits = row.state == RowState.WAITING or (
            row.state == RowState.QUEUED and self._parts.post.take_back(tx, [row.notice_id])
        )
        _mark(tx, campaign_id, [number] if waits else [], RowState.OPTED_OUT)
        return bool(waits)

    async def test_send(self, campaign_id: str, msisdns: list[str]) -> int:
        """Send the first row's text, of each language, to these numbers of staff, now; how many were put.

        Raises:
            NotFound: No such campaign.
            Conflict: More numbers than TESTS_MAX, or a campaign without rows.
        """
        campaign = await self.by_id(campaign_id)
        if campaign is None:
            raise NotFound("no such campaign")
        samples = await self.samples(campaign, each=1)
        if not samples or not 1 <= len(msisdns) <= TESTS_MAX:
            raise Conflict(f"a test goes to 1 to {TESTS_MAX} numbers, and needs a row")
        now, run = self._clock.now(), new_id("tst", self._clock)
        tests = [(msisdn, sample, new_id("ntc", self._clock)) for msisdn in msisdns for sample in samples]

        due: list[tuple[Mapping[str, object], datetime]] = []
        for place, (msisdn, sample, id_) in enumerate(tests):
            values = {"campaign": campaign_id, "row": sample.number, "id": id_, "cause": f"{campaign_id}:{run}:{place}"}
            due.append(({**values, "msisdn": msisdn, "address": msisdn}, now))
        await self._store.write(lambda tx: self._parts.post.put(tx, campaign.kind.value, _ONE, due))
        return len(due)

    async def tick(self) -> int:
        """Take one step for each campaign that has one to take; how many rows moved. Safe in several processes."""
        moved = 0
        for row in await self._store.read(select(CAMPAIGNS.c.id, CAMPAIGNS.c.state).where(_has_work())):
            moved += await (self._queue(row.id) if row.state == CampaignState.RUNNING else self._take_back(row.id))
        return moved

    async def _queue(self, campaign_id: str) -> int:
        """Put the next batch of a running campaign into the outbox; how many rows were looked at."""
        campaign = await self._row(campaign_id)
        if campaign.state != CampaignState.RUNNING:
            return 0
        query = select(ROWS.c.number, ROWS.c.msisdn).where(*_waiting(campaign_id), ROWS.c.number > campaign.queued_to)
        rows = await self._store.read(query.order_by(ROWS.c.number).limit(BATCH))
        if not rows:
            return 0
        stopped = await self._parts.stops.stopped_among([row.msisdn for row in rows])
        wanted = [row.number for row in rows if row.msisdn not in stopped]
        last = rows[-1].number

        def work(tx: Connection) -> int:
            row = held(tx, campaign_id)
            start = (campaign.paced_from, campaign.queued_to)
            if row is None or row.state != CampaignState.RUNNING or (row.paced_from, row.queued_to) != start:
                return 0
            _mark(tx, campaign_id, [one.number for one in rows if one.msisdn in stopped], RowState.OPTED_OUT)
            paced = self._slices(tx, row, wanted)
            span = (ROWS.c.number > row.queued_to, ROWS.c.number <= last)
            tx.execute(update(ROWS).where(*_waiting(campaign_id), *span).values(state=RowState.QUEUED.value))
            change(tx, campaign_id, queued_to=last, paced=paced)
            return len(rows)

        return await self._store.write(work)

    def _slices(self, tx: Connection, row: Row[Any], numbers: list[int]) -> int:
        """Put rows by the minute in which they are due; how many were paced since the start."""
        pace, paced, at = per_minute(row.total, row.hours), int(row.paced), 0
        due: list[tuple[Mapping[str, object], datetime]] = []
        while at < len(numbers):
            minute = paced // pace
            piece = numbers[at : at + (minute + 1) * pace - paced]
            span = {"campaign": row.id, "first": piece[0], "last": piece[-1]}
            due.append((span, self._parts.window.after(row.paced_from, minute)))
            paced, at = paced + len(piece), at + len(piece)
        self._parts.post.put(tx, row.kind, _WAITING, due)
        return paced

    async def _taken_back(self, campaign_id: str, outcome: CampaignOutcome) -> CampaignOutcome:
        if outcome is CampaignOutcome.OK:
            while await self._take_back(campaign_id):
                pass
        return outcome

    async def _take_back(self, campaign_id: str) -> int:
        """Take the next batch of a stopped campaign out of the outbox; how many rows were looked at."""
        campaign = await self._row(campaign_id)
        if campaign.state not in STOPPED or campaign.taken_to == ALL_TAKEN:
            return 0
        unsent = self._parts.post.standing
        query = (
            select(ROWS.c.number, ROWS.c.notice_id)
            .join(unsent, unsent.c.id == ROWS.c.notice_id)
            .where(ROWS.c.campaign_id == campaign_id, ROWS.c.number > campaign.taken_to, unsent.c.state == "ready")
        )
        rows = await self._store.read(query.order_by(ROWS.c.number).limit(BATCH))
        numbers = {row.notice_id: row.number for row in rows}

        def work(tx: Connection) -> int:
            row = held(tx, campaign_id)
            if row is None or row.state not in STOPPED or row.taken_to != campaign.taken_to:
                return 0
            out = self._parts.post.take_back(tx, list(numbers))
            _mark(tx, campaign_id, [numbers[id_] for id_ in out], RowState.WAITING)
            if not rows and row.state == CampaignState.CANCELLED:
                tx.execute(update(ROWS).where(*_waiting(campaign_id)).values(state=RowState.CANCELLED.value))
            change(tx, campaign_id, taken_to=rows[-1].number if rows else ALL_TAKEN)
            return len(rows) or 1

        return await self._store.write(work)

    async def _row(self, campaign_id: str) -> Row[Any]:
        return (await self._store.read(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id)))[0]


def _has_work() -> Any:  # noqa: ANN401 - SQLAlchemy's condition
    waiting = select(ROWS.c.number).where(
        ROWS.c.campaign_id == CAMPAIGNS.c.id,
        ROWS.c.state == RowState.WAITING.value,
        ROWS.c.number > CAMPAIGNS.c.queued_to,
    )
    queue = (CAMPAIGNS.c.state == CampaignState.RUNNING.value) & waiting.exists()
    take = CAMPAIGNS.c.state.in_([state.value for state in STOPPED]) & (CAMPAIGNS.c.taken_to != ALL_TAKEN)
    return or_(queue, take)


def _waiting(campaign_id: str) -> tuple[Any, ...]:
    return ROWS.c.campaign_id == campaign_id, ROWS.c.state == RowState.WAITING.value


def _mark(tx: Connection, campaign_id: str, numbers: list[int], state: RowState) -> None:
    if numbers:
        chosen = (ROWS.c.campaign_id == campaign_id) & ROWS.c.number.in_(numbers)
        tx.execute(update(ROWS).where(chosen).values(state=state.value))
