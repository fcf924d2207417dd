"""Batches for systems: bring one, see how it stands, read what was rejected and what arrived; bring statements.

GSMA Mobile Money API 1.2 gave the names: Idempotency-Key is its X-CorrelationID, X-Content-Hash is checked when given.
"""

import asyncio
import csv
import hashlib
import io
import re
import tempfile
from typing import BinaryIO, Literal, cast

from aiohttp import BodyPartReader, web

from gateway.channels.api.answers import JSON_TYPE, Refused, body_of, given, in_time, parsed, wrong
from gateway.channels.api.partners import Gap, Gate, Imported, Partners
from gateway.channels.api.payout_models import (
    BatchOrder,
    BatchShown,
    BatchWithRows,
    GapShown,
    MemberTaken,
    PaymentRow,
    PaymentShown,
    PaymentsPage,
    StatementTaken,
)
from gateway.errors import BadInput
from gateway.services.apikeys import ApiKey, CallState, Scope
from gateway.services.payouts.answers import PayoutOutcome
from gateway.services.payouts.model import BadRow, Batch, Declared, ItemState

JSON_BYTES_MAX = 8 * 1024 * 1024
ORDER_BYTES_MAX = 4096
STATEMENT_BYTES_MAX = 16 * 1024 * 1024
PAGE_MAX = 1000
PAGE_USUAL = 100
BATCH_ID = "{id:bat_[0-9A-HJKMNP-TV-Z]{26}}"
COLUMNS = tuple(PaymentRow.model_fields)
COMPLETED = frozenset({ItemState.SETTLED, ItemState.CONFIRMED})
REJECTED = frozenset({ItemState.REJECTED})
ALL: frozenset[ItemState] = frozenset()
_CALL = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_HASH = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_READ_S = 120.0
_WORK_S = 60.0
_IN_MEMORY = 1024 * 1024
_CHUNK = 64 * 1024


