"""Sales without a line, parts, refunds, voids, batches: what the acquirer hears, and what a killed one still does."""

from pathlib import Path

import pytest

from simulators import emv_card
from simulators.faults import Faults, TillFaults, TillMishap
from simulators.nfc import Kernel
from simulators.terminal import TapOutcome, TerminalConfig
from simulators.till import iso8583
from simulators.till.items import ItemState, Totals
from simulators.till.journal import Journal
from tests.simulators.acquirer import Acquirer, until
from tests.simulators.till.bench import config_of, drained, offline_phone, online, running, terminal_of
from tests.simulators.tokens import PAN, phone_with_token

OUTCOME = TapOutcome


async def test_bought_in_one_message_there_is_nothing_to_complete(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer, config=config_of(one_message=True))) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        assert (result.outcome, terminal.totals) == (OUTCOME.APPROVED, Totals(1, 25_000))

    assert acquirer.mtis() == ["0200"]


@pytest.mark.parametrize(("one_message", "mtis"), [(False, ["0120", "0220"]), (True, ["0220"])])
@pytest.mark.parametrize("kernel", list(Kernel))
async def test_a_sale_without_a_line_is_told_when_there_is_one(
    acquirer: Acquirer, tmp_path: Path, kernel: Kernel, mtis: list[str], *, one_message: bool
) -> None:
    config = config_of(one_message=one_message)
    nobody = terminal_of(acquirer, folder=tmp_path, config=config)
    await nobody.switch(on=False)
    result = await nobody.pay(25_000, offline_phone(kernel))
    assert (result.outcome, result.approved, nobody.owed_count) == (OUTCOME.OFFLINE, True, 1)
    assert (await nobody.pay(100_001, offline_phone(kernel))).outcome is OUTCOME.NO_LINE

    # The terminal is killed before it has a line again.
    async with running(terminal_of(acquirer, folder=tmp_path, config=config)) as terminal:
        await drained(terminal)
        (item,) = terminal.items()
        assert (item.offline, item.approval, item.counts) == (True, "A00001", True)

    assert acquirer.mtis() == mtis
    advice = acquirer.got[-len(mtis)]
    chip = {item.tag: item.value for item in emv_card.parse(advice.icc)}
    assert (advice[2], chip["9F27"], advice[90]) == (PAN, b"\x40", "")
    if not one_message:
        completed = acquirer.of("0220")[0]
        assert completed[90] == iso8583.original_data("0120", advice[11], advice[7], advice[32])
        assert completed[38] == "A00001"


@pytest.mark.parametrize(("one_message", "mti"), [(False, "0120"), (True, "0220")])
async def test_a_sale_without_a_line_that_the_acquirer_refuses_is_in_no_total(
    acquirer: Acquirer, mti: str, *, one_message: bool
) -> None:
    acquirer.codes[mti] = "59"
    terminal = terminal_of(acquirer, config=config_of(one_message=one_message))
    await terminal.switch(on=False)
    await terminal.pay(25_000, offline_phone())
    async with running(terminal):
        await terminal.switch(on=True)
        await drained(terminal)
    assert (terminal.items()[0].state, terminal.totals) == (ItemState.REFUSED, Totals())
    assert acquirer.mtis() == [mti]


async def test_a_part_is_completed_with_what_was_approved_and_the_rest_is_on_the_slip(acquirer: Acquirer) -> None:
    acquirer.codes["0100"], acquirer.part_minor = "10", 20_000
    async with running(terminal_of(acquirer, config=config_of(partial=True))) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
    assert (result.outcome, result.approved) == (OUTCOME.PARTIAL, True)
    slip = dict(result.receipt)
    assert (slip["amount"], slip["paid"], slip["rest"]) == ("25,000 IRR", "20,000 IRR", "5,000 IRR")
    assert (acquirer.of("0100")[0][24], acquirer.of("0220")[0][4]) == ("200", "000000020000")


@pytest.mark.parametrize("part", [0, 25_001])
async def test_a_part_that_is_none_or_more_than_all_is_no_approval(acquirer: Acquirer, part: int) -> None:
    acquirer.codes["0100"], acquirer.part_minor = "10", part
    async with running(terminal_of(acquirer, config=config_of(partial=True))) as terminal:
        assert (await terminal.pay(25_000, phone_with_token())).outcome is OUTCOME.DECLINED
        await drained(terminal)
    assert acquirer.mtis() == ["0100", "0420"], "the acquirer believes that it sold something"


