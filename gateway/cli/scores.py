"""`tapdial recon score`: what a reconciliation found, beside what is true, as two files of rows."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from gateway.errors import BadInput
from wallet.reconciliation.rows import Side, Verdict
from wallet.reconciliation.scoring import FoundRow, Score, ScoreFault, TrueRow
from wallet.reconciliation.scoring import score as counted

LINE_MAX, ROWS_MAX = 4096, 20_000_000
TRUE, FALSE = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})
Truth = typer.Argument(metavar="TRUTH", exists=True, dir_okay=False)
Found = typer.Argument(metavar="FOUND", exists=True, dir_okay=False)
Percent = typer.Option(min=0, max=100)


def score(
    truth: Annotated[Path, Truth],
    found: Annotated[Path, Found],
    right: Annotated[float, Percent] = 0,
    decomposed: Annotated[float, Percent] = 0,
) -> None:
    """Print wrong links, lines exactly right, bookings taken apart, and how well exceptions were told.

    Both files are CSV with a header, or JSON lines. TRUTH has side, id, group, and may have open (the group must not be
    matched), told (0 where no book tells what belongs to the row) and alike (a label of rows that may stand for one
    another). FOUND has side, id, group, verdict. Status 1 if there is a wrong link, or less than --right percent of the
    lines are exactly right, or less than --decomposed percent of the bookings of many are taken apart.
    """
    try:
        made = counted(_true_rows(truth), _found_rows(found))
    except ScoreFault as fault:
        raise BadInput(str(fault)) from fault
    if not made.rows:
        raise BadInput(f"{truth.name}: no rows")
    Console().print(_table(made))
    if made.wrong_links or 100 * made.right_share < right or 100 * made.decomposed_share < decomposed:
        raise typer.Exit(1)


def _table(made: Score) -> Table:
    table = Table("figure", "of", "all", "%")
    open_right, untold_batches = made.right - made.untold_open, made.all_batches - made.batches
    for name, some, of, share in (
        ("lines of the bank exactly right", made.right, made.lines, made.right_share),
        (f"but for {made.untold_open} that nothing tells", open_right, made.lines, made.linked_share),
        ("bookings of many taken apart", made.decomposed, made.batches, made.decomposed_share),
        (f"and {untold_batches} that nothing tells", made.all_decomposed, made.all_batches, made.all_decomposed_share),
        ("exceptions left open (recall)", made.both, made.exceptions, made.recall),
        ("open rows that are exceptions (precision)", made.both, made.left_open, made.precision),
    ):
        table.add_row(name, str(some), str(of), f"{100 * share:.2f}")
    table.add_row("wrong links", str(made.wrong_links), "", "")
    table.add_row("matched groups with a wrong link", str(made.wrong_groups), "", "")
    return table


def _true_rows(file: Path) -> Iterator[TrueRow]:
    for where, cells in _records(file):
        side, id_, group = _named(cells, where)
        told = _flag(cells.get("told") or "1", where)
        yield TrueRow(side, id_, group, _flag(cells.get("open", ""), where), told, cells.get("alike", ""))


def _found_rows(file: Path) -> Iterator[FoundRow]:
    for where, cells in _records(file):
        try:
            verdict = Verdict(cells.get("verdict", ""))
        except ValueError as wrong:
            raise BadInput(f"{where}: no verdict: {cells.get('verdict', '')!a:.40}") from wrong
        yield FoundRow(*_named(cells, where), verdict is Verdict.MATCHED)


def _named(cells: Mapping[str, str], where: str) -> tuple[Side, str, str]:
    try:
        side = Side(cells.get("side", ""))
    except ValueError as wrong:
        raise BadInput(f"{where}: no side: {cells.get('side', '')!a:.40}") from wrong
    if not cells.get("id") or not cells.get("group"):
        raise BadInput(f"{where}: a row needs an id and a group")
    return side, cells["id"], cells["group"]


def _flag(text: str, where: str) -> bool:
    said = text.strip().lower()
    if said not in TRUE | FALSE:
        raise BadInput(f"{where}: neither yes nor no: {text!a:.40}")
    return said in TRUE


def _records(file: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Cells by name, and where they stand."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = _lines(file.name, opened)
        first = next(lines, "")
        whole = (line for part in ([first], lines) for line in part)
        if first.lstrip().startswith("{"):
            for number, line in enumerate(whole, 1):
                if line.strip():
                    yield f"{file.name} line {number}", _object(line, f"{file.name} line {number}")
            return
        rows = csv.DictReader(whole, restval="", strict=True)
        try:
            for row in rows:
                where = f"{file.name} line {rows.line_num}"
                if None in row:
                    raise BadInput(f"{where}: more cells than the header")
                yield where, row
        except csv.Error as wrong:
            raise BadInput(f"{file.name} line {rows.line_num}: {wrong}") from wrong


def _lines(name: str, opened: TextIO) -> Iterator[str]:
    try:
        for number, line in enumerate(iter(lambda: opened.readline(LINE_MAX + 1), ""), 1):
            if len(line) > LINE_MAX or number > ROWS_MAX:
                raise BadInput(f"{name} line {number}: too long")
            yield line
    except UnicodeDecodeError as wrong:
        raise BadInput(f"{name}: not UTF-8") from wrong


def _object(line: str, where: str) -> Mapping[str, str]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise BadInput(f"{where}: no JSON") from wrong
    if not isinstance(given, dict):
        raise BadInput(f"{where}: no object")
    return {name: _cell(cell, where) for name, cell in given.items()}


def _cell(cell: object, where: str) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case None:
            return ""
        case str() | int():
            return str(cell)
        case _:
            raise BadInput(f"{where}: a cell is no text")
