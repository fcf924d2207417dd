"""What becomes of rows that were put together: verdict, what is wrong, and by how much."""

from collections.abc import Mapping

from wallet.reconciliation.rows import BreakType, Group, Row, Rule, Side, Terms, Verdict
from wallet.reconciliation.units import Unit, sums_of


def judged(unit: Unit, terms: Terms, *, twin: bool = False) -> Group:
    """The group of a unit; `twin` says that it is by itself and looks like a matched one."""
    rule = unit.rule or Rule.ALONE
    sums = sums_of(unit.rows)
    difference = _difference(sums)
    if len(unit.rows) > 1 and not any(sums.values()):
        return Group(unit.rows, Verdict.MATCHED, rule)
    broken = BreakType.DUPLICATE if twin else _missing(unit, terms, sums)
    if broken is not None:
        return Group(unit.rows, _verdict_without(sums), rule, broken, difference)
    if max(sums.values()) - min(sums.values()) > terms.minor:
        return Group(unit.rows, Verdict.DIFFERS, rule, BreakType.AMOUNT, difference)
    if unit.days > terms.days and rule is not Rule.DECIDED:
        return Group(unit.rows, Verdict.DIFFERS, rule, BreakType.TIMING, difference)
    return Group(unit.rows, Verdict.MATCHED, rule, None, difference)


def needed(rows: tuple[Row, ...], terms: Terms) -> frozenset[Side]:
    """Which books must have these rows: between two books both, else the rail only for what the ledger posts for it."""
    railed = len(terms.sides) == 2 or any(row.railed or row.side is Side.RAIL for row in rows)
    return terms.sides if railed else terms.sides - {Side.RAIL}


def _missing(unit: Unit, terms: Terms, sums: Mapping[Side, int]) -> BreakType | None:
    """Which book is missed first, on money's way from ledger to bank."""
    missing = needed(unit.rows, terms) - sums.keys()
    if not missing:
        return None
    if sums.keys() == {Side.BANK} and unit.back:
        return BreakType.RETURNED
    if Side.LEDGER in missing:
        return BreakType.MISSING_LEDGER
    return BreakType.MISSING_RAIL if Side.RAIL in missing else BreakType.MISSING_BANK


def _verdict_without(sums: Mapping[Side, int]) -> Verdict:
    """Of rows that a book misses: ours, theirs, or they differ because the bank has what one of our books has not."""
    if Side.BANK not in sums:
        return Verdict.ONLY_OURS
    return Verdict.ONLY_THEIRS if len(sums) == 1 else Verdict.DIFFERS


def _difference(sums: Mapping[Side, int]) -> int:
    """Bank less ours where there is a bank, else rail less ledger; of the first book that does not say the same."""
    if len(sums) == 1:
        return next(iter(sums.values()))
    last = sums[Side.BANK] if Side.BANK in sums else sums[Side.RAIL]
    return next((last - ours for side in (Side.LEDGER, Side.RAIL) if (ours := sums.get(side, last)) != last), 0)