async def test_a_refund_names_token_reference_and_original_and_counts_as_a_credit(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        result = await terminal.refund(10_000)
        assert (result.outcome, dict(result.receipt)["refund"]) == (OUTCOME.REFUNDED, "10,000 IRR")
        assert terminal.totals == Totals(1, 25_000, 1, 10_000)
    asked, refund = acquirer.of("0100")[0], acquirer.of("0200")[0]
    assert (refund[2], refund[3], refund[4], refund[37]) == (PAN, "200000", "000000010000", asked[37])
    assert refund[90] == iso8583.original_data("0100", asked[11], asked[7], asked[32])


async def test_a_refund_without_an_answer_is_taken_back(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        acquirer.silent.add("0200")
        assert (await terminal.refund()).outcome is OUTCOME.NO_ANSWER
        await drained(terminal)
        assert terminal.totals == Totals(1, 25_000)
    undone = acquirer.of("0420")[0]
    assert (undone[3], undone[90][:4]) == ("200000", "0200")


@pytest.mark.parametrize("code", ["68", "91", "96"])
@pytest.mark.parametrize(("one_message", "mti"), [(False, "0100"), (True, "0200")])
async def test_a_purchase_of_which_nothing_is_promised_is_taken_back(
    acquirer: Acquirer, tmp_path: Path, mti: str, code: str, *, one_message: bool
) -> None:
    acquirer.codes[mti] = code
    async with running(terminal_of(acquirer, folder=tmp_path, config=config_of(one_message=one_message))) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        assert (result.outcome, result.de39) == (OUTCOME.DECLINED, code)
        await drained(terminal)
        assert terminal.items() == []
    assert acquirer.mtis() == [mti, "0420"]
    asked, undone = acquirer.of(mti)[0], acquirer.of("0420")[0]
    assert undone[90] == iso8583.original_data(mti, asked[11], asked[7], asked[32])
    # It is settled then: a restart takes nothing back again.
    assert terminal_of(acquirer, folder=tmp_path).owed_count == 0


async def test_a_purchase_that_is_refused_is_not_taken_back(acquirer: Acquirer) -> None:
    acquirer.codes["0100"] = "51"
    async with running(terminal_of(acquirer)) as terminal:
        assert (await terminal.pay(25_000, phone_with_token())).outcome is OUTCOME.DECLINED
        assert terminal.owed_count == 0
    assert acquirer.mtis() == ["0100"]


@pytest.mark.parametrize("code", ["68", "91", "96"])
async def test_of_a_refund_and_a_void_that_are_not_promised_one_is_taken_back_and_one_asked_again(
    acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.01)
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        acquirer.queues["0200"] = [code]
        assert (await terminal.refund(10_000)).outcome is OUTCOME.DECLINED
        await drained(terminal)
        assert terminal.totals == Totals(1, 25_000)
        acquirer.queues["0200"] = [code, code]
        assert (await terminal.void()).outcome is OUTCOME.NO_ANSWER
        await drained(terminal)
        assert terminal.totals == Totals()
    assert acquirer.mtis() == ["0100", "0220", "0200", "0420", "0200", "0200", "0200"]
    assert acquirer.of("0420")[0][90][4:10] == acquirer.of("0200")[0][11]
    assert acquirer.of("0200")[1] == acquirer.of("0200")[3]


@pytest.mark.parametrize("code", ["68", "91", "96"])
async def test_what_the_acquirer_promises_nothing_of_is_told_again(
    acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.01)
    monkeypatch.setattr("simulators.till.closing.PAUSE_S", 0.01)
    acquirer.queues = {mti: [code] for mti in ("0120", "0220", "0420", "0500")}
    terminal = terminal_of(acquirer)
    await terminal.switch(on=False)
    await terminal.pay(25_000, offline_phone())
    async with running(terminal):
        await terminal.switch(on=True)
        await drained(terminal)
        assert (await terminal.lower(9_000)).outcome is OUTCOME.LOWERED
        await drained(terminal)
        assert (await terminal.close_batch()).outcome is OUTCOME.BATCH_AGREED
    assert acquirer.mtis() == ["0120", "0120", "0220", "0220", "0420", "0421", "0500", "0500"]
    for mti in ("0120", "0220", "0500"):
        first, again = acquirer.of(mti)
        assert first == again


async def test_a_void_takes_the_sale_out_of_the_batch_even_if_its_answer_is_lost(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        acquirer.silent.add("0200")
        assert (await terminal.void()).outcome is OUTCOME.NO_ANSWER
        acquirer.silent.clear()
        await drained(terminal)
        assert terminal.totals == Totals()
        assert (await terminal.void()).outcome is OUTCOME.NO_SUCH_ITEM
    first, *again = acquirer.of("0200")
    assert again
    assert all(message == first for message in again)
    assert (first[3], first[90][4:10]) == ("220000", acquirer.of("0100")[0][11])


async def test_what_is_lowered_goes_back_by_a_partial_reversal(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        assert (await terminal.lower(25_000)).outcome is OUTCOME.NO_SUCH_ITEM
        assert (await terminal.lower(9_000)).outcome is OUTCOME.LOWERED
        await drained(terminal)
        assert terminal.totals == Totals(1, 9_000)
    lowered = acquirer.of("0420")[0]
    assert (lowered[4], lowered[95]) == ("000000025000", f"{9_000:012d}{0:030d}")


async def test_a_batch_that_agrees_is_closed_with_one_message_and_the_next_has_its_number(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await terminal.pay(1_000, phone_with_token())
        await terminal.refund(400)
        result = await terminal.close_batch()
        assert (result.outcome, dict(result.receipt)["net"]) == (OUTCOME.BATCH_AGREED, "25,600 IRR")
        assert (terminal.batch_number, terminal.totals) == (2, Totals())
        assert (await terminal.void()).outcome is OUTCOME.NO_SUCH_ITEM, "a void is of the open batch"
        assert (await terminal.refund(100)).outcome is OUTCOME.REFUNDED, "a refund of any"
    (totals,) = acquirer.of("0500")
    assert totals[60] == "000001"
    assert [int(totals[number]) for number in (74, 76, 86, 88)] == [1, 2, 400, 26_000]
    assert totals[97] == "D0000000000025600"


async def test_a_batch_that_differs_is_sent_item_by_item_and_asked_again(acquirer: Acquirer) -> None:
    acquirer.queues["0500"] = ["95", "00"]
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await terminal.refund(400)
        await terminal.pay(1_000, phone_with_token())
        await terminal.void()
        assert (await terminal.close_batch()).outcome is OUTCOME.BATCH_HEALED
    items = acquirer.of("0320")
    sale, refund = acquirer.of("0100")[0], acquirer.of("0200")[0]
    assert {(item[3], item[4], item[37], item[90][4:10], item[60]) for item in items} == {
        ("000000", "000000025000", sale[37], sale[11], "000001"),
        ("200000", "000000000400", sale[37], refund[11], "000001"),
    }, "what was voided is not there"
    first, second = acquirer.of("0500")
    assert first[11] != second[11]


async def test_a_batch_that_goes_on_to_differ_is_said_so_and_stays(acquirer: Acquirer) -> None:
    acquirer.codes["0500"] = "95"
    terminal = terminal_of(acquirer)
    async with running(terminal):
        await terminal.pay(25_000, phone_with_token())
        assert (await terminal.close_batch()).outcome is OUTCOME.BATCH_DIFFERS
    assert len(acquirer.of("0500")) >= 3


async def test_a_terminal_that_is_killed_while_it_closes_asks_with_the_same_bytes(
    acquirer: Acquirer, tmp_path: Path
) -> None:
    acquirer.silent.add("0500")
    async with running(terminal_of(acquirer, folder=tmp_path, timeout_s=0.1)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        assert (await terminal.close_batch()).outcome is OUTCOME.BATCH_LATER
    acquirer.silent.clear()

    async with running(terminal_of(acquirer, folder=tmp_path)) as again:
        assert again.batch_number == 2
        await until(lambda: not again._journal.unfinished())

    assert all(message == acquirer.of("0500")[0] for message in acquirer.of("0500"))


FAULTS = {
    TillMishap.DROP: ["0420"],
    TillMishap.DROP_ANSWER: ["0100", "0420"],
    TillMishap.TRUNCATE: ["0420"],
    TillMishap.HALF_OPEN: ["0420"],
    TillMishap.CORRUPT_ANSWER: ["0100", "0420"],
    TillMishap.REORDER: ["0420", "0100"],
}


@pytest.mark.parametrize("mishap", FAULTS)
async def test_whatever_the_line_does_the_sale_is_taken_back_once(
    acquirer: Acquirer, mishap: TillMishap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.till.line.SIGN_ON_TIMEOUT_S", 0.2)
    faults = Faults(till=TillFaults(**{mishap.value: True}, only="0100", times=1))
    async with running(terminal_of(acquirer, faults)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        assert (result.outcome, terminal.totals) == (OUTCOME.NO_ANSWER, Totals())
        # Through a half-open line the reversal may be lost too; it then comes again as a repeat.
        assert [mti.replace("0421", "0420") for mti in acquirer.mtis()] == FAULTS[mishap]
        assert (await terminal.pay(25_000, phone_with_token())).outcome is OUTCOME.APPROVED


async def test_a_request_that_arrives_twice_is_answered_and_the_second_answer_says_why_nobody_wants_it(
    acquirer: Acquirer,
) -> None:
    faults = Faults(till=TillFaults(duplicate=True, only="0100"))
    async with running(terminal_of(acquirer, faults)) as terminal:
        assert (await terminal.pay(25_000, phone_with_token())).outcome is OUTCOME.APPROVED
        await until(lambda: bool(terminal.unmatched))
    assert "a second answer" in terminal.unmatched[0] or "is here already" in terminal.unmatched[0]


async def test_an_answer_that_comes_too_late_changes_nothing_and_is_written_down(acquirer: Acquirer) -> None:
    faults = Faults(till=TillFaults(delay=True, delay_ms=300, only="0100", times=1))
    async with running(terminal_of(acquirer, faults, timeout_s=0.15)) as terminal:
        assert (await terminal.pay(25_000, phone_with_token())).outcome is OUTCOME.NO_ANSWER
        await drained(terminal)
        await until(lambda: bool(terminal.unmatched))
        assert terminal.totals == Totals()
    assert any("too late" in line for line in terminal.unmatched)


async def test_switched_off_it_signs_off_and_switched_on_it_signs_on(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await online(terminal)
        await terminal.switch(on=False)
        assert not terminal.online
        assert (await terminal.pay(200_000, phone_with_token())).outcome is OUTCOME.NO_LINE
        await terminal.switch(on=True)
        await online(terminal)
    assert [message[70] for message in acquirer.of("0800")] == ["001", "002", "001"]


async def test_a_clock_that_is_wrong_shows_in_what_is_asked(acquirer: Acquirer) -> None:
    faults = Faults()
    async with running(terminal_of(acquirer, faults)) as terminal:
        await terminal.pay(1_000, phone_with_token())
        faults.till.clock_skew_s = 86_400 * 40
        await terminal.pay(1_000, phone_with_token())
    right, wrong = acquirer.of("0100")
    assert right[13] != wrong[13]


async def test_every_kind_of_state_outlives_a_compacted_journal(acquirer: Acquirer, tmp_path: Path) -> None:
    terminal = terminal_of(acquirer, folder=tmp_path)
    async with running(terminal):
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)
        await terminal.close_batch()
        await terminal.pay(9_000, phone_with_token())
        await terminal.refund(1_000)
        acquirer.silent.add("0420")
        await terminal.lower(5_000)
    file = tmp_path / "TERM0001.jsonl"
    before = Journal(file)
    again = Journal(file)
    assert before._now == again._now
    assert (again.batch, [item.amount_minor for item in again.every_item()]) == (2, [25_000, 9_000, 1_000])
    assert [message.mti for message in again.owed()] == ["0420"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_terminal_with_a_dialect_that_nobody_speaks_is_refused() -> None:
    with pytest.raises(ValueError, match="no dialect"):
        TerminalConfig("TERM0001", "M", "x", bytes(16), dialect="esperanto")
