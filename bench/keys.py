"""Cryptograms verified, in software and in a hardware module: `python -m bench.keys`, `make bench-keys`.

The goals are 15 µs for one of the AES house profile in software, and 1,500 a second in a module (SoftHSM). The software
store's yardstick is the mathematics alone; the module's is the same derivations in one thread, without queue and loop.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.ledger_figures import Bar, Figures
from gateway.keys import Card, KeyStore, SoftwareKeyStore
from gateway.keys.pkcs11 import Pkcs11KeyStore
from gateway.keys.token import Token, TokenDoor
from gateway.observe import Metrics
from gateway.wire.emv import Cvn, house
from tests import softhsm

COMMAND = "python -m bench.keys"
SOFTWARE_US = 15.0
MODULE_A_SECOND = 1_500
DATA = bytes(60)
TIMES = 2_000
AT_ONCE = 16


def card(number: int, cvn: Cvn = Cvn.HOUSE) -> Card:
    """A card of its own for each number."""
    return Card(cvn, 1, f"581420{number:010}", "00", 7, b"\0\0\0\1" if cvn is Cvn.HOUSE else b"")


async def a_second(call: Callable[[int], Awaitable[object]], times: int = TIMES) -> float:
    """How often it is answered, asked by several at once."""

    async def some(first: int) -> None:
        for number in range(first, times, AT_ONCE):
            await call(number)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for first in range(AT_ONCE):
            group.create_task(some(first))
    return times / (time.perf_counter() - begun)


async def best(call: Callable[[int], Awaitable[object]], rounds: int = 5, times: int = TIMES) -> float:
    """The best of some rounds."""
    return max([await a_second(call, times) for _ in range(rounds)])


def verify(keys: KeyStore, cvn: Cvn = Cvn.HOUSE) -> Callable[[int], Awaitable[object]]:
    """As many cards as there are calls: none is known by the time that it comes again."""
    ref = "imk" if cvn is Cvn.HOUSE else "imk3"
    return lambda number: keys.verify_ac(ref, card(number, cvn), DATA, bytes(8))


async def software(into: Figures) -> None:
    """Microseconds a verification, beside the mathematics alone."""
    keys = SoftwareKeyStore.for_tests()
    key = bytes(16)
    cards = [card(number) for number in range(TIMES)]

    async def alone(number: int) -> None:
        one = cards[number]
        house.cryptogram(house.limited_use_key(key, one.pan, one.psn, one.luk_id), one.atc, DATA)

    async def ours(number: int) -> None:
        await keys.verify_ac("imk", cards[number], DATA, bytes(8))

    us = 1e6 / await best(ours)
    bare_us = 1e6 / await best(alone)
    into.add("AES verify in software, beside the mathematics", us, bare_us, "us", Bar(1.8, at_most=True))
    into.add("AES verify in software, beside the goal", us, SOFTWARE_US, "us", Bar(1.0, at_most=True))
    emv_us = 1e6 / await best(verify(keys, Cvn.CVN18))
    into.add("3DES verify (CVN18) in software, beside AES", emv_us, us, "us")


async def module(into: Figures) -> None:
    """Verifications a second, of cards never seen and of one that is known."""
    tokens = softhsm.tokens(Path(tempfile.mkdtemp()))
    door = TokenDoor(softhsm.MODULE, tokens.make(), softhsm.PIN)
    async with Pkcs11KeyStore.opened(door, Metrics(), timeout_s=30, create=True) as keys:
        new = await best(verify(keys))
        known = await best(lambda _number: keys.verify_ac("imk", card(1), DATA, bytes(8)))
        emv = await best(verify(keys, Cvn.CVN18))
    bare = _bare(door)
    into.add("AES verify in a module, new cards, beside the goal", new, MODULE_A_SECOND, "1/s", Bar(1.0))
    into.add("AES verify in a module, beside the derivations alone", new, bare, "1/s", Bar(0.5))
    into.add("AES verify in a module, a known card, beside new ones", known, new, "1/s", Bar(1.5))
    into.add("3DES verify (CVN18) with a module, beside AES", emv, new, "1/s")


def _bare(door: TokenDoor) -> float:
    """The module's work alone, in one thread and without a queue."""
    token = Token.connect(door)
    begun = time.perf_counter()
    for number in range(TIMES):
        token.house_mac("imk", 1, number.to_bytes(16), bytes(4), tap_block=bytes(16), data=DATA)
    took = time.perf_counter() - begun
    token.close()
    return TIMES / took


def main() -> int:
    """Print a line a figure and write the file."""
    made = Figures(COMMAND)
    asyncio.run(software(made))
    asyncio.run(module(made))
    made.write("keys")
    return 0


if __name__ == "__main__":
    sys.exit(main())