class PayoutRoutes:
    """What systems may ask of batches. Who brings one cannot release it: people do."""

    def __init__(self, partners: Partners) -> None:
        self._keys = partners.keys
        self._payouts = partners.payouts
        self._statements = partners.statements
        self._file_bytes_max = partners.file_bytes_max

    def routes(self, gate: Gate) -> list[web.RouteDef]:
        """Below `/api/v1`."""
        reading = {
            "": self.show,
            "/items": self.items,
            "/rejections": self.rejections,
            "/completions": self.completions,
        }
        routes = [
            web.post("/payout-batches", gate.opened(Scope.PAYOUTS_WRITE, self.create)),
            *(
                web.get(f"/payout-batches/{BATCH_ID}{tail}", gate.opened(Scope.PAYOUTS_READ, handler))
                for tail, handler in reading.items()
            ),
        ]
        if self._statements is not None:
            routes.append(web.post("/statements", gate.opened(Scope.STATEMENTS_WRITE, self.statement)))
        return routes

    async def create(self, request: web.Request, key: ApiKey) -> web.Response:
        """POST /payout-batches."""
        call = request.headers.get("Idempotency-Key", "")
        if not _CALL.fullmatch(call):
            raise wrong("Idempotency-Key", "send this header: 1 to 100 of letters, digits, . _ : and -")
        call = f"payout:{call}"
        order, file, digest = await self._read(request)
        with file:
            begun = await self._keys.began(key.id, call, digest)
            match begun.state:
                case CallState.OTHER:
                    raise Refused(422, "idempotency_key_reused", "this Idempotency-Key came with another request")
                case CallState.AT_WORK:
                    raise Refused(409, "in_progress", "the same request is being worked on; ask again", retry_s=5)
                case CallState.DONE:
                    return await self._shown(begun.subject, 200)
                case CallState.NEW:
                    async with in_time(_WORK_S):
                        batch_id = await self._made(key, call, order, file, again=begun.again)
                    return await self._shown(batch_id, 201)

    async def show(self, request: web.Request, key: ApiKey) -> web.Response:
        """GET /payout-batches/{id}."""
        async with in_time():
            return await self._shown((await self._mine(request, key)).id, 200)

    async def items(self, request: web.Request, key: ApiKey) -> web.Response:
        """GET /payout-batches/{id}/items."""
        return await self._page(request, key, ALL, with_bad=False)

    async def rejections(self, request: web.Request, key: ApiKey) -> web.Response:
        """GET /payout-batches/{id}/rejections: lines that were not taken, and payments that were rejected."""
        return await self._page(request, key, REJECTED, with_bad=True)

    async def completions(self, request: web.Request, key: ApiKey) -> web.Response:
        """GET /payout-batches/{id}/completions: what has arrived."""
        return await self._page(request, key, COMPLETED, with_bad=False)

    async def statement(self, request: web.Request, key: ApiKey) -> web.Response:
        """POST /statements: what a bank has written, as it came (camt.052/053/054, pain.002, MT940; ZIP, gzip)."""
        assert self._statements is not None, "the route is there for it alone"
        if request.content_type.startswith("multipart/"):
            raise Refused(415, "unsupported_media_type", "send the file itself as the body, not a form that holds it")
        octets = await body_of(request, STATEMENT_BYTES_MAX, _READ_S)
        _check_hash(request, hashlib.sha256(octets).hexdigest())
        async with in_time(_WORK_S):
            taken = await self._statements.import_statement(octets, "api", key.actor)
        match str(taken.outcome):
            case "taken" | "partly" as outcome:
                return given(_taken(outcome, taken), 201)
            case "already":
                return given(_taken("already", taken))
            case "waiting":
                return given(_taken("waiting", taken), 202)
            case "too_large":
                raise Refused(413, "too_large", "the file is too long; send one statement at a time")
            case _:
                raise Refused(422, "not_understood", f"this is no statement that we read: {taken.reason}"[:300])

    async def _made(self, key: ApiKey, call: str, order: BatchOrder, file: BinaryIO, *, again: bool) -> str:
        declared = Declared(order.declared.count, order.declared.total_minor)
        try:
            batch = await self._payouts.create(order.name, line=order.line, staff_id=key.actor, declared=declared)
            result = await self._payouts.upload(batch.id, file, staff_id=key.actor, reason=order.again_because)
        except BadInput:
            await self._keys.refused(key.id, call)
            raise
        made = batch.id
        if result.outcome is not PayoutOutcome.OK:
            await self._payouts.cancel(batch.id, key.actor, result.outcome.value)
            earlier = await self._payouts.by_id(result.about) if again and result.about else None
            if earlier is None or earlier.staff_id != key.actor:
                await self._keys.refused(key.id, call)
                raise _refusal(result.outcome, result.about)
            # The process that began this call has brought the file before it was gone.
            made = earlier.id
        await self._keys.made(key.id, call, made)
        return made

    async def _shown(self, batch_id: str, status: int) -> web.Response:
        batch, now = await self._payouts.by_id(batch_id), await self._payouts.progress(batch_id)
        assert batch is not None and now is not None, "batches stay"  # noqa: PT018 - one fact
        answer = given(BatchShown.of(batch, now), status)
        answer.headers["Location"] = f"/api/v1/payout-batches/{batch_id}"
        return answer

    async def _page(
        self, request: web.Request, key: ApiKey, states: frozenset[ItemState], *, with_bad: bool
    ) -> web.Response:
        limit = _number(request, "limit", PAGE_USUAL, 1, PAGE_MAX)
        after = _number(request, "after", 0, 0, 10**9)
        async with in_time():
            batch = await self._mine(request, key)
            items = await self._payouts.items(batch.id, limit=limit + 1, after=max(0, after - 1), states=states)
            bad = await self._payouts.bad_rows(batch.id, limit=limit + 1, after=after) if with_bad else []
        found = [PaymentShown.of(item) for item in items] + [_not_taken(row) for row in bad]
        rows = sorted((one for one in found if one.line > after), key=lambda one: one.line)
        more = rows[limit - 1].line if len(rows) > limit else None
        return given(PaymentsPage(payments=rows[:limit], next_after=more))

    async def _mine(self, request: web.Request, key: ApiKey) -> Batch:
        """The batch, if this key has brought it; of others nothing is said."""
        batch = await self._payouts.by_id(request.match_info["id"])
        if batch is None or batch.staff_id != key.actor:
            raise Refused(404, "not_found", "this key has brought no such batch")
        return batch

    async def _read(self, request: web.Request) -> tuple[BatchOrder, BinaryIO, str]:
        """The order, its file, and a hash over both."""
        if request.content_type == JSON_TYPE:
            body = await body_of(request, JSON_BYTES_MAX, _READ_S)
            digest = hashlib.sha256(body).hexdigest()
            _check_hash(request, digest)
            asked = parsed(BatchWithRows, body)
            return asked, io.BytesIO(await asyncio.to_thread(_as_csv, asked)), digest
        if request.content_type != "multipart/form-data":
            raise Refused(415, "unsupported_media_type", "send application/json, or multipart/form-data with a file")
        file = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - handed on
        try:
            async with asyncio.timeout(_READ_S):
                order, digest = await self._parts(request, file)
        except BaseException as problem:
            file.close()
            if isinstance(problem, TimeoutError):
                raise Refused(408, "slow", "the body did not come in time") from problem
            if isinstance(problem, ValueError):
                raise Refused(400, "bad_multipart", "send the parts `order` and `file`, in this order") from problem
            raise
        file.seek(0)
        return order, file, digest

    async def _parts(self, request: web.Request, file: BinaryIO) -> tuple[BatchOrder, str]:
        reader = await request.multipart()
        first, second = await reader.next(), None
        if not isinstance(first, BodyPartReader) or first.name != "order":
            raise ValueError("order")
        body = bytearray()
        while chunk := await first.read_chunk(_CHUNK):
            body += chunk
            if len(body) > ORDER_BYTES_MAX:
                raise Refused(413, "too_large", f"the part `order` has more than {ORDER_BYTES_MAX} octets")
        order = parsed(BatchOrder, bytes(body))
        second = await reader.next()
        if not isinstance(second, BodyPartReader) or second.name != "file":
            raise ValueError("file")
        digest, size = hashlib.sha256(), 0
        while chunk := await second.read_chunk(_CHUNK):
            size += len(chunk)
            if size > self._file_bytes_max:
                raise Refused(413, "too_large", f"the file has more than {self._file_bytes_max} octets")
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
        _check_hash(request, digest.hexdigest())
        return order, hashlib.sha256(body + digest.digest()).hexdigest()


