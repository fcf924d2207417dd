"""A sparse index of last digits: which rows of a stretch of the log end so. Pure.

An index that a database keeps row by row would touch a page of its own for every transfer. This one is made SEGMENT
rows at a time: for each of BUCKETS a sorted list of numbers, four octets each. Their high bits are what the bucket does
not say of the last four digits, then a digit or two before those, as there is room; their low bits say which row it is.

A search reads one list of each segment, so segments must stay few: MERGED of them become one of a second level, which
has MERGED times the rows in MERGED times the buckets. Lists of both levels are equally short, and their numbers fit.
"""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

SEGMENT = 8192
BUCKETS = 256
MERGED = 64
_OFFSET_BITS = 13
_MERGED_BITS = 6
_DIGITS = 4
"""A search gives so many at least, so they choose the bucket."""

assert SEGMENT == 1 << _OFFSET_BITS, "an offset names each row of a segment"
assert MERGED == 1 << _MERGED_BITS, "and of a merged one"


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


_MORE = {Named.CAUSE: 1, Named.TRANSFER: 2}
"""Digits before the last four that are kept as well."""
_MORE_BITS = {Named.CAUSE: 5, Named.TRANSFER: 8}


@dataclass(frozen=True, slots=True)
class Tail:
    """Last digits: four as a bucket and the rest of them, and which digits before them, as a range of numbers."""

    bucket: int
    rest: int
    more: range
    more_bits: int

    @property
    def wide_bucket(self) -> int:
        """The bucket in merged segments."""
        return self.rest % MERGED * BUCKETS + self.bucket

    @property
    def narrow(self) -> range:
        """Between which numbers it is, offsets left aside."""
        return self._range(self.rest)

    @property
    def wide(self) -> range:
        """The same in merged segments."""
        return self._range(self.rest // MERGED)

    def _range(self, rest: int) -> range:
        first = rest << self.more_bits
        return range(first + self.more.start, first + self.more.stop)


def tail_of(named: Named, text: str) -> Tail | None:
    """The last digits of a text; None if it does not end in four digits of its alphabet."""
    values, bits = _ALPHABETS[named], _MORE_BITS[named]
    number = 0
    for digit in text[-_DIGITS:]:
        value = values.get(digit)
        if value is None:
            return None
        number = number * len(values) + value
    if len(text) < _DIGITS:
        return None
    before = text[-_DIGITS - _MORE[named] : -_DIGITS]
    digits = [values.get(digit) for digit in before]
    more = range(1 << bits)
    if len(before) == _MORE[named] and None not in digits:
        exact = sum(value * len(values) ** place for place, value in enumerate(reversed(digits)) if value)
        more = range(exact, exact + 1)
    return Tail(number % BUCKETS, number // BUCKETS, more, bits)


def packed(named: Named, texts: Iterable[tuple[int, str]]) -> Mapping[int, bytes]:
    """The lists of a segment by bucket, of offsets in it and texts; a text that comes again is named once."""
    lists: defaultdict[int, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for offset, text in texts:
        tail = tail_of(named, text)
        if tail is not None and text not in seen:
            seen.add(text)
            # A text that has no such digits before the four can be found by the four alone.
            lists[tail.bucket].append(tail.narrow.start << _OFFSET_BITS | offset)
    return {bucket: _octets(array("I", sorted(numbers))) for bucket, numbers in lists.items()}


def merged(named: Named, bucket: int, bodies: Sequence[tuple[int, bytes]]) -> Mapping[int, bytes]:
    """The lists by bucket that one bucket's lists of several segments make, each with its place among them."""
    lists: defaultdict[int, list[int]] = defaultdict(list)
    bits, below = _MORE_BITS[named], (1 << _MORE_BITS[named]) - 1
    for place, body in bodies:
        assert place < MERGED, "a merged segment has so many"
        for number in _numbers(body):
            said, offset = divmod(number, SEGMENT)
            rest, more = said >> bits, said & below
            key = rest // MERGED << bits | more
            lists[rest % MERGED * BUCKETS + bucket].append((key << _MERGED_BITS | place) << _OFFSET_BITS | offset)
    return {wide: _octets(array("I", sorted(numbers))) for wide, numbers in lists.items()}


def offsets(body: bytes, tail: Tail) -> list[int]:
    """The offsets that a bucket's list has for these digits."""
    return _between(body, tail.narrow, _OFFSET_BITS)


def wide_offsets(body: bytes, tail: Tail) -> list[int]:
    """The same for the list of a merged segment."""
    return _between(body, tail.wide, _OFFSET_BITS + _MERGED_BITS)


def _between(body: bytes, said: range, bits: int) -> list[int]:
    numbers = _numbers(body)
    first, last = bisect_left(numbers, said.start << bits), bisect_left(numbers, said.stop << bits)
    return [number & ((1 << bits) - 1) for number in numbers[first:last]]


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
