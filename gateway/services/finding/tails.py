"""A sparse index of last digits: which rows of a stretch of the log end so. Pure.

An index that a database keeps row by row would touch a page of its own for every transfer. This one is made SEGMENT
rows at a time: for each of BUCKETS a sorted list of numbers, four octets each, whose high bits are what the bucket does
not say of the last four digits, and whose low bits say which row of the segment it is.
"""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

SEGMENT = 8192
BUCKETS = 256
_OFFSET_BITS = 13
_DIGITS = 4

assert SEGMENT == 1 << _OFFSET_BITS, "an offset names each row of a segment"


class Named(StrEnum):
    """What ends in the digits."""

    CAUSE = "cause"
    """Digits of Crockford's base 32, capitals."""
    TRANSFER = "transfer"
    """Hexadecimal digits, small."""


_ALPHABETS = {
    Named.CAUSE: {digit: value for value, digit in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")},
    Named.TRANSFER: {digit: value for value, digit in enumerate("0123456789abcdef")},
}


@dataclass(frozen=True, slots=True)
class Tail:
    """Four last digits as a bucket and the rest of them."""

    bucket: int
    rest: int


def tail_of(named: Named, text: str) -> Tail | None:
    """The last four digits of a text; None if it does not end in four digits of its alphabet."""
    values = _ALPHABETS[named]
    number = 0
    for digit in text[-_DIGITS:]:
        value = values.get(digit)
        if value is None:
            return None
        number = number * len(values) + value
    return Tail(number % BUCKETS, number // BUCKETS) if len(text) >= _DIGITS else None


def packed(named: Named, texts: Iterable[tuple[int, str]]) -> Mapping[int, bytes]:
    """The lists of a segment by bucket, of offsets in it and texts; a text that comes again is named once."""
    lists: defaultdict[int, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for offset, text in texts:
        tail = tail_of(named, text)
        if tail is not None and text not in seen:
            seen.add(text)
            lists[tail.bucket].append(tail.rest << _OFFSET_BITS | offset)
    return {bucket: _octets(array("I", sorted(numbers))) for bucket, numbers in lists.items()}


def offsets(body: bytes, tail: Tail) -> list[int]:
    """The offsets that a bucket's list has for these digits."""
    numbers = _numbers(body)
    first = bisect_left(numbers, tail.rest << _OFFSET_BITS)
    last = bisect_left(numbers, (tail.rest + 1) << _OFFSET_BITS)
    return [number & (SEGMENT - 1) for number in numbers[first:last]]


def _octets(numbers: "array[int]") -> bytes:
    assert numbers.itemsize == 4, "four octets on every machine that Python runs on today"
    return _in_order(numbers).tobytes()


def _numbers(body: bytes) -> "array[int]":
    return _in_order(array("I", body))


def _in_order(numbers: "array[int]") -> "array[int]":
    """Little-endian, whatever the machine is: a database may move to another one."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
