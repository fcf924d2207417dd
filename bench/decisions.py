"""Decision tables compiled, beside the same table read row by row: `python -m bench.decisions`, `make bench-decisions`.

The table has 20 rows over four inputs. The goal is 250,000 evaluations a second; 21.8 million persons are then decided
in a minute and a half on one core.
"""

import random
import sys
from datetime import date

from bench.ledger_figures import Bar, Figures
from bench.smpp_codec import best_us
from gateway.services.decisions import CompiledTable, Hit, Inputs, OneOf, Spans, Table, check, read_table

COMMAND = "python -m bench.decisions"
GOAL_A_SECOND = 250_000
CASES = 256
HEAD = """table,twenty_rows
hit,F
from,2020-01-01
column,input,input,input,input,output,output
name,age,months_paid,sector,employed,verdict,percent
type,int[0..130],days,text[farm|craft|trade|care],bool,text[eligible|not|look],int[0..100]
"""


def twenty_rows() -> bytes:
    """The file."""
    sectors = ("farm", "craft", "trade", "care")
    rows = [
        f'row,[{18 + 10 * step}..{27 + 10 * step}],>={3 + step},"{sector}, {other}",{said},eligible,{50 + step}'
        for step in range(5)
        for sector, other in (sectors[:2], sectors[2:])
        for said in ("true", "-")
    ]
    rows[-1] = "row,-,-,-,-,look,0"
    return (HEAD + "\n".join([*rows, "example,5,0,farm,true,look,0"]) + "\n").encode()


def naive(table: Table, inputs: Inputs) -> tuple[object, ...] | None:
    """The first row whose every test holds, found by running the tests."""
    assert table.hit is Hit.FIRST
    for row in table.rows:
        for column, test in zip(table.inputs, row.tests, strict=True):
            value = inputs[column.name]
            if isinstance(test, OneOf) and (value in test.values) is test.negated:
                break
            if isinstance(test, Spans):
                number = value.toordinal() if isinstance(value, date) else int(value)
                if not any(span.holds(number) for span in test.spans):
                    break
        else:
            return row.outputs
    return None


def cases() -> list[Inputs]:
    """Seeded persons."""
    seeded = random.Random(6)
    sectors = ("farm", "craft", "trade", "care")
    return [
        {
            "age": seeded.randrange(100),
            "months_paid": seeded.randrange(40),
            "sector": seeded.choice(sectors),
            "employed": seeded.random() < 0.5,
        }
        for _ in range(CASES)
    ]


def figures(into: Figures) -> None:
    """The lines of this bench."""
    table = CompiledTable(read_table(twenty_rows()))
    assert not check(table)
    people = cases()
    for person in people:
        assert tuple(table.evaluate(person).outputs.values()) == naive(table.table, person)
    evaluate = table.evaluate

    def ours() -> None:
        for person in people:
            evaluate(person)

    def yardstick() -> None:
        for person in people:
            naive(table.table, person)

    ours_us, naive_us = best_us(ours, yardstick, rounds=10, times=4)
    a_second, naively = CASES * 1e6 / ours_us, CASES * 1e6 / naive_us
    into.add("decision table, 20 rows", a_second, naively, "1/s", Bar(4.0))
    into.add("decision table, beside the goal", a_second, GOAL_A_SECOND, "1/s", Bar(1.0))


def main() -> int:
    """Print a line a figure and write the file."""
    made = Figures(COMMAND)
    figures(made)
    made.write("decisions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
