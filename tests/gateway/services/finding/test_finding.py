"""Whatever a person has in hand leads to the thing: on each database, from an index, and never by a wildcard."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Executable, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.app.finding import LOOKED
from gateway.services.finding import FindOutcome, Found, FoundBy, FoundKind, Tables
from gateway.services.finding.wanted import wanted
from gateway.store import Store, engines
from tests.gateway.services.finding.world import STAFF, Somebody, World, opened
from tests.wallet.books import fund, hold, send
from wallet.clock import ManualClock
from wallet.ids import new_id
from wallet.transfers import Transfer

ANNA = Somebody("per_01K8ABCDEFGHJKMNPQRSTVWXY2", "Anna")
PHONE = "+989120000001"


@pytest.fixture
async def world(both_url: str, clock: ManualClock) -> AsyncIterator[World]:
    async with opened(both_url, clock) as made:
        made.known.people[PHONE] = ANNA
        yield made


async def found(world: World, text_: str, limit: int = 20) -> list[tuple[FoundKind, str, FoundBy]]:
    result = await world.finding.find(text_, STAFF, limit=limit)
    assert (result.outcome is FindOutcome.FOUND) == bool(result.found)
    return [(one.kind, one.id, one.by) for one in result.found]


async def post(world: World, *transfers: Transfer) -> None:
    results = await world.ledger.post(*transfers)
    assert all(result.outcome.stands for result in results)


async def test_a_cause_of_the_ledger_is_found_whole_by_its_beginning_and_by_its_end(
    world: World, clock: ManualClock
) -> None:
    money, sent = fund(clock, 100), send(clock, 30)
    await post(world, money, sent)
    digits = sent.cause.removeprefix("pay_")
    hit = (FoundKind.PAYMENT, sent.cause)

    assert await found(world, sent.cause) == [(*hit, FoundBy.ID)]
    assert await found(world, f" {sent.cause.lower()} ") == [(*hit, FoundBy.ID)]
    assert await found(world, sent.cause[:20]) == [(*hit, FoundBy.PREFIX)]
    assert (*hit, FoundBy.PREFIX) in await found(world, digits[:22])
    assert await found(world, digits[-4:]) == [(*hit, FoundBy.TAIL)]
    assert await found(world, digits[-9:].lower()) == [(*hit, FoundBy.TAIL)]
    assert await found(world, f"pay_…{digits[-6:]}") == [(*hit, FoundBy.TAIL)]
    assert await found(world, f"clm_…{digits[-6:]}") == []
    both = await world.finding.find(digits[:10], STAFF)
    assert {one.id for one in both.found} == {money.cause, sent.cause}


async def test_a_cause_of_many_transfers_is_one_hit_with_its_first_amount(world: World, clock: ManualClock) -> None:
    many = [replace(fund(clock, 100 + place), cause="bat_01K8ABCDEFGHJKMNPQRSTVWX77") for place in range(350)]
    other = fund(clock, 5)
    await post(world, *many, replace(other, cause="bat_01K8ABCDEFGHJKMNPQRSTVWX76"))

    result = await world.finding.find("bat_01K8ABCDEFGHJKMNPQRSTVWX", STAFF)

    first = result.found[0]
    assert [one.id[-2:] for one in result.found] == ["77", "76"]
    assert (first.minor, first.asset, first.transfers, first.kind) == (100, "IRR", 100, FoundKind.PAYOUT_BATCH)


async def test_a_transfer_is_found_by_its_own_id_as_it_is_printed(world: World, clock: ManualClock) -> None:
    money = fund(clock, 100)
    await post(world, money)
    printed = str(money.id)

    for typed, by in [
        (printed, FoundBy.ID),
        (printed.upper().replace("-", ""), FoundBy.ID),
        (printed[:30], FoundBy.PREFIX),
        (printed[-7:], FoundBy.TAIL),
    ]:
        result = await world.finding.find(typed, STAFF)
        hits = [one for one in result.found if one.kind is FoundKind.TRANSFER]
        assert [(one.id, one.by, one.cause) for one in hits] == [(printed, by, money.cause)]


async def test_a_thing_of_a_service_and_its_transfers_are_one_hit(world: World, clock: ManualClock) -> None:
    claim = new_id("clm", clock)
    await world.put("benefits_claims", id=claim, number="C-4711", amount_minor=700, asset="IRR")
    assert await found(world, claim[-5:]) == [(FoundKind.CLAIM, claim, FoundBy.TAIL)]

    await post(world, replace(fund(clock, 100), cause=claim))
    result = await world.finding.find(claim, STAFF)

    assert [(one.id, one.minor, one.transfers, one.name) for one in result.found] == [(claim, 700, 1, "C-4711")]


QUOTED: Sequence[tuple[str, dict[str, object], str, FoundKind, FoundBy]] = [
    ("banking_lines", {"statement_id": "stm_1", "number": 3, "end_to_end_id": "E2E/9 A"}, "e2e/9 A",
     FoundKind.STATEMENT_LINE, FoundBy.END_TO_END),
    ("banking_lines", {"statement_id": "stm_1", "number": 4, "bank_reference": "AB12.7"}, "AB12.7",
     FoundKind.STATEMENT_LINE, FoundBy.BANK_REFERENCE),
    ("banking_lines", {"statement_id": "stm_1", "number": 5, "message_id": "MSG77"}, "msg77",
     FoundKind.STATEMENT_LINE, FoundBy.MESSAGE),
    ("banking_orders", {"id": "B000007O00001"}, "b000007o00001", FoundKind.BANK_ORDER, FoundBy.MESSAGE),
    ("payouts_items", {"id": "itm_1", "end_to_end_id": "E2E5555"}, "e2e5555", FoundKind.PAYOUT_ITEM,
     FoundBy.END_TO_END),
    ("payouts_items", {"id": "itm_1", "reference": "row-0815"}, "ROW-0815", FoundKind.PAYOUT_ITEM, FoundBy.REFERENCE),
    ("taps_taps", {"id": "tap_1", "rrn": "632512345678"}, "۶۳۲۵۱۲۳۴۵۶۷۸", FoundKind.TAP, FoundBy.RRN),
    ("taps_taps", {"id": "tap_1", "approval": "A1B2C3"}, "a1b2c3", FoundKind.TAP, FoundBy.APPROVAL_CODE),
    ("taps_taps", {"id": "tap_1", "stan": "004711"}, "004711", FoundKind.TAP, FoundBy.STAN),
    ("taps_refunds", {"id": "rfd_1", "rrn": "632512345679"}, "6325 1234 5679", FoundKind.REFUND, FoundBy.RRN),
    ("clearing_batches", {"id": "tbt_1", "number": "000042"}, "000042", FoundKind.TERMINAL_BATCH,
     FoundBy.BATCH_NUMBER),
    ("payments_payments", {"id": "pay_1", "reference": "77310045"}, "7731 0045", FoundKind.PAYMENT,
     FoundBy.REFERENCE),
    ("payments_codes", {"id": "cco_1", "msisdn": PHONE}, "0912 000 0001", FoundKind.CLAIM_CODE, FoundBy.PHONE),
    ("benefits_claims", {"id": "clm_1", "number": "481516"}, "481516", FoundKind.CLAIM, FoundBy.NUMBER),
    ("providers_providers", {"id": "prv_1", "till": "23428"}, "23428", FoundKind.PROVIDER, FoundBy.NUMBER),
    ("providers_providers", {"id": "prv_1", "msisdn": PHONE}, "00989120000001", FoundKind.PROVIDER, FoundBy.PHONE),
    ("merchants_merchants", {"id": "mer_1", "number": "10042"}, "10042", FoundKind.MERCHANT, FoundBy.NUMBER),
]  # fmt: skip


async def test_what_people_quote_leads_to_what_it_is_of(world: World) -> None:
    await world.put("banking_files", id="bkf_1")
    await world.put("banking_statements", id="stm_1", file_id="bkf_1")
    for table, row, typed, kind, by in QUOTED:
        await world.clear(table)
        await world.put(table, **row)
        hits = await found(world, typed)
        assert (kind, str(row.get("id") or row["statement_id"]), by) in hits, (table, typed, hits)


async def test_a_phone_number_finds_a_person_only_with_a_reason_and_leaves_a_trace(world: World) -> None:
    hit = Found(FoundKind.PERSON, ANNA.id, FoundBy.PHONE, name="Anna")

    assert (await world.finding.find("0912 000 0001", STAFF)).outcome is FindOutcome.NOTHING
    assert (await world.finding.find("0912 000 0001", STAFF, people=True)).outcome is FindOutcome.REASON
    assert (await world.finding.find("0912 000 0001", STAFF, people=True, reason="  ")).outcome is FindOutcome.REASON
    assert world.known.seen == []
    with_reason = await world.finding.find("۰۹۱۲۰۰۰۰۰۰۱", STAFF, people=True, reason="break 7")
    assert list(with_reason.found) == [hit]
    assert world.known.seen == [(ANNA.id, STAFF, "break 7")]


ANSWERS = {
    "": FindOutcome.TOO_SHORT, "abc": FindOutcome.TOO_SHORT, "%%%%%%": FindOutcome.TOO_SHORT,
    "clm_": FindOutcome.TOO_SHORT, "x" * 500: FindOutcome.UNREADABLE, "a\x00bcd": FindOutcome.UNREADABLE,
    "pay%%%%ab": FindOutcome.NOTHING, "pay_0___": FindOutcome.NOTHING, "' OR '1'='1": FindOutcome.NOTHING,
}  # fmt: skip


async def test_what_can_mean_nothing_is_told_so_and_wildcards_match_nothing(world: World, clock: ManualClock) -> None:
    await post(world, fund(clock, 100), send(clock, 1))

    assert {typed: (await world.finding.find(typed, STAFF)).outcome for typed in ANSWERS} == ANSWERS


async def test_no_more_than_the_limit_comes_and_the_newest_first(world: World, clock: ManualClock) -> None:
    transfers = [fund(clock, 1) for _ in range(30)]
    await post(world, *transfers)

    result = await world.finding.find("csh_0", STAFF, limit=7)

    assert (len(result.found), result.more) == (7, True)
    newest = sorted((one.cause for one in transfers), reverse=True)[:7]
    assert {one.id for one in result.found} == set(newest)


class Explain(Executable, ClauseElement):
    """`EXPLAIN` before a query."""

    inherit_cache = False

    def __init__(self, query: ClauseElement) -> None:
        self.query = query


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **options: object) -> str:
    words = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else "EXPLAIN"
    return f"{words} {compiler.process(element.query, **options)}"


TYPED = ["clm_01K8ABCDEFGHJKMNPQRSTVWXYZ", "clm_01K8ABC", "itm_…A7K9QZ", "a7k9qz", "09120000001", "AB/12-77"]


async def test_nothing_in_the_store_is_read_whole(both_url: str) -> None:
    store = await Store.open(both_url)
    tables = Tables(store, LOOKED)
    reading = engines.postgres(both_url) if "postgresql" in both_url else engines.reader(both_url)
    async with reading.connect() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET enable_seqscan = off"))
        plans = [await connection.run_sync(_plan, *tables.question(wanted(typed), 21)) for typed in TYPED]
    await reading.dispose()
    await store.close()

    assert len(plans) == len(TYPED)
    for plan in plans:
        assert not re.search(r"Seq Scan|SCAN (?!CONSTANT|anon_|\(|\d)", plan), plan
        assert plan.count("INDEX") + plan.count("Index") >= 8


def _plan(connection: Connection, query: ClauseElement, values: Mapping[str, object]) -> str:
    # Past SQLAlchemy's result, which would take the plan's lines for the query's own columns.
    cursor = connection.execute(Explain(query), values).cursor
    assert cursor is not None
    return "\n".join(str(row[-1]) for row in cursor.fetchall())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.sampled_from("clmpay_0129AZazO%_'\"\\-…۰٤\u200f \n"), max_size=40))
@pytest.mark.parametrize("both_url", ["sqlite"], indirect=True)
async def test_any_text_has_an_answer(world: World, typed: str) -> None:
    result = await world.finding.find(typed, STAFF, people=True, reason="x")

    assert len(result.found) <= 20


async def test_a_hold_and_its_end_are_one_hit(world: World, clock: ManualClock) -> None:
    reserved = hold(clock, 10, clock.now() + timedelta(hours=1))
    await post(world, fund(clock, 100), reserved)

    assert await found(world, reserved.cause[-6:]) == [(FoundKind.TAP, reserved.cause, FoundBy.TAIL)]
