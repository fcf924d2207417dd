"""What of a bill is approved, and who pays which part of it: pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.services.providers.model import AskedLine, BillOutcome, FeeLine, LineReason, Price
from wallet.money import MINOR_MAX, Money

LINES_MAX = 20
QUANTITY_MAX = 999
_CODE = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def is_code(text: str) -> bool:
    """Whether this can be a code of a price list: one to six ASCII digits, the first one no zero, as it is typed."""
    return _CODE.fullmatch(text) is not None


def form_refusal(lines: Sequence[AskedLine]) -> BillOutcome | None:
    """Why these lines are no bill, or None."""
    if not lines:
        return BillOutcome.NO_LINES
    if len(lines) > LINES_MAX:
        return BillOutcome.TOO_MANY_LINES
    for line in lines:
        if not is_code(line.code) or not 0 < line.quantity <= QUANTITY_MAX or not 0 < line.asked.minor <= MINOR_MAX:
            return BillOutcome.BAD_LINE
    return None


def adjudicated(lines: Sequence[AskedLine], prices: Mapping[str, Price], cap: Money | None) -> tuple[FeeLine, ...]:
    """Each line with what the list approves of it; the cap is used up in the bill's order."""
    done: list[FeeLine] = []
    left = None if cap is None else cap.minor
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        one = _by_list(number, line, prices.get(line.code), twice=line.code in seen)
        seen.add(line.code)
        if left is not None:
            if one.approved.minor > left:
                one = replace(one, approved=Money(left, one.asked.asset), reason=one.reason or LineReason.CAP)
            left -= one.approved.minor
        done.append(_shared(one, prices.get(line.code)))
    return tuple(done)


def lowered(line: FeeLine, approved: Money) -> FeeLine:
    """The line as an officer leaves it; the institution's part falls in the same measure."""
    assert 0 <= approved.minor <= line.approved.minor, "an officer lowers and never raises"
    if approved == line.approved:
        return line
    covered = _half_up(line.covered.minor * approved.minor, line.approved.minor)
    return replace(line, approved=approved, covered=Money(covered, approved.asset), reason=LineReason.OFFICER)


def sums(lines: Sequence[FeeLine]) -> tuple[Money, Money, Money]:
    """Asked, the institution's share and the patient's share of a bill; there is at least one line."""
    asset = lines[0].asked.asset
    asked = sum(line.asked.minor for line in lines)
    covered = sum(line.covered.minor for line in lines)
    approved = sum(line.approved.minor for line in lines)
    return Money(asked, asset), Money(covered, asset), Money(approved - covered, asset)


def _by_list(number: int, line: AskedLine, price: Price | None, *, twice: bool) -> FeeLine:
    nothing = Money(0, line.asked.asset)
    empty = FeeLine(
        number, line.code, price.title if price else "", line.quantity, line.asked, nothing, nothing, nothing, None
    )
    if price is None:
        return replace(empty, reason=LineReason.NOT_LISTED)
    if twice:
        return replace(empty, reason=LineReason.DUPLICATE)
    most = price.price.minor * min(line.quantity, price.quantity_max)
    adjusted = Money(min(line.asked.minor, most), line.asked.asset)
    reason = None
    if adjusted != line.asked:
        reason = LineReason.QUANTITY if line.quantity > price.quantity_max else LineReason.PRICE
    return replace(empty, adjusted=adjusted, approved=adjusted, reason=reason)


def _shared(line: FeeLine, price: Price | None) -> FeeLine:
    percent = price.cover_percent if price is not None else 0
    covered = _half_up(line.approved.minor * percent, 100)
    return replace(line, covered=Money(covered, line.asked.asset))


def _half_up(dividend: int, divisor: int) -> int:
    """The nearest whole number; a half goes to the institution, which is the larger part."""
    return (2 * dividend + divisor) // (2 * divisor)
