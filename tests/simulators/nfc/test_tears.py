"""A phone that is torn off anywhere, killed anywhere, never uses a counter twice; and the other faults of its side."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators import emv_card, files
from simulators.nfc import InProcess, Kernel, Timed, TornOff
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace
from tests.simulators.nfc.commands import RECORD_1, RECORD_2, SELECT_AID, SELECT_PPSE, generate, gpo
from tests.simulators.tokens import TOKEN, phone_with_token

TAP = {
    Kernel.GPO: (SELECT_PPSE, SELECT_AID, gpo()),
    Kernel.MCHIP: (SELECT_PPSE, SELECT_AID, gpo(), RECORD_1, RECORD_2, generate()),
}


def phone_in(folder: Path, kernel: Kernel) -> NfcPhone:
    """The phone after a restart; it has its token from the first time."""
    phone = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace(), folder=folder)
    phone.setting.kernel = kernel
    if phone.token is None:
        phone.token = replace(TOKEN, uses_max=1_000)
        phone.wallet.flush()
    return phone


def lines_of(folder: Path) -> Path:
    """The file with a line for each command that spent a counter."""
    return next(folder.glob("*.jsonl"))


async def tap(phone: NfcPhone) -> list[bytes]:
    """The answers that a terminal sees until it is through or the phone is gone."""
    transport = InProcess(phone)
    seen: list[bytes] = []
    await transport.activate()
    try:
        for command in TAP[phone.setting.kernel]:
            seen.append(await transport.transceive(bytes.fromhex(command)))  # noqa: PERF401 - what came before a tear counts
    except TornOff:
        pass
    return seen


def counters(answers: list[bytes], kernel: Kernel) -> list[int]:
    """The ATC of the cryptogram among the answers, if one came."""
    if len(answers) < len(TAP[kernel]) or answers[-1][-2:] != b"\x90\x00":
        return []
    found = emv_card.find(answers[-1][:-2], "9F36") if kernel is Kernel.GPO else answers[-1][3:5]
    return [int.from_bytes(found or b"")]


TEARS = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans(), st.sampled_from(Kernel)), max_size=8)


@given(tears=TEARS)
@settings(max_examples=25, deadline=None)
def test_no_counter_leaves_the_phone_twice_wherever_it_is_torn_off_or_killed(
    tears: list[tuple[int, bool, bool, Kernel]],
) -> None:
    with TemporaryDirectory() as folder:
        seen: list[int] = []
        phone = phone_in(Path(folder), Kernel.GPO)
        for at, after, killed, kernel in tears:
            phone = phone_in(Path(folder), kernel) if killed else phone
            phone.setting.kernel = kernel
            phone.faults.tear_at, phone.faults.tear_after = at, after
            seen += counters(asyncio.run(tap(phone)), kernel)
        phone.faults.tear_at = 0
        seen += counters(asyncio.run(tap(phone)), phone.setting.kernel)

    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert seen[-1] > TOKEN.atc


@pytest.mark.parametrize("kernel", list(Kernel))
async def test_the_counter_is_on_the_disk_before_the_answer_leaves(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = phone_in(tmp_path, kernel)
    phone.transceive(bytes.fromhex(SELECT_AID))

    def disk_full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files, "write_private", disk_full)
    monkeypatch.setattr(files, "append_private", disk_full)
    with pytest.raises(OSError, match="no space"):
        phone.transceive(bytes.fromhex(gpo()))
    monkeypatch.undo()

    with lines_of(tmp_path).open("a") as torn:
        torn.write('{"n": 1, "coun')
    again = phone_in(tmp_path, kernel)
    assert again.token is not None
    assert again.token.atc == TOKEN.atc, "nothing left, so nothing is spent"
    await tap(phone)
    assert phone.token is not None
    after = phone_in(tmp_path, kernel).token
    assert after is not None
    assert after.atc == phone.token.atc, "what the full disk tore does not hide what came later"


async def test_a_line_that_a_kill_tore_is_of_an_answer_that_never_left_and_the_next_stands_behind_none(
    tmp_path: Path,
) -> None:
    phone = phone_in(tmp_path, Kernel.GPO)
    await tap(phone)
    await tap(phone)
    lines = lines_of(tmp_path)
    whole = lines.read_text()
    lines.write_text(whole[:-20])

    again = phone_in(tmp_path, Kernel.GPO)
    seen = counters(await tap(again), Kernel.GPO)
    last = phone_in(tmp_path, Kernel.GPO)

    assert len(whole.splitlines()) == 2
    assert (seen, last.token) == ([TOKEN.atc + 2], again.token)
    assert [one.atc for one in last.wallet.log] == [TOKEN.atc + 1, TOKEN.atc + 2]


async def test_lines_that_a_kill_left_behind_a_newer_memory_are_skipped(tmp_path: Path) -> None:
    phone = phone_in(tmp_path, Kernel.GPO)
    await tap(phone)
    lines = lines_of(tmp_path)
    stale = lines.read_text()
    again = phone_in(tmp_path, Kernel.GPO)
    await tap(again)
    lines.write_text(stale)

    last = phone_in(tmp_path, Kernel.GPO)

    assert last.token == again.token
    assert len(last.wallet.log) == 2


async def test_the_memory_is_written_whole_after_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.nfc.wallet.LINES_MAX", 4)
    phone = phone_in(tmp_path, Kernel.GPO)
    for _ in range(9):
        await tap(phone)

    assert len(lines_of(tmp_path).read_text().splitlines()) == 1
    assert phone_in(tmp_path, Kernel.GPO).token == phone.token


@pytest.mark.parametrize(("after", "atc"), [(False, TOKEN.atc), (True, TOKEN.atc + 1)])
async def test_a_tear_before_the_command_spends_nothing_and_one_after_it_spends_the_counter(
    *, after: bool, atc: int
) -> None:
    phone = phone_with_token()
    phone.faults.tear_at, phone.faults.tear_after, phone.faults.tears_max = 3, after, 1

    assert len(await tap(phone)) == 2
    assert phone.token is not None
    assert phone.token.atc == atc
    assert len(await tap(phone)) == 3, "so many taps are torn, then no more"
    assert phone.faults.tears == 1


async def test_after_a_tear_nothing_is_answered_before_a_new_field() -> None:
    phone = phone_with_token()
    transport = InProcess(phone)
    with pytest.raises(TornOff):
        await transport.transceive(bytes.fromhex(SELECT_PPSE))
    await transport.activate()
    phone.faults.tear_at = 1
    for _ in range(2):
        with pytest.raises(TornOff):
            await transport.transceive(bytes.fromhex(SELECT_PPSE))
    phone.faults.tear_at = 0
    await transport.activate()

    assert (await transport.transceive(bytes.fromhex(SELECT_PPSE)))[-2:] == b"\x90\x00"


async def test_answers_are_cut_replaced_and_held_back_and_the_reader_sees_how_long_it_took() -> None:
    phone = phone_with_token()
    phone.faults.truncate_at, phone.faults.truncate_to = 1, 3
    phone.faults.status_at, phone.faults.status = 2, b"\x6f\x00"
    phone.faults.delay_ms = 20
    transport = Timed(InProcess(phone))

    await transport.activate()
    cut = await transport.transceive(bytes.fromhex(SELECT_PPSE))
    replaced = await transport.transceive(bytes.fromhex(SELECT_AID))
    phone.faults.tear_at = 3
    with pytest.raises(TornOff):
        await transport.transceive(bytes.fromhex(gpo()))

    assert (cut, replaced) == (bytes.fromhex("6F2E84"), b"\x6f\x00")
    assert [one.answer for one in transport.exchanges] == [cut, replaced, None]
    assert transport.slowest_ms >= 20


async def test_a_clock_that_is_ahead_ends_a_key_and_an_unlocking() -> None:
    phone = phone_with_token(valid_until="2999-01-01T00:00:00+00:00")
    phone.cdcvm_max_age_s = 60
    phone.cdcvm = True
    fresh = phone.cdcvm
    phone.faults.clock_skew_s = 61
    assert (fresh, phone.cdcvm) == (True, False)
    phone.faults.clock_skew_s = 1_000 * 365 * 86_400

    assert phone.transceive(bytes.fromhex(SELECT_AID)).hex() == "6985"
