"""Terminal batches: compared, healed, and answered once with the same bytes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.services.clearing import BatchState, ExceptionState, ExceptionType, ResolveOutcome, batches
from gateway.wire.iso8583 import Message
from tests.gateway.services.clearing.host import TERMINAL, Healed, Killed, Took, World
from wallet.errors import LedgerUnavailable


async def types(world: World) -> list[ExceptionType]:
    """Of the exceptions that are open, oldest first."""
    return [one.type for one in reversed(await world.clearing.views.exceptions())]


async def only(world: World) -> BatchState:
    """The state of the only batch."""
    (batch,) = await world.clearing.views.batches()
    return batch.state


async def test_totals_that_agree_close_the_batch(world: World) -> None:
    shop = await world.shop()
    first = await world.host.buy(shop, 100_000, "000001")
    await world.host.buy(shop, 50_000, "000002")
    await world.host.refund(first, 30_000, "000003")
    net = f"D{120_000:016d}"
    assert await world.ask(world.totals(2, 150_000, refunds=1, back=30_000, DE97=net)) == "00"
    (batch,) = await world.clearing.views.batches()
    assert (batch.state, batch.tries, batch.terminal_totals) == (BatchState.AGREED, 0, batch.host_totals)
    assert await types(world) == []


async def test_a_message_that_comes_again_gets_the_same_bytes_and_changed_content_is_refused(world: World) -> None:
    shop = await world.shop()
    await world.host.buy(shop, 100_000, "000001")
    asked = world.totals(2, 200_000)
    first = await world.clearing.answer(asked, TERMINAL)
    await world.host.buy(shop, 100_000, "000002")
    assert await world.clearing.answer(asked, TERMINAL) == first
    later = Message("0501", {**asked.fields, 7: "1122100000"})
    assert await world.clearing.answer(later, TERMINAL) == first
    assert await world.ask(Message("0500", {**asked.fields, 88: f"{1:016d}"})) == "94"


async def test_a_lost_completion_is_healed_and_nothing_is_left_to_look_at(both: World) -> None:
    world = both
    shop = await world.shop()
    kept, lost = await world.host.buy(shop, 100_000, "000001"), await world.host.buy(shop, 70_000, "000002", lost=True)
    assert await world.ask(world.totals(2, 170_000)) == "95"
    for one in (kept, lost):
        assert await world.ask(world.item(one)) == "00"
    assert await world.ask(world.totals(2, 170_000)) == "00"
    assert await only(world) is BatchState.AGREED
    assert await types(world) == []
    assert await world.balance("merchant_clearing", shop) == 170_000
    (batch,) = await world.clearing.views.batches()
    view = await world.clearing.views.batch(batch.id)
    assert view is not None
    assert [one.fate for one in view.uploads] == ["same", "healed"]
    assert {one.stan for one in view.takings} == {"000001", "000002"}


async def test_what_cannot_be_healed_is_an_exception_with_an_owner_and_the_batch_closes(both: World) -> None:
    world = both
    shop = await world.shop()
    kept = await world.host.buy(shop, 100_000, "000001")
    differs = await world.host.buy(shop, 50_000, "000002")
    lost = await world.host.buy(shop, 70_000, "000003", lost=True)
    forged = replace(lost, stan="000004", rrn="RRN000000004", approval="NOBODY")
    wrong = replace(differs, amount_minor=60_000)
    sent: list[Took] = [wrong, lost, forged]
    total = sum(one.amount_minor for one in sent)
    assert await world.ask(world.totals(3, total)) == "95"
    for one in sent:
        assert await world.ask(world.item(one)) == "00"
    assert await world.ask(world.totals(3, total)) == "00"
    assert await only(world) is BatchState.HEALED
    assert sorted(await types(world)) == ["amount_differs", "missing_at_terminal", "unknown_item"]
    found = {one.type: one for one in await world.clearing.views.exceptions(owner="desk")}
    missing = found[ExceptionType.MISSING_AT_TERMINAL]
    assert (missing.detail["taking"], missing.detail["host_minor"]) == (kept.id, "100000")
    assert (await world.clearing.views.resolve(missing.id, "stf_1", " ")) is ResolveOutcome.REASON_MISSING
    assert (await world.clearing.views.take(missing.id, "stf_2")) is ResolveOutcome.OK
    assert [one.id for one in await world.clearing.views.exceptions(owner="stf_2")] == [missing.id]
    assert (await world.clearing.views.resolve(missing.id, "stf_1", "seen on the journal")) is ResolveOutcome.OK
    assert (await world.clearing.views.resolve(missing.id, "stf_1", "again")) is ResolveOutcome.RESOLVED
    assert (await world.clearing.views.resolve("exc_0", "stf_1", "again")) is ResolveOutcome.UNKNOWN
    (done,) = await world.clearing.views.exceptions(state=ExceptionState.RESOLVED)
    assert (done.owner, done.resolved_by, done.reason) == ("stf_1", "stf_1", "seen on the journal")


async def test_items_that_were_lost_on_the_way_are_asked_for_again_and_then_left_to_staff(world: World) -> None:
    shop = await world.shop()
    await world.host.buy(shop, 100_000, "000001")
    codes = [await world.ask(world.totals(2, 150_000)) for _ in range(5)]
    assert codes == ["95", "95", "95", "95", "00"]
    assert sorted(await types(world)) == ["missing_at_terminal", "upload_incomplete"]


async def test_the_end_of_a_batch_that_is_told_again_under_another_number_is_still_agreed(world: World) -> None:
    shop = await world.shop()
    await world.host.buy(shop, 100_000, "000001")
    assert await world.ask(world.totals(1, 100_000)) == "00"
    assert await world.ask(world.totals(1, 100_000)) == "00"
    assert len(await world.clearing.views.batches()) == 1


async def test_a_number_that_is_used_again_begins_another_round(both: World) -> None:
    world = both
    shop = await world.shop()
    for stan in ("000001", "000002", "000003"):
        await world.host.buy(shop, 100_000, stan)
        assert await world.ask(world.totals(1, 100_000)) == "00"
    rounds = await world.clearing.views.batches()
    assert sorted((one.round, one.state) for one in rounds) == [(n, BatchState.AGREED) for n in (1, 2, 3)]


async def test_a_batch_without_totals_is_closed_after_days_and_agreed_if_they_come_after_all(both: World) -> None:
    world = both
    shop = await world.shop()
    await world.host.buy(shop, 100_000, "000001")
    await world.day_ends()
    assert await only(world) is BatchState.OPEN
    world.clock.advance(timedelta(days=4))
    await world.clearing.tick()
    assert await only(world) is BatchState.UNCONFIRMED
    assert await types(world) == [ExceptionType.UNCONFIRMED]
    assert await world.ask(world.totals(1, 100_000)) == "00"
    assert await only(world) is BatchState.AGREED
    assert await types(world) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({60: "1"}, "30"),
        ({60: "00000a"}, "30"),
        ({32: "999999"}, "30"),
        ({97: f"C{100_000:016d}"}, "30"),
        ({97: f"D{1:016d}"}, "30"),
        ({13: "0231"}, "30"),
        ({41: "TERM0002"}, "30"),
        ({76: None}, "30"),
    ],
)
async def test_totals_that_say_something_impossible_are_refused_and_change_nothing(
    world: World, fields: dict[int, str | None], code: str
) -> None:
    await world.shop()
    told = {**world.totals(1, 100_000).fields, **fields}
    message = Message("0500", {number: value for number, value in told.items() if value is not None})
    assert await world.ask(message) == code
    assert await world.clearing.views.batches() == []


async def test_a_terminal_that_dies_between_healing_and_the_answer_finds_it_done(world: World) -> None:
    shop = await world.shop()
    lost = await world.host.buy(shop, 70_000, "000001", lost=True)
    assert await world.ask(world.totals(1, 70_000)) == "95"
    assert await world.ask(world.item(lost)) == "00"
    again = world.totals(1, 70_000)
    world.host.kill = "heal"
    with pytest.raises(Killed):
        await world.clearing.answer(again, TERMINAL)
    world.reborn()
    assert await world.ask(again) == "00"
    assert await world.balance("merchant_clearing", shop) == 70_000


async def test_a_terminal_sends_only_so_many_items_of_a_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "UPLOADS_MAX", 2)
    shop = await world.shop()
    items = [world.item(await world.host.buy(shop, 1_000, world.stan())) for _ in range(3)]
    assert [await world.ask(item) for item in items] == ["00", "00", "95"]
    assert await world.ask(items[2]) == "95"
    (batch,) = await world.clearing.views.batches()
    view = await world.clearing.views.batch(batch.id)
    assert view is not None
    assert len(view.uploads) == 2


async def test_a_ledger_that_is_down_while_a_batch_is_healed_is_said_as_such(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_asked: object) -> Healed:
        raise LedgerUnavailable("down")

    shop = await world.shop()
    lost = await world.host.buy(shop, 1_000, world.stan(), lost=True)
    assert await world.ask(world.totals(1, 1_000)) == "95"
    assert await world.ask(world.item(lost)) == "00"
    with monkeypatch.context() as patched:
        patched.setattr(world.host, "heal", down)
        with pytest.raises(LedgerUnavailable):
            await world.clearing.answer(world.totals(1, 1_000), TERMINAL)
    assert await world.ask(world.totals(1, 1_000)) == "00"
