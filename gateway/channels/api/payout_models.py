"""Batches over the API's wire. Amounts are whole numbers of the smallest unit; accounts by their last digits."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.services.payouts.model import Batch, Item, ItemState, Progress

ROWS_MAX = 10_000
_PLAIN = r"^[^\x00-\x1f\x7f]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class DeclaredTotals(_Strict):
    """What the sender says that it comes to; another outcome is refused."""

    count: int = Field(ge=1, le=10_000_000)
    total_minor: int = Field(ge=1, le=2**62, description="In rials")


class BatchOrder(_Strict):
    """What a batch is for. With a file this is the part `order`, and `file` follows."""

    name: str = Field(min_length=1, max_length=100, pattern=_PLAIN)
    line: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$", description="Budget line")
    declared: DeclaredTotals
    again_because: str = Field("", max_length=200, pattern=_PLAIN, description="To bring the same content once more")


class PaymentRow(_Strict):
    """One payment: to whom by number, national number, person or IBAN, and how much."""

    reference: str = Field(min_length=1, max_length=64, pattern=_PLAIN, description="Yours, unique for ever")
    amount: int = Field(ge=1, le=2**53, description="In rials")
    msisdn: str = Field("", max_length=20, pattern=_PLAIN, repr=False)
    national: str = Field("", max_length=20, pattern=_PLAIN, repr=False)
    person: str = Field("", max_length=40, pattern=_PLAIN)
    iban: str = Field("", max_length=64, pattern=_PLAIN, repr=False)
    name: str = Field("", max_length=100, pattern=_PLAIN, repr=False, description="Needed with `iban`")
    purpose: str = Field("", max_length=8, pattern=_PLAIN, description="ISO 20022, `SSBE` if absent")
    note: str = Field("", max_length=140, pattern=_PLAIN, repr=False)


class BatchWithRows(BatchOrder):
    """A batch whose payments stand in the request."""

    rows: list[PaymentRow] = Field(min_length=1, max_length=ROWS_MAX)


class RailTotal(_Strict):
    """How many payments of a rail stand where."""

    rail: Literal["wallet", "bank"]
    state: str
    count: int
    total_minor: int


class BatchShown(_Strict):
    """A batch as it stands. People check it, propose it, agree and sign: nothing here releases it."""

    id: str
    label: str = Field(description="As people say it, `B7`")
    name: str
    line: str
    state: str = Field(description="loading, draft, locked, approved, running, paused, done, refused, cancelled")
    stopped: str = Field(description="Why it does not go on by itself, or empty")
    declared_count: int | None
    declared_total_minor: int | None
    lines: int = Field(description="Lines read")
    parsing_success_count: int = Field(description="Payments that can be made")
    rejection_count: int = Field(description="Lines not taken, and payments rejected")
    completed_count: int = Field(description="Settled or confirmed")
    returned_count: int
    total_minor: int
    paid_minor: int
    asset: str
    manifest_sha256: str = Field(description="Over what is paid, once it is locked; else empty")
    totals: list[RailTotal]
    created_at: datetime
    released_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, batch: Batch, now: Progress) -> "BatchShown":
        """As the wire has it."""

        def count(*states: ItemState) -> int:
            return sum(one.count for one in now.tallies if one.state in states)

        return cls(
            id=batch.id,
            label=batch.label,
            name=batch.name,
            line=batch.line,
            state=batch.state.value,
            stopped=batch.stopped,
            declared_count=batch.declared.count,
            declared_total_minor=batch.declared.total_minor,
            lines=now.lines,
            parsing_success_count=batch.count,
            rejection_count=batch.bad + count(ItemState.REJECTED),
            completed_count=count(ItemState.SETTLED, ItemState.CONFIRMED),
            returned_count=count(ItemState.RETURNED),
            total_minor=batch.total.minor,
            paid_minor=now.paid.minor,
            asset=batch.total.asset.code,
            manifest_sha256=batch.manifest.hex(),
            totals=[
                RailTotal(rail=one.rail.value, state=one.state.value, count=one.count, total_minor=one.total.minor)
                for one in now.tallies
            ],
            created_at=batch.created_at,
            released_at=batch.released_at,
            finished_at=batch.finished_at,
        )


class PaymentShown(_Strict):
    """A payment, or a line that was not taken (`state` is `not_taken`, `reason` says why)."""

    line: int = Field(description="In the file; the heading is 1")
    reference: str
    state: str
    reason: str = Field(description="Why it stands there: a code of the bank, of the ledger or of ours; or empty")
    column: str = Field(description="Of a line that was not taken: where; or empty")
    amount_minor: int | None
    rail: str
    account: str = Field(description="The last four digits, as `…0001`; empty for the wallet")
    changed_at: datetime | None

    @classmethod
    def of(cls, item: Item) -> "PaymentShown":
        """As the wire has it."""
        return cls(
            line=item.seq + 1,
            reference=item.reference,
            state=item.state.value,
            reason=item.reason,
            column="",
            amount_minor=item.amount.minor,
            rail=item.rail.value,
            account=item.masked,
            changed_at=item.changed_at,
        )


class PaymentsPage(_Strict):
    """A page in the order of the lines; ask on with `after`, until `next_after` is null."""

    payments: list[PaymentShown]
    next_after: int | None


class GapShown(_Strict):
    """What does not fit between a statement and the one before it in its series."""

    statement_id: str = Field(description="The later one")
    account: str
    asset: str
    before: int = Field(description="Number of the earlier one, 0 where it has none")
    number: int = Field(description="Number of the later one, 0 where it has none")
    missing_first: int | None = Field(description="First number that is missing; null where none is")
    missing_last: int | None
    closing_minor: int | None = Field(description="What the earlier one closed with")
    opening_minor: int | None = Field(description="What the later one opens with")


class MemberTaken(_Strict):
    """What came of one file of a pack."""

    name: str
    outcome: Literal["taken", "already", "waiting", "refused", "too_large", "beside"] = Field(
        description="`beside`: nothing of the bank, a folder or a note for people"
    )
    statement_ids: list[str]
    reason: str


class StatementTaken(_Strict):
    """What came of a file of the bank, or of a pack of them (ZIP, gzip)."""

    outcome: Literal["taken", "already", "partly", "waiting"] = Field(
        description="`partly`: members of a pack were refused; the others are in. `waiting`: pages are missing"
    )
    statement_ids: list[str]
    reason: str = Field("", description="What does not fit though it was taken: it tells of an order that is not ours")
    members: list[MemberTaken] = Field([], description="Of a pack, in its order")
    gaps: list[GapShown] = Field([], description="Statements that are missing, and balances that do not follow")
