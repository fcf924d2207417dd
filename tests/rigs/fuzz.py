"""Hostile bytes by the seed: what mutates valid messages, and what a parser may cost and say about the outcome."""

import gc
import random
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

INPUT_S_MAX = 0.050
"""CPU of one input of a few hundred bytes."""
HOSTILE_BYTES = 65_536
HOSTILE_S_MAX = 0.500
PEAK_BYTES_MAX = 16 * 1024 * 1024
"""Memory while HOSTILE_BYTES are read."""
KEPT_BYTES_MAX = 256 * 1024
"""Memory that is still held after thousands of inputs."""
_DIGITS = re.compile(rb"[0-9]{9,}")
"""An account, telephone or national number: no refusal quotes one."""
_SIZES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)

Read = Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Wire:
    """One row: valid messages, what reads them, and how that may refuse.

    `read` gives None for a value, or the text of a refusal that is a value too. `total`: it refuses nothing.
    `names_input`: its refusals name what they refuse, for they are read by who wrote it. `hostile_bytes`: as
    long as anything gets there; tomllib is quadratic in dotted keys, but a file of settings is its reader's own.
    `share`: inputs in a run, as a multiple of what others get.
    """

    name: str
    seeds: tuple[bytes, ...]
    read: Read
    refusals: tuple[type[Exception], ...] = ()
    total: bool = False
    names_input: bool = False
    hostile_bytes: int = HOSTILE_BYTES
    share: int = 1


def input_of(wire: Wire, number: int) -> bytes:
    """The input of this number: the same one for ever, as long as the seeds are."""
    chance = random.Random(f"{wire.name} {number}")  # noqa: S311 - a seed must replay
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(400))
    data = bytearray(chance.choice(wire.seeds))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
        chance.choice(MUTATIONS)(data, chance, wire.seeds)
    return bytes(data)


def outcome_of(wire: Wire, data: bytes) -> str | None:
    """None for a value, or the text of the refusal. Anything else than the wire's own refusals goes through."""
    try:
        refusal = wire.read(data)
    except wire.refusals as fault:
        refusal = f"{fault} {fault!r}"
    if refusal is not None and not wire.names_input:
        said = refusal.encode("utf-8", "replace")
        assert not any(found in said for found in _DIGITS.findall(data)), "the refusal quotes a number of its input"
    return refusal


def cpu_s(wire: Wire, data: bytes, *, bound_s: float) -> float:
    """CPU that the input takes; measured again while it is over the bound, for a machine has other things to do.

    The collector rests meanwhile: what it takes grows with all that the other tests of this process have left behind.
    """
    least_s = float("inf")
    gc.disable()
    try:
        for _ in range(5):
            started = time.thread_time()
            outcome_of(wire, data)
            least_s = min(least_s, time.thread_time() - started)
            if least_s <= bound_s:
                break
    finally:
        gc.enable()
    return least_s


def peak_bytes(wire: Wire, data: bytes) -> int:
    """Most memory that Python held at once for this input."""
    tracemalloc.start()
    try:
        outcome_of(wire, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def kept_bytes(wire: Wire, numbers: range) -> int:
    """Memory that these inputs leave behind."""
    tracemalloc.start()
    try:
        for number in numbers:
            outcome_of(wire, input_of(wire, number))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def hostile(wire: Wire, size: int) -> Iterator[bytes]:
    """Long inputs of `size` bytes that repeat what is dear to a parser."""
    pieces = (
        *wire.seeds,
        *(b"\0", b"\xff", b"9", b"[", b"{", b'{"a":', b"(", b"%", b"%41", b"&", b"a=1&", b"=", b"*", b"+", b" ", b"\n"),
        *(b"\x1b", b"\x1f\xff", b"\x30\x80", b"\x30\x81", b"\x77\x82\xff\xff", b"id:", b"id: ", b'"', b"\\", b"#"),
        *(b"\xd9\xa1", b"\xef\xb7\xba", b"a.", b"a\n", b"[a]\n"),
    )
    for piece in pieces:
        yield (piece * (size // len(piece) + 1))[:size]
    for seed in wire.seeds:
        middle = len(seed) // 2
        yield (seed[:middle] + b"9" * size + seed[middle:])[:size]
    yield random.Random(size).randbytes(size)  # noqa: S311 - a seed must replay


Mutation = Callable[[bytearray, random.Random, tuple[bytes, ...]], None]


def _span(data: bytearray, chance: random.Random) -> slice:
    at = chance.randrange(len(data) + 1)
    return slice(at, at + chance.choice((1, 1, 2, 4, 16, 64)))


def _flip(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice(b"\0\x01\x7f\x80\xff\x1b\x1f09aZ*#%&=+\"'[]{}\n ")


def _insert(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.choice((1, 1, 2, 8, 32)))


def _delete(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    del data[_span(data, chance)]


def _duplicate(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    span = _span(data, chance)
    data[span.start : span.start] = data[span] * chance.choice((1, 2, 10))


def _truncate(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _splice(data: bytearray, chance: random.Random, seeds: tuple[bytes, ...]) -> None:
    other = chance.choice(seeds)
    data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]


def _binary_size(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    width = chance.choice((1, 2, 4))
    if len(data) >= width:
        at = chance.choice((0, chance.randrange(len(data) - width + 1)))
        data[at : at + width] = (chance.choice(_SIZES) & (1 << 8 * width) - 1).to_bytes(width)


def _decimal_size(data: bytearray, chance: random.Random, _seeds: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    digits = chance.choice((b"0", b"99", b"-1", b"000", b"999", b"0x9", b"1e9", b"9" * 20, b"9" * 5000))
    data[at : at + min(len(digits), 3)] = digits


MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _set, _insert, _delete, _duplicate, _truncate, _splice, _binary_size, _decimal_size),
)
