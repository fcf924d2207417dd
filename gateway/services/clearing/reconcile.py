"""Comparing a terminal's batch with the host's: pure, and linear in the number of items."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.services.clearing.model import ExceptionType, Kind, Totals, Upload
from gateway.services.clearing.ports import Taking

Name = tuple[str, str, str]
"""Kind, trace number and reference number: how both sides name an item."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that does not agree: the type, the item's name, and both amounts (0 where there is none)."""

    type: ExceptionType
    name: Name
    terminal_minor: int
    host_minor: int
    taking_id: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What only the terminal has, and what else does not agree."""

    lacking: Sequence[Upload]
    found: Sequence[Found]


def totals_of(takings: Iterable[Taking]) -> Totals:
    """What stands on the host's side."""
    return _summed((Kind(one.kind), one.amount_minor) for one in takings if not one.reversed)


def totals_sent(uploads: Iterable[Upload]) -> Totals:
    """What the items come to that the terminal has sent."""
    return _summed((one.kind, one.amount.minor) for one in uploads)


def _summed(items: Iterable[tuple[Kind, int]]) -> Totals:
    counts, sums = dict.fromkeys(Kind, 0), dict.fromkeys(Kind, 0)
    for kind, minor in items:
        counts[kind] += 1
        sums[kind] += minor
    purchase, refund = Kind.PURCHASE, Kind.REFUND
    return Totals(counts[purchase], sums[purchase], counts[refund], sums[refund])


def compare(takings: Sequence[Taking], uploads: Sequence[Upload]) -> Compared:
    """Match items by their names; what was reversed on the host's side is lacking there."""
    host = {_named(one): one for one in takings if not one.reversed}
    lacking: list[Upload] = []
    found: list[Found] = []
    for sent in uploads:
        name = (sent.kind.value, sent.stan, sent.rrn)
        mine = host.pop(name, None)
        if mine is None:
            lacking.append(sent)
        elif mine.amount_minor != sent.amount.minor:
            found.append(
                Found(ExceptionType.AMOUNT_DIFFERS, name, sent.amount.minor, mine.amount_minor, taking_id=mine.id)
            )
    kept = ExceptionType.MISSING_AT_TERMINAL
    found += [Found(kept, name, 0, one.amount_minor, taking_id=one.id) for name, one in host.items()]
    return Compared(lacking, found)


def not_healed(sent: Upload, outcome: str) -> Found:
    """What an item becomes that only the terminal has and that could not be captured."""
    type_ = ExceptionType.NOT_HEALED if outcome == "unpaid" else ExceptionType.UNKNOWN_ITEM
    return Found(type_, (sent.kind.value, sent.stan, sent.rrn), sent.amount.minor, 0, why=outcome)


def _named(one: Taking) -> Name:
    return one.kind, one.stan, one.rrn
