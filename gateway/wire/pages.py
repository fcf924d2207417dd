"""Pages of statements: those that follow one another are one statement, in one file or in several.

Pages say what they are by a number, by balances between them, or by a balance that is not there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.errors import BadInput
from wallet.reconciliation import BankStatement, StatementLine

LINES_MAX = 1_000_000
"""Movements of one statement: it bounds memory, about half a kilobyte each."""
STATEMENTS_MAX = 10_000
"""Statements, or pages of them, in one file."""
_APART_MAX = timedelta(days=45)
"""A number comes again in another year."""


def agrees(opening: int, lines: Iterable[StatementLine], closing: int, where: str) -> None:
    """Check that the opening balance and all lines make the closing balance.

    Raises:
        BadInput: They do not; it says by how much.
    """
    if difference := opening + sum(line.signed for line in lines) - closing:
        raise BadInput(f"{where}: the balances and the lines differ by {difference}")


def whole(part: BankStatement) -> bool:
    """Whether it is a statement and no part of one."""
    return part.begins and part.ends


def follows(before: BankStatement, page: BankStatement) -> bool:
    """Whether a part goes on where another stops."""
    numbered = bool(before.pages[1] and page.pages[0])
    next_one = numbered and page.pages[0] == before.pages[1] + 1
    torn = before.closing is page.opening is None and before.opening is not None and page.closing is not None
    # Some banks end each page like a statement, or not at all: then its number tells, or what is not there.
    if (before.ends or page.begins) and not (next_one or torn):
        return False
    if (before.root, before.account, before.asset, before.sequence) != (
        page.root, page.account, page.asset, page.sequence,
    ):  # fmt: skip
        return False
    if not (before.statement_id == page.statement_id or page.sequence):
        return False
    if before.to_on and page.to_on and abs(before.to_on - page.to_on) > _APART_MAX:
        return False
    if numbered and not next_one:
        return False
    if before.closing is None or page.opening is None:
        return next_one or before.closing is page.opening
    return before.closing == page.opening


def joined(parts: Sequence[BankStatement]) -> list[BankStatement]:
    """Parts that follow one another, in this order, as one; a part that is alone stays a part.

    Raises:
        BadInput: The balances of the whole and its lines do not agree.
    """
    found: list[list[BankStatement]] = []
    for part in parts:
        if found and follows(found[-1][-1], part):
            found[-1].append(part)
        else:
            found.append([part])
    return [some[0] if len(some) == 1 else together(some) for some in found]


def chained(parts: Sequence[BankStatement]) -> list[BankStatement]:
    """Those of these parts that make a statement, in its order, whatever theirs is; none where one is missing.

    Of a part that came twice with other content the later one counts, if the rest follows it.
    """
    for first in reversed([part for part in parts if part.begins and not part.ends]):
        chain, left = [first], [part for part in parts if not part.begins]
        while not chain[-1].ends and (later := [part for part in left if follows(chain[-1], part)]):
            chain.append(later[-1])
            left = [part for part in left if part is not later[-1]]
        if chain[-1].ends:
            return chain
    return []


def told(part: BankStatement) -> str:
    """What a part is, for people: which page of what."""
    first, last = part.pages
    page = "a part" if not last else f"page {last}" if first == last else f"pages {first} to {last}"
    rest = "the last page" if part.begins else "the first page" if part.ends else "the others"
    number = f"statement {part.sequence}" if part.sequence else f"statement {part.statement_id!a:.40}"
    return f"{page} of {number}, which is taken once {rest} and all between are in"


def together(parts: Sequence[BankStatement]) -> BankStatement:
    """Parts in their order as one.

    Raises:
        BadInput: The balances of the whole and its lines do not agree.
    """
    lines = [line for part in parts for line in part.lines]
    found = replace(
        parts[0],
        closing=parts[-1].closing,
        to_on=parts[-1].to_on,
        lines=tuple(
            line if line.number == number else replace(line, number=number) for number, line in enumerate(lines, 1)
        ),
        left_out=sum(part.left_out for part in parts),
        pages=(parts[0].pages[0], parts[-1].pages[1]),
        ends=parts[-1].ends,
    )
    if found.opening is not None and found.closing is not None:
        agrees(found.opening, found.lines, found.closing, f"statement {found.statement_id!a:.40}")
    return found
