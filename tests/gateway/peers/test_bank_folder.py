"""The bank's folders: crashes between steps, late files, files that are still being written."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import PeerUnavailable
from gateway.peers.bank import FolderBank, folder
from tests.gateway.peers.bank_doors import Carrier

ORDER = b"<Document/>"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(4))
async def test_a_kill_between_the_steps_sends_an_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Steps: the staged file, what was sent, the release; the fourth is after everything."""
    calls = 0

    def killed(real: Callable[..., None], *arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls > step:
            raise Killed
        real(*arguments)

    write, release = folder._write, FolderBank._release
    with monkeypatch.context() as patch:
        patch.setattr(folder, "_write", lambda *given: killed(write, *given))
        patch.setattr(FolderBank, "_release", lambda *given: killed(release, *given))
        async with FolderBank(tmp_path, timeout_s=5) as bank:
            try:
                await bank.send("BAT1", "BAT1.xml", ORDER)
            except Killed:
                assert not await bank.enquire("BAT1"), "what has not left is not at the bank"
    carrier = Carrier(tmp_path)
    sent = len(await carrier.received())

    async with FolderBank(tmp_path, timeout_s=5) as bank:
        await bank.send("BAT1", "BAT1.xml", ORDER)
        assert await bank.enquire("BAT1")

    assert sent + len(await carrier.received()) == 1


async def test_a_file_that_comes_late_with_an_old_time_stamp_is_not_lost(tmp_path: Path) -> None:
    carrier, taken = Carrier(tmp_path), []
    await carrier.write(5)
    async with FolderBank(tmp_path, timeout_s=5) as bank:
        taken += [one.name for one in await bank.arrivals(after="", limit=10)]
        await carrier.write(1)
        os.utime(tmp_path / "in" / "S0001.xml", (0, 0))
        taken += [one.name for one in await bank.arrivals(after=taken[-1], limit=10)]
        assert await bank.arrivals(after=taken[-1], limit=10) == []

    assert taken == ["S0005.xml", "S0001.xml"]
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["S0001.xml", "S0005.xml"]


async def test_a_restart_between_giving_and_naming_back_gives_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    carrier = Carrier(tmp_path)
    for number in range(3):
        await carrier.write(number)
    async with FolderBank(tmp_path, timeout_s=5) as bank:
        first = await bank.arrivals(after="", limit=10)

    async with FolderBank(tmp_path, timeout_s=5) as bank:
        assert await bank.arrivals(after=first[1].name, limit=10) == first[2:]
        assert await bank.arrivals(after=first[2].name, limit=10) == []


async def test_a_file_that_comes_again_as_it_was_is_put_away_and_one_with_another_content_is_given(
    tmp_path: Path,
) -> None:
    carrier = Carrier(tmp_path)
    await carrier.write(1)
    async with FolderBank(tmp_path, timeout_s=5) as bank:
        await bank.arrivals(after="", limit=10)
        await bank.arrivals(after="S0001.xml", limit=10)
        await carrier.write(1)
        assert await bank.arrivals(after="S0001.xml", limit=10) == []
        (tmp_path / "in" / "S0001.xml").write_bytes(b"corrected")

        assert [one.octets for one in await bank.arrivals(after="", limit=10)] == [b"corrected"]
        assert await bank.arrivals(after="S0001.xml", limit=10) == []

    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["S0001.xml", "S0001.xml~2"]


async def test_files_that_are_still_written_or_no_files_or_strangely_named_wait(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    (inbox / "folder.xml").mkdir(parents=True)
    for name in (".hidden", "a.part", "b.tmp", "c.filepart", "two words.xml", "x" * 121):
        (inbox / name).write_bytes(b"half")

    async with FolderBank(tmp_path, timeout_s=5) as bank:
        assert await bank.arrivals(after="../../etc/passwd", limit=10) == []


async def test_a_folder_that_cannot_be_used_is_a_peer_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    async with FolderBank(tmp_path / "file", timeout_s=5) as bank:
        for call in (bank.send("BAT1", "BAT1.xml", ORDER), bank.enquire("BAT1"), bank.arrivals(after="", limit=1)):
            with pytest.raises(PeerUnavailable):
                await call


async def test_long_files_come_in_parts_and_one_that_is_too_long_holds_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "TAKEN_BYTES_MAX", 25)
    monkeypatch.setattr(folder, "FILE_BYTES_MAX", 30)
    carrier = Carrier(tmp_path)
    for number in range(3):
        await carrier.write(number)
    (tmp_path / "in" / "S0009.xml").write_bytes(bytes(31))

    async with FolderBank(tmp_path, timeout_s=5) as bank:
        first = await bank.arrivals(after="", limit=10)
        second = await bank.arrivals(after=first[-1].name, limit=10)
        with pytest.raises(PeerUnavailable, match=r"S0009\.xml"):
            await bank.arrivals(after=second[-1].name, limit=10)

    assert [len(first), len(second)] == [2, 1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 99)),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("crash"), st.integers(1, 4)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=20,
)


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_whatever_comes_late_and_whoever_crashes_each_file_is_kept_once(steps: list[tuple[str, int]]) -> None:
    """A crash is between giving and keeping: what was given and not kept comes again."""
    written: set[str] = set()
    kept: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "in").mkdir()
        bank = FolderBank(root, timeout_s=5)
        for what, number in [*steps, ("take", 200), ("take", 1)]:
            if what == "write" and f"S{number:04d}" not in written:
                path = root / "in" / f"S{number:04d}"
                path.write_bytes(b"%d" % number)
                os.utime(path, (number * 7 % 5, number * 7 % 5))
                written.add(path.name)
            elif what in ("take", "crash"):
                given_now = [one.name for one in bank._arrived(kept[-1] if kept else "", number)]
                kept += given_now[: number // 2] if what == "crash" else given_now
            elif what == "restart":
                bank = FolderBank(root, timeout_s=5)

    assert sorted(kept) == sorted(written)
