"""A batch of 100,000 payments from its CSV to posted, told and ordered, beside reading and writing the same file.

Half of the rows go to wallets by mobile number, half to accounts. Everything is real but the people around it: who
approves, signs and carries; the signer's key is a test's. `make bench-payouts`.
"""

import argparse
import asyncio
import csv
import gc
import io
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bench.ledger_figures import Figures
from gateway.app.adapters import Addresses, NoticeTeller
from gateway.app.paying import Payees
from gateway.cli.run import COLLECT_AFTER
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.peers.registry import HttpRegistry
from gateway.services.access import Access
from gateway.services.banking import Banking, read_bank_profile
from gateway.services.banking import Parts as BankingParts
from gateway.services.notices import Mailbox, Notices, Preferences, Words
from gateway.services.payees.model import PayeeAccount
from gateway.services.payouts import Parts, PayoutOutcome, Payouts
from gateway.services.people import People
from gateway.services.people.tables import persons
from gateway.services.signing.model import Document, ProofOutcome
from gateway.settings import Settings
from gateway.store import Store
from gateway.workers.money_notices import MoneyNotices
from wallet.accounts import Chart
from wallet.clock import SystemClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode

COMMAND = "make bench-payouts"
FILE_S_MAX, MEMORY_MIB_MAX = 30.0, 500.0
LINE = "bench"


class Agreed:
    """Everybody agrees."""

    id = "apr_bench"

    async def propose(
        self, kind: str, subject: str, payload: Mapping[str, str], maker: str, *, amount: object, not_before: object
    ) -> "Agreed":
        """It is proposed."""
        return self

    async def deciders(self, approval_id: str) -> frozenset[str]:
        """Who made and agreed."""
        return frozenset({"stf_1", "stf_2"})


class AllWallets:
    """Who is not paid to an account of the file is paid into the wallet."""

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        """Nobody has chosen another one."""
        return {}

    async def frozen(self, person_ids: Collection[str]) -> Collection[str]:
        """Nobody has said NO to a change."""
        return ()


@dataclass
class Signer:
    """Signs what it is asked to, and proves that digest alone."""

    signed: dict[str, bytes] = field(default_factory=dict)

    async def ask(self, document: Document, *, anew: bool = False) -> None:
        """Sign at once."""
        self.signed[document.subject] = document.digest

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        """Of the digest that was signed."""
        kept = self.signed.get(subject)
        if kept is None:
            return ProofOutcome.UNKNOWN
        return ProofOutcome.SIGNED if kept == digest else ProofOutcome.DIFFERS


def iban(place: int) -> str:
    """A valid one."""
    digits = f"{place:022d}"
    return f"IR{98 - int(f'{digits}182700') % 97:02d}{digits}"


def made(rows: int) -> bytes:
    """The file."""
    lines = [b"reference,msisdn,iban,name,amount,note\n"]
    for place in range(rows):
        if place % 2:
            lines.append(f"R{place:07d},,{iban(place)},Ali Rezaei,{1_000_000 + place},November\n".encode())
        else:
            lines.append(f"R{place:07d},0912{place:07d},,,{1_000_000 + place},November\n".encode())
    return b"".join(lines)


def read_and_written(file: bytes, folder: Path) -> float:
    """The yardstick: one thread reads every row and writes it to another file; seconds."""
    begun = time.perf_counter()
    with (folder / "copy.csv").open("w", encoding="utf-8", newline="") as copy:
        writer = csv.writer(copy)
        for row in csv.reader(io.StringIO(file.decode())):
            writer.writerow(row)
    return time.perf_counter() - begun


