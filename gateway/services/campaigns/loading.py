"""Making a campaign and filling it: from a file, or from the unpaid invoices of a month."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from sqlalchemy import Connection, Row, insert, select

from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.campaigns import templates
from gateway.services.campaigns.book import Book, campaign_of, change, held
from gateway.services.campaigns.intake import Intake, needed_of
from gateway.services.campaigns.model import BadRow, Campaign, CampaignKind, CampaignState, Draft, RowFault, RowState
from gateway.services.campaigns.ports import Known
from gateway.services.campaigns.tables import BAD_ROWS, CAMPAIGNS, ROWS
from gateway.wire import gsm
from wallet.ids import new_id

CSV = "csv"
INVOICES = "invoices:"
BATCH = 1000
BAD_KEPT_MAX = 5000
"""Bad lines beyond these are counted, not kept."""
NAME_MAX = 100

Seen = Callable[[int, int], Awaitable[None]]
"""Is told after each batch how many rows are in and how many lines were bad."""


@dataclass(frozen=True, slots=True)
class _Worded:
    draft: Draft
    known: Known | None
    language: str
    text: str
    parts: int
    ucs2: bool


class Loading(Book):
    """What fills a campaign; each batch moves `reached` in the transaction that keeps its rows."""

    async def create(
        self, name: str, kind: CampaignKind, texts: Mapping[str, str], *, source: str, hours: int, staff_id: str = ""
    ) -> Campaign:
        """Make a campaign that waits for its rows.

        Raises:
            BadInput: No name, a text that is none, hours out of 1 to 720, a language that the house does not speak.
        """
        if not name.strip() or len(name) > NAME_MAX or not 1 <= hours <= 720:
            raise BadInput("a campaign has a name, and takes 1 to 720 hours")
        if strange := set(texts) - set(self._parts.post.languages):
            raise BadInput(f"no such language: {min(strange)!a:.20}")
        templates.check(texts, {templates.AMOUNT, "period"} if source != CSV else needed_of(texts))
        now = self._clock.now()
        row: dict[str, object] = dict.fromkeys(Campaign.__dataclass_fields__, 0) | {
            "id": new_id("cam", self._clock), "name": name.strip(), "kind": kind.value,
            "state": CampaignState.LOADING.value, "templates": dict(texts), "source": source, "hours": hours,
            "staff_id": staff_id, "approval_id": "", "reached": "", "queued_to": 0, "paced": 0, "paced_from": None,
            "taken_to": 0, "counts": {}, "counted_at": None, "created_at": now, "released_at": None,
            "finished_at": None,
        }  # fmt: skip

        def work(tx: Connection) -> Row[tuple[object, ...]]:
            tx.execute(insert(CAMPAIGNS).values(row))
            return tx.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == row["id"])).one()

        return campaign_of(await self._store.write(work))

    async def load_csv(self, campaign_id: str, file: BinaryIO, seen: Seen | None = None) -> Campaign:
        """Read the file to its end; called again with the same file after a crash it goes on behind the last batch.

        Raises:
            BadInput: The heading is none, a text names a column that is not there, or there are too many rows.
            NotFound: No such campaign.
            Conflict: It is loaded already, or another process is loading it.
        """
        campaign = await self._loading(campaign_id)
        needed = needed_of(campaign.templates)
        intake = await asyncio.to_thread(lambda: Intake(file, needed=needed, languages=campaign.templates))
        templates.check(campaign.templates, intake.columns)
        rows = intake.rows(after=int(campaign.reached or 1))
        while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
            campaign = await self._take(campaign, batch, str(_line(batch[-1])))
            if seen is not None:
                await seen(campaign.total, campaign.bad)
        return await self._loaded(campaign)

    async def load_invoices(self, campaign_id: str, seen: Seen | None = None) -> Campaign:
        """Take every unpaid invoice of the campaign's month; one for each person. Resumes as `load_csv` does."""
        campaign = await self._loading(campaign_id)
        period = campaign.source.removeprefix(INVOICES)
        line = campaign.total + campaign.bad
        while owed := await self._parts.invoices.owed(period, after=campaign.reached, limit=BATCH):
            batch: list[Draft | BadRow] = []
            for place, one in enumerate(owed, start=line + 1):
                values = {templates.AMOUNT: str(one.amount.minor), "period": period}
                batch.append(Draft(place, one.msisdn, one.language, values))
            line += len(owed)
            campaign = await self._take(campaign, batch, owed[-1].invoice_id)
            if seen is not None:
                await seen(campaign.total, campaign.bad)
        return await self._loaded(campaign)

    def _codes(self) -> Mapping[str, str]:
        return {"service_code": self._settings.service_code, "pay_code": self._settings.pay_code}

    async def _loading(self, campaign_id: str) -> Campaign:
        campaign = await self.by_id(campaign_id)
        if campaign is None:
            raise NotFound("no such campaign")
        if campaign.state is not CampaignState.LOADING:
            raise Conflict("the campaign is loaded already")
        return campaign

    async def _loaded(self, campaign: Campaign) -> Campaign:
        await self._move(campaign.id, frozenset({CampaignState.LOADING}), CampaignState.DRAFT)
        found = await self.by_id(campaign.id)
        assert found is not None
        return found

    async def _take(self, campaign: Campaign, batch: Sequence[Draft | BadRow], reached: str) -> Campaign:
        """Keep one batch and move on, in one transaction; a batch that another process kept is a Conflict."""
        drafts = [row for row in batch if isinstance(row, Draft)]
        known = await self._parts.directory.known_among([draft.msisdn for draft in drafts])
        done = await asyncio.to_thread(lambda: [self._word(campaign, draft, known) for draft in drafts])
        worded = [row for row in done if isinstance(row, _Worded)]
        bad = [row for row in (*batch, *done) if isinstance(row, BadRow)]
        ids = [new_id("ntc", self._clock) for _ in worded]

        def work(tx: Connection) -> Campaign:
            row = held(tx, campaign.id)
            if row is None or row.state != CampaignState.LOADING or row.reached != campaign.reached:
                raise Conflict("the campaign is being loaded elsewhere")
            there = _there(tx, campaign.id, worded)
            fresh: dict[str, dict[str, object]] = {}
            twice = []
            parts = ucs2 = 0
            for id_, one in zip(ids, worded, strict=True):
                if one.draft.msisdn in there or one.draft.msisdn in fresh:
                    twice.append(BadRow(one.draft.line, RowFault.DUPLICATE, "phone"))
                    continue
                fresh[one.draft.msisdn] = _row(campaign.id, id_, one)
                parts, ucs2 = parts + one.parts, ucs2 + one.ucs2
            if row.total + len(fresh) > self._settings.campaign_rows_max:
                raise BadInput(f"more than {self._settings.campaign_rows_max} rows")
            if fresh:
                tx.execute(insert(ROWS), list(fresh.values()))
            keep = [*bad, *twice][: max(0, BAD_KEPT_MAX - row.bad)]
            if keep:
                tx.execute(insert(BAD_ROWS), [_bad(campaign.id, one) for one in keep])
            change(
                tx, campaign.id, reached=reached, total=row.total + len(fresh), bad=row.bad + len(bad) + len(twice),
                parts=row.parts + parts, ucs2=row.ucs2 + ucs2,
            )  # fmt: skip
            return campaign_of(tx.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign.id)).one())

        return await self._store.write(work)

    def _word(self, campaign: Campaign, draft: Draft, known: Mapping[str, Known]) -> _Worded | BadRow:
        person = known.get(draft.msisdn)
        wanted = draft.language or (person.language if person else "")
        language = wanted if wanted in campaign.templates else next(iter(campaign.templates))
        text = templates.worded(
            campaign.templates[language], self._parts.post.languages[language], draft.values, self._codes()
        )
        coding = gsm.coding_of(text)
        # Beyond 4,000 characters no setting allows it, and counting would raise.
        parts = gsm.parts_count(text) if len(text) <= 4000 else self._settings.campaign_parts_max + 1
        if parts > self._settings.campaign_parts_max:
            return BadRow(draft.line, RowFault.TEXT_LONG)
        return _Worded(draft, person, language, text, parts, coding is gsm.Coding.UCS2)


def _line(row: Draft | BadRow) -> int:
    return row.line


def _there(tx: Connection, campaign_id: str, worded: Sequence[_Worded]) -> frozenset[str]:
    numbers = [one.draft.msisdn for one in worded]
    query = select(ROWS.c.msisdn).where(ROWS.c.campaign_id == campaign_id, ROWS.c.msisdn.in_(numbers))
    return frozenset(tx.execute(query).scalars())


def _row(campaign_id: str, notice_id: str, one: _Worded) -> dict[str, object]:
    return {
        "campaign_id": campaign_id,
        "number": one.draft.line,
        "notice_id": notice_id,
        "msisdn": one.draft.msisdn,
        "person": one.known.person_id if one.known else one.draft.msisdn,
        "language": one.language,
        "text": one.text,
        "parts": one.parts,
        "state": RowState.WAITING.value,
    }


def _bad(campaign_id: str, one: BadRow) -> dict[str, object]:
    return {"campaign_id": campaign_id, "line": one.line, "fault": one.fault.value, "column": one.column}
