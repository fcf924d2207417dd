"""What is proved of a table before anybody may publish it, each claim with a case that shows it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.services.decisions.compiled import CompiledTable, Piece
from gateway.services.decisions.model import (
    Example,
    Finding,
    Found,
    Hit,
    InputRefused,
    Inputs,
    Problem,
    Table,
    Value,
    shown,
)

STEPS_MAX = 200_000
"""How far the search for a gap goes; a table that needs more is to be written more simply."""
PIECES_MAX = 10_000
"""Pieces of all inputs of a table that is proved: what the proofs cost grows with them and with the rows."""
CASES_MAX = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """A case of which two versions say different things; None where a version does not take its inputs."""

    inputs: Inputs
    before: Found | None
    after: Found | None


def check(compiled: CompiledTable) -> list[Finding]:
    """All that is wrong: overlaps of U, gaps of U and F, examples that come out otherwise."""
    table = compiled.table
    if sum(len(pieces) for pieces in compiled.pieces) > PIECES_MAX:
        return [Finding(Problem.TOO_INTRICATE, 0, 0)]
    findings = [] if table.examples else [Finding(Problem.NO_EXAMPLES, 0, 0)]
    overlap = overlap_of(compiled) if table.hit is Hit.UNIQUE else None
    if overlap is not None:
        one, other, case = overlap
        detail = f"rows {one} and {other} both fit {said(case)}"
        findings.append(Finding(Problem.OVERLAP, table.rows[other - 1].line, 0, detail))
    if table.hit in {Hit.UNIQUE, Hit.FIRST}:
        findings += _gap(compiled)
    return findings + [finding for example in table.examples for finding in _example(compiled, example)]


def overlap_of(compiled: CompiledTable) -> tuple[int, int, Inputs] | None:
    """Two rows that fit the same case, and the case; None if there are none."""
    table = compiled.table
    for row in table.rows:
        mine = 1 << (row.number - 1)
        also = ~0
        for pieces in compiled.pieces:
            met = 0
            for piece in pieces:
                if piece.rows & mine:
                    met |= piece.rows
            also &= met
        also &= -1 << row.number
        if also:
            other = (also & -also).bit_length()
            both = mine | 1 << (other - 1)
            chosen = [next(piece for piece in pieces if piece.rows & both == both) for pieces in compiled.pieces]
            return row.number, other, _case(table, [piece.value for piece in chosen])
    return None


def gap_of(compiled: CompiledTable) -> Inputs | None:
    """A case that no row fits; None if there is none.

    Raises:
        OverflowError: The search would take too long.
    """
    steps = 0
    dead: set[tuple[int, int]] = set()
    every = (1 << len(compiled.table.rows)) - 1
    # Pieces that allow the same rows are one; the inputs that split most come last, where most is known already.
    columns = [_distinct(pieces) for pieces in compiled.pieces]
    order = sorted(range(len(columns)), key=lambda at: len(columns[at]))

    def search(depth: int, rows: int) -> list[Piece] | None:
        nonlocal steps
        if depth == len(order):
            return None if rows else []
        if (depth, rows) in dead:
            return None
        for piece in columns[order[depth]]:
            steps += 1
            if steps > STEPS_MAX:
                raise OverflowError
            found = search(depth + 1, rows & piece.rows)
            if found is not None:
                return [piece, *found]
        dead.add((depth, rows))
        return None

    path = search(0, every)
    if path is None:
        return None
    by_column = dict(zip(order, path, strict=True))
    return _case(compiled.table, [by_column[at].value for at in range(len(order))])


def differences(before: CompiledTable, after: CompiledTable, cases: Iterable[Inputs]) -> Iterator[Difference]:
    """The cases of which the versions say different things; the number of a row alone is no difference."""
    for inputs in cases:
        old, new = _asked(before, inputs), _asked(after, inputs)
        if (old and old.outputs) != (new and new.outputs):
            yield Difference(inputs, old, new)


def cases_of(*tables: CompiledTable) -> list[Inputs]:
    """Cases worth asking two versions about: all examples, then a value of each piece of each input, in turn."""
    cases = {tuple(example.inputs.items()): None for one in tables for example in one.table.examples}
    for one in tables:
        seeds = [example.inputs for example in one.table.examples] or [
            _case(one.table, [pieces[0].value for pieces in one.pieces])
        ]
        for seed in seeds:
            for column, pieces in zip(one.table.inputs, one.pieces, strict=True):
                cases |= {tuple({**seed, column.name: piece.value}.items()): None for piece in pieces}
                if len(cases) >= CASES_MAX:
                    return [dict(case) for case in list(cases)[:CASES_MAX]]
    return [dict(case) for case in cases]


def said(inputs: Inputs) -> str:
    """A case in one line."""
    return ", ".join(f"{name} = {shown(value)}" for name, value in inputs.items())


def _gap(compiled: CompiledTable) -> list[Finding]:
    try:
        gap = gap_of(compiled)
    except OverflowError:
        return [Finding(Problem.TOO_INTRICATE, 0, 0)]
    return [] if gap is None else [Finding(Problem.GAP, 0, 0, f"no row fits {said(gap)}")]


def _example(compiled: CompiledTable, example: Example) -> list[Finding]:
    try:
        found = compiled.evaluate(example.inputs)
    except InputRefused as bad:
        return [Finding(Problem.OUTSIDE, example.line, 0, bad.name)]
    came = tuple(_tuple(found.outputs.get(column.name, ())) for column in compiled.table.outputs)
    if came == example.outputs:
        return []
    rows = ", ".join(map(str, found.rows)) or "none"
    outputs = "; ".join(" ".join(shown(value) for value in values) for values in came)
    return [Finding(Problem.EXAMPLE, example.line, 0, f"row {rows} says {outputs or 'nothing'}")]


def _tuple(value: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def _asked(table: CompiledTable, inputs: Inputs) -> Found | None:
    try:
        return table.evaluate(inputs)
    except InputRefused:
        return None


def _distinct(pieces: Sequence[Piece]) -> list[Piece]:
    return list({piece.rows: piece for piece in pieces}.values())


def _case(table: Table, values: Sequence[Value]) -> Inputs:
    return {column.name: value for column, value in zip(table.inputs, values, strict=True)}
