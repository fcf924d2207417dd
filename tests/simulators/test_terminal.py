"""The terminal against a tiny acquirer: a tap, its completion, and what it owes when the answer does not come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulators import emv_card
from simulators.faults import Faults
from simulators.terminal import TapOutcome, Terminal, TerminalConfig
from simulators.till import iso8583
from simulators.trace import Trace
from tests.simulators.acquirer import KEY, Acquirer, until
from tests.simulators.tokens import PAN, phone_with_token

CONFIG = TerminalConfig("TERM0001", "PHARMACY000001", "Moradi Pharmacy", KEY)
WAIT_S = 5


@asynccontextmanager
async def running(terminal: Terminal) -> AsyncIterator[Terminal]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(terminal.run())
        try:
            yield terminal
        finally:
            task.cancel()


def terminal_of(
    acquirer: Acquirer, faults: Faults | None = None, folder: Path | None = None, timeout_s: float = 3.0
) -> Terminal:
    return Terminal(
        CONFIG,
        host="127.0.0.1",
        port=acquirer.port,
        faults=faults or Faults(),
        trace=Trace(),
        folder=folder,
        answer_timeout_s=timeout_s,
    )


@pytest.fixture
async def acquirer() -> AsyncIterator[Acquirer]:
    async with Acquirer().listening() as listening:
        yield listening


async def drained(terminal: Terminal) -> None:
    async with asyncio.timeout(WAIT_S):
        await terminal.drained()


async def test_the_first_message_of_a_line_is_a_sign_on(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())

    first = acquirer.got[0]
    assert (first.mti, first[41], first[70]) == ("0800", "TERM0001", "001")


async def test_an_approved_tap_is_completed_with_the_same_rrn(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

    assert (result.outcome, result.approved, result.de39) == (TapOutcome.APPROVED, True, "00")
    assert acquirer.mtis() == ["0100", "0220"]
    asked, completed = acquirer.of("0100")[0], acquirer.of("0220")[0]
    assert asked.fields.keys() == {2, 3, 4, 7, 11, 12, 13, 14, 22, 25, 32, 37, 41, 42, 49, 60}
    assert (asked[2], asked[4], asked[14], asked[22], asked[49]) == (PAN, "000000025000", "2911", "071", "364")
    assert asked[42] == "PHARMACY000001 "
    assert completed.fields.keys() == {3, 4, 7, 11, 12, 13, 32, 37, 38, 41, 42, 49, 60, 90}
    assert (completed[37], completed[38], completed[4]) == (asked[37], "A00001", asked[4])
    assert completed[90] == iso8583.original_data("0100", asked[11], asked[7], asked[32])
    assert completed[11] != asked[11]
    assert ("rrn", asked[37]) in result.receipt
    assert not any(PAN in line.value for line in result.receipt)


async def test_the_chip_data_hold_what_the_issuer_needs_to_check_the_cryptogram(acquirer: Acquirer) -> None:
    phone = phone_with_token()
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone)

    assert phone.token is not None
    chip = {item.tag: item.value for item in emv_card.parse(acquirer.of("0100")[0].icc)}
    required = "82 84 95 9A 9C 5F2A 5F34 9F02 9F03 9F10 9F1A 9F26 9F27 9F36 9F37"
    assert set(required.split()) | {"9F33", "9F34", "9F35", "9F6C", "DF8101"} == chip.keys()
    assert chip["9F26"] == emv_card.cryptogram(bytes.fromhex(phone.token.luk), chip)
    assert chip["9F36"] == phone.token.atc.to_bytes(2, "big")


async def test_a_declined_tap_owes_nothing(acquirer: Acquirer) -> None:
    acquirer.codes["0100"] = "51"
    async with running(terminal_of(acquirer)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())

        assert (result.outcome, result.approved, result.de39) == (TapOutcome.DECLINED, False, "51")
        assert terminal.owed_count == 0
    assert acquirer.mtis() == ["0100"]


async def test_silence_is_reversed(acquirer: Acquirer) -> None:
    acquirer.silent.add("0100")
    async with running(terminal_of(acquirer, timeout_s=0.2)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

    assert (result.outcome, result.approved, result.de39) == (TapOutcome.NO_ANSWER, False, "")
    assert acquirer.mtis() == ["0100", "0420"]
    asked, reversed_ = acquirer.of("0100")[0], acquirer.of("0420")[0]
    assert reversed_.fields.keys() == {3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 60, 90}
    assert reversed_[90][4:10] == asked[11]
    assert (reversed_[12], reversed_[13], reversed_[37]) == (asked[12], asked[13], asked[37])


async def test_a_line_cut_after_the_request_is_reversed_when_the_line_is_back(acquirer: Acquirer) -> None:
    faults = Faults(terminal_line_cut=True)
    async with running(terminal_of(acquirer, faults)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

    assert result.outcome is TapOutcome.NO_ANSWER
    assert acquirer.mtis() == ["0100", "0420"]
    assert len(acquirer.of("0800")) == 2, "signed on again"


async def test_an_answer_with_a_wrong_mac_is_no_answer(acquirer: Acquirer) -> None:
    acquirer.wrong_mac.add("0100")
    async with running(terminal_of(acquirer)) as terminal:
        result = await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

    assert result.outcome is TapOutcome.NO_ANSWER
    assert acquirer.mtis() == ["0100", "0420"]


async def test_a_reversal_is_repeated_as_0421_until_it_is_acknowledged(
    acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.05)
    acquirer.silent |= {"0100", "0420"}
    async with running(terminal_of(acquirer, timeout_s=0.2)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

    assert acquirer.mtis() == ["0100", "0420", "0421"]
    assert acquirer.of("0420")[0].fields == acquirer.of("0421")[0].fields


async def test_a_completion_that_the_acquirer_cannot_take_now_is_sent_again(
    acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.till.forward.RETRY_S", 0.05)
    acquirer.codes["0220"] = "91"
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await until(lambda: len(acquirer.of("0220")) >= 2)
        acquirer.codes.clear()
        await drained(terminal)

    completions = acquirer.of("0220")
    assert all(message == completions[0] for message in completions)


async def test_a_killed_terminal_forwards_its_completion_after_the_restart(acquirer: Acquirer, tmp_path: Path) -> None:
    acquirer.silent.add("0220")
    async with running(terminal_of(acquirer, folder=tmp_path)) as terminal:
        await terminal.pay(25_000, phone_with_token())
    acquirer.silent.clear()

    async with running(terminal_of(acquirer, folder=tmp_path)) as again:
        assert again.owed_count == 1
        await drained(again)

    assert set(acquirer.mtis()) == {"0100", "0220"}
    assert len({message[11] for message in acquirer.of("0220")}) == 1


async def test_a_terminal_killed_while_it_waited_reverses_after_the_restart(acquirer: Acquirer, tmp_path: Path) -> None:
    acquirer.silent.add("0100")
    async with running(terminal_of(acquirer, folder=tmp_path)) as terminal:
        journal = tmp_path / "TERM0001.jsonl"
        async with asyncio.TaskGroup() as tasks:
            paying = tasks.create_task(terminal.pay(25_000, phone_with_token()))
            await until(lambda: bool(acquirer.of("0100")))
            at_the_kill = journal.read_bytes()
            paying.cancel()
    journal.write_bytes(at_the_kill + b'{"event": "settl')

    async with running(terminal_of(acquirer, folder=tmp_path)) as again:
        await drained(again)

    reversals = acquirer.of("0420")
    assert reversals[-1][90][4:10] == acquirer.of("0100")[0][11]


async def test_trace_numbers_go_on_after_a_restart(acquirer: Acquirer, tmp_path: Path) -> None:
    for _ in range(2):
        async with running(terminal_of(acquirer, folder=tmp_path)) as terminal:
            await terminal.pay(25_000, phone_with_token())
            await drained(terminal)

    stans = [message[11] for message in acquirer.got]
    assert len(set(stans)) == len(stans)
    assert stans == sorted(stans)


async def test_repeating_the_last_message_sends_the_same_bytes(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        await terminal.pay(25_000, phone_with_token())
        await drained(terminal)

        result = await terminal.repeat_last()

        assert result.outcome is TapOutcome.REPEAT_SAME
        assert terminal.owed_count == 0, "a repeat is completed once"
    requests = [data for data in acquirer.raw if data.startswith(b"0100")]
    assert len(requests) == 2
    assert requests[0] == requests[1]


async def test_there_is_nothing_to_repeat_at_first(acquirer: Acquirer) -> None:
    assert (await terminal_of(acquirer).repeat_last()).outcome is TapOutcome.NOTHING_TO_REPEAT


async def test_without_a_line_nothing_is_asked_and_the_phone_keeps_its_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.terminal.LINE_WAIT_S", 0.05)
    phone = phone_with_token()
    nobody = Acquirer()
    async with nobody.listening():
        pass
    async with running(terminal_of(nobody)) as terminal:
        result = await terminal.pay(25_000, phone)

    assert result.outcome is TapOutcome.NO_LINE
    assert phone.token is not None
    assert phone.token.atc == 6


async def test_a_refused_sign_on_is_no_line(acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.terminal.LINE_WAIT_S", 0.1)
    acquirer.codes["0800"] = "03"
    async with running(terminal_of(acquirer)) as terminal:
        assert (await terminal.pay(25_000, phone_with_token())).outcome is TapOutcome.NO_LINE


@pytest.mark.parametrize(
    ("amount", "unlocked", "outcome"),
    [
        (5_000_000, False, TapOutcome.APPROVED),
        (5_000_001, False, TapOutcome.SEE_PHONE),
        (5_000_001, True, TapOutcome.APPROVED),
    ],
)
async def test_a_large_amount_needs_an_unlocked_phone(
    acquirer: Acquirer, amount: int, *, unlocked: bool, outcome: TapOutcome
) -> None:
    phone = phone_with_token()
    phone.cdcvm = unlocked
    async with running(terminal_of(acquirer)) as terminal:
        assert (await terminal.pay(amount, phone)).outcome is outcome


async def test_a_phone_whose_key_is_used_up_is_refused_before_the_acquirer_hears_of_it(acquirer: Acquirer) -> None:
    async with running(terminal_of(acquirer)) as terminal:
        result = await terminal.pay(25_000, phone_with_token(uses=10))

    assert result.outcome is TapOutcome.PHONE_REFUSED
    assert acquirer.mtis() == []


@pytest.mark.parametrize(
    ("name", "merchant", "key"), [("SHORT", "M", KEY), ("TERM0001", "M" * 16, KEY), ("TERM0001", "M", b"x")]
)
def test_a_terminal_with_an_identity_that_does_not_fit_the_wire_is_refused(
    name: str, merchant: str, key: bytes
) -> None:
    with pytest.raises(ValueError, match="terminal"):
        TerminalConfig(name, merchant, "x", key)