@dataclass
class Bench:
    """One house and its file."""

    rows: int
    payouts: Payouts
    money_notices: MoneyNotices
    folder: Path
    laps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time a stage."""
        begun, cpu = time.perf_counter(), time.process_time()
        yield
        self.laps[name] = time.perf_counter() - begun
        print(f"  {name:14} {self.laps[name]:7.2f} s  cpu {time.process_time() - cpu:7.2f} s", flush=True)

    async def run(self, file: bytes) -> float:
        """From upload to released, posted, notices queued and bank file written; seconds."""
        payouts, begun = self.payouts, time.perf_counter()
        with self.lap("upload"):
            batch = await payouts.create("bench", line=LINE, staff_id="stf_1")
            assert (await payouts.upload(batch.id, io.BytesIO(file))).outcome is PayoutOutcome.OK
        with self.lap("load"):
            batch = await payouts.load(batch.id)
            assert (batch.count, batch.bad) == (self.rows, 0), (batch.count, batch.bad)
        with self.lap("lock"):
            assert (await payouts.lock(batch.id, "stf_1")).outcome is PayoutOutcome.OK
            await payouts.approved(batch.id, "apr_bench")
        with self.lap("pay and tell"):
            # As in a house, where each has a loop of its own.
            async with asyncio.TaskGroup() as tasks:
                paying = tasks.create_task(self._pay())
                while not paying.done():
                    if not await self.money_notices.tick():
                        await asyncio.sleep(0.05)
        with self.lap("tell the rest"):
            while await self.money_notices.tick():
                pass
        took = time.perf_counter() - begun
        progress = await payouts.progress(batch.id)
        assert progress is not None
        assert progress.paid.minor == sum(1_000_000 + place for place in range(0, self.rows, 2)), progress
        files = list((self.folder / "bank").rglob("*.xml"))
        ordered = sum(file.read_text("utf-8").count("<CdtTrfTxInf>") for file in files)
        assert ordered == self.rows // 2, ordered
        return took

    async def _pay(self) -> None:
        while await self.payouts.tick():
            pass


@asynccontextmanager
async def opened(rows: int, folder: Path) -> AsyncIterator[Bench]:
    """A house with its people."""
    settings, clock, metrics = Settings(data_dir=folder, payout_rows_max=rows), SystemClock(), Metrics()
    await Store.upgrade(settings.gateway_url)
    await Ledger.upgrade(settings.wallet_url)
    store, ledger = await Store.open(settings.gateway_url), await Ledger.open(settings.wallet_url, clock)
    keys, chart = SoftwareKeyStore.for_tests(), Chart.load()
    reach = {"preferences": Preferences(store, clock), "mailbox": Mailbox(store, clock, kept_days=30)}
    notices = Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#"), **reach)  # type: ignore[arg-type]
    async with HttpRegistry("http://127.0.0.1:9", 1.0) as registry:
        teller = NoticeTeller(notices)
        people = People(store, clock, keys, registry, teller, Access(store, clock), settings, metrics)
        await _enrolled(store, clock, rows)
        profile, csv_profile = read_bank_profile("")
        zone = ZoneInfo("Asia/Tehran")
        bank = Banking(BankingParts(store, clock, metrics, zone, folder / "bank", profile, csv_profile, None))
        payouts = Payouts(
            Parts(
                store,
                clock,
                ledger,
                chart,
                Payees(people),
                AllWallets(),
                Agreed(),
                Signer(),
                bank,
                teller,
                {},
                settings,
            )
        )
        await _money(ledger, chart, clock)
        await payouts.appropriate(LINE, irr(10**15), "stf_1", "bench")
        follower = MoneyNotices(ledger, notices, Addresses(people))
        await follower.skip_to_head()
        yield Bench(rows, payouts, follower, folder)
        people.close()
    await ledger.close()
    await store.close()


async def _enrolled(store: Store, clock: SystemClock, rows: int) -> None:
    now = clock.now()
    for start in range(0, rows, 10_000):
        batch = [
            {
                "id": new_id("per", clock), "msisdn": f"+98912{place:07d}", "national_mac": place.to_bytes(8, "big"),
                "national_sealed": b"", "name": "Maryam Ahmadi", "name_fa": "مریم احمدی", "language": "fa",
                "state": "active", "email": "", "created_at": now,
            }
            for place in range(start, min(start + 10_000, rows), 2)
        ]  # fmt: skip
        await store.write(lambda tx, batch=batch: tx.execute(insert(persons), batch).rowcount)  # type: ignore[misc]


async def _money(ledger: Ledger, chart: Chart, clock: SystemClock) -> None:
    trust, funding = chart.account("trust_bank"), chart.account("funding")
    await ledger.open_accounts(trust, funding)
    id_ = new_id("tst", clock)
    await ledger.post(Transfer(transfer_id(id_, "open"), trust.id, funding.id, irr(10**15), TransferCode.OPENING, id_))


async def main(rows: int) -> bool:
    """Print and write the figures; whether time and memory are within their bars."""
    gc.set_threshold(*COLLECT_AFTER)
    figures = Figures(COMMAND)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = made(rows)
        yardstick = read_and_written(file, folder)
        async with opened(rows, folder) as bench:
            took = await bench.run(file)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.add(f"{rows} rows to paid", took, yardstick, "s")
    figures.add("rows a second", rows / took, rows / yardstick, "1/s")
    figures.add("memory", memory, MEMORY_MIB_MAX, "MiB")
    figures.write("payouts")
    print(f"{took:.1f} s (at most {FILE_S_MAX:g}), {memory:.0f} MiB (at most {MEMORY_MIB_MAX:g})")
    return rows < 100_000 or (took <= FILE_S_MAX and memory <= MEMORY_MIB_MAX)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    sys.exit(0 if asyncio.run(main(parser.parse_args().rows)) else 1)
