"""Cells of files that people open in a spreadsheet: no text runs as a formula, no number is rounded."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_EXACT_MAX = 2**53
"""A spreadsheet keeps numbers as IEEE doubles: beyond this one they are written as text."""
_TEXT_MAX = 32_767
"""Characters of a cell; Excel takes no more, and would have nothing of a longer one."""


def harmless(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would run it. Source: OWASP, CSV Injection."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def write(sheet: "Worksheet", row: int, column: int, value: str | int) -> None:
    """Write a cell of a workbook as it is; rows and columns are counted from 0."""
    if isinstance(value, int) and abs(value) <= _EXACT_MAX:
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value)[:_TEXT_MAX])