def _as_csv(asked: BatchWithRows) -> bytes:
    """The rows as the file that they could have been: one way in, so one set of checks."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([str(getattr(row, name)) for name in COLUMNS] for row in asked.rows)
    return out.getvalue().encode("utf-8", "replace")


def _check_hash(request: web.Request, digest: str) -> None:
    said = request.headers.get("X-Content-Hash")
    if said is not None and (not _HASH.fullmatch(said) or said.lower() != digest):
        raise Refused(409, "content_hash", "X-Content-Hash is not the SHA-256 of what came; send it again")


def _number(request: web.Request, name: str, usual: int, least: int, most: int) -> int:
    text = request.query.get(name, str(usual))
    if re.fullmatch("0|[1-9][0-9]{0,9}", text, re.ASCII) and least <= int(text) <= most:
        return int(text)
    raise wrong(name, f"{least} to {most}")


def _taken(outcome: Literal["taken", "already", "partly", "waiting"], done: Imported) -> StatementTaken:
    return StatementTaken(
        outcome=outcome,
        statement_ids=list(done.statement_ids),
        reason=done.reason,
        members=[_member(one) for one in done.members],
        gaps=[_gap(one) for one in done.gaps],
    )


def _member(one: Imported) -> MemberTaken:
    said = {"name": one.name, "outcome": str(one.outcome), "statement_ids": list(one.statement_ids)}
    return MemberTaken.model_validate(said | {"reason": one.reason})


def _gap(one: Gap) -> GapShown:
    first, last = one.missing or (None, None)
    return GapShown(
        statement_id=one.statement_id,
        account=one.account,
        asset=one.asset,
        before=one.before,
        number=one.number,
        missing_first=first,
        missing_last=last,
        closing_minor=one.closing,
        opening_minor=one.opening,
    )


def _not_taken(row: BadRow) -> PaymentShown:
    return PaymentShown(
        line=row.line,
        reference="",
        state="not_taken",
        reason=row.fault.value,
        column=row.column,
        amount_minor=None,
        rail="",
        account="",
        changed_at=None,
    )


_TITLES = {
    PayoutOutcome.SAME_FILE: "the same content came before; give `again_because` to bring it once more",
    PayoutOutcome.HASH_DIFFERS: "the file is not the one whose hash was declared; send it again",
}


def _refusal(outcome: PayoutOutcome, about: str) -> Refused:
    title = _TITLES.get(outcome, "the file was not taken")
    return Refused(409, outcome.value, f"{title} ({about})" if about else title)
