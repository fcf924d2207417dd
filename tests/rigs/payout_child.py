"""A process that brings one batch to its end and may be killed at any point: `python -m tests.rigs.payout_child`.

What would be outside of it (the signer, the bank) keeps its own files, as they would.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.services.banking.model import BankOrder, BankPayment
from gateway.services.payouts import Known
from gateway.services.signing.model import ProofOutcome
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.services.payouts.files import HEAD, to_bank, to_wallet
from tests.gateway.services.payouts.house import CHECKER, MAKER, Approvals, Bank, House, Signatures, msisdn
from tests.gateway.services.payouts.operator import drive
from wallet.clock import ManualClock, SystemClock
from wallet.ledger import Ledger
from wallet.money import irr

NAME = "the long one"
WALLETS = 500
"""People who are paid; each gets several items."""


@dataclass
class KeptSignatures(Signatures):
    """A signer whose signatures outlive the process; a signature is of a digest."""

    file: Path = Path()

    def __post_init__(self) -> None:
        if self.file.exists():
            self.signed = {name: bytes.fromhex(text) for name, text in json.loads(self.file.read_text()).items()}

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        if subject in self.signed:
            return ProofOutcome.SIGNED if self.signed[subject] == digest else ProofOutcome.DIFFERS
        return await super().proof(kind, subject, digest)

    def sign(self, subject: str) -> None:
        super().sign(subject)
        _kept(self.file, {name: digest.hex() for name, digest in self.signed.items()})


@dataclass
class KeptBank(Bank):
    """A bank that keeps each order as it came; the same order again must be the same."""

    folder: Path = Path()

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> None:
        listed = [[one.end_to_end_id, one.amount.minor, one.iban] async for page in payments for one in page]
        file = self.folder / f"{order.id}.json"
        if file.exists():
            assert json.loads(file.read_text()) == listed, "an order is never another one"
        else:
            _kept(file, listed)

    def read(self) -> None:
        """All that it has, as payments."""
        self.paid = [tuple(one) for file in sorted(self.folder.glob("B*.json")) for one in json.loads(file.read_text())]


class AlwaysAgreed(Approvals):
    """Who agreed is known after a crash as well."""

    async def deciders(self, approval_id: str) -> frozenset[str]:
        return frozenset({MAKER, CHECKER})


def _kept(file: Path, what: object) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(what))
    new.replace(file)


def rows_of(count: int) -> bytes:
    """Half to wallets, half to accounts."""
    return HEAD + b"".join(
        to_bank(f"r{place}", place, 1000 + place)
        if place % 2
        else to_wallet(f"r{place}", place % WALLETS, 1000 + place)
        for place in range(count)
    )


async def opened(folder: Path) -> House:
    """The house over the folder's databases; the caller closes both."""
    clock = ManualClock(SystemClock().now())
    store = await Store.open(f"sqlite:///{folder / 'gateway.db'}")
    ledger = await Ledger.open(f"sqlite:///{folder / 'wallet.db'}", clock)
    house = House(store, ledger, clock, Settings(payout_order_items_max=700))
    house.signatures = KeptSignatures(file=folder / "signed.json")
    house.bank = KeptBank(folder=folder)
    house.approvals = AlwaysAgreed()
    for place in range(WALLETS):
        known = Known(f"per_{place:026d}", "Maryam Ahmadi", msisdn(place), "en")
        house.people.by_number[known.msisdn] = known
    house.payouts = house.another()
    return house


async def main(folder: Path, count: int) -> None:
    """Go on from wherever the last one was killed."""
    house = await opened(folder)
    try:
        if await house.payouts.budget("sickness") is None:
            await house.money()
        elif (await house.payouts.cover()) == irr(0):
            await house.money(budget=0)
        await drive(house, house.payouts, NAME, rows_of(count), to_the_end=False)
    finally:
        await house.ledger.close()
        await house.store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
