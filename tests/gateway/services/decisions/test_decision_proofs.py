"""Any table: compiled it says what the naive reading says, and every counterexample is one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.decisions import (
    CompiledTable,
    Found,
    Inputs,
    Value,
    cases_of,
    differences,
    gap_of,
    overlap_of,
    read_table,
)

DAY = date(2026, 1, 1)
SORTS = {"a": "int", "b": "days", "c": "text", "d": "text[p|q|r]", "e": "bool", "f": "date"}


@dataclass(frozen=True)
class Cell:
    """A test as it is written, and what it means, said in Python and independently of the reader."""

    text: str
    holds: Callable[[Value], bool]


def number_cell(draw: st.DrawFn) -> Cell:
    low = draw(st.integers(0, 9))
    high = draw(st.integers(low + 1, 12))
    chosen = draw(st.sampled_from(["-", ">", ">=", "<", "<=", "[]", "(]", "[)", "between", "one", "in", "not", "two"]))
    return {
        "-": Cell("-", lambda _: True),
        ">": Cell(f">{low}", lambda x: x > low),  # type: ignore[operator]
        ">=": Cell(f">={low}", lambda x: x >= low),  # type: ignore[operator]
        "<": Cell(f"<{high}", lambda x: x < high),  # type: ignore[operator]
        "<=": Cell(f"<={low}", lambda x: x <= low),  # type: ignore[operator]
        "[]": Cell(f"[{low}..{high}]", lambda x: low <= x <= high),  # type: ignore[operator]
        "(]": Cell(f"({low}..{high}]", lambda x: low < x <= high),  # type: ignore[operator]
        "[)": Cell(f"[{low}..{high})", lambda x: low <= x < high),  # type: ignore[operator]
        "between": Cell(f"between {low} and {high}", lambda x: low <= x <= high),  # type: ignore[operator]
        "one": Cell(f"{low}", lambda x: x == low),
        "in": Cell(f'"in ({low}, {high})"', lambda x: x in (low, high)),
        "not": Cell(f'"not({low}, >={high})"', lambda x: x != low and x < high),  # type: ignore[operator]
        "two": Cell(f'"{low}, >={high}"', lambda x: x == low or x >= high),  # type: ignore[operator]
    }[chosen]


def day_cell(draw: st.DrawFn) -> Cell:
    first = DAY + timedelta(days=draw(st.integers(0, 5)))
    last = first + timedelta(days=draw(st.integers(0, 5)))
    return draw(
        st.sampled_from(
            [
                Cell("-", lambda _: True),
                Cell(f"[{first}..{last}]", lambda x: first <= x <= last),  # type: ignore[operator]
                Cell(f"<{last}", lambda x: x < last),  # type: ignore[operator]
            ]
        )
    )


def word_cell(draw: st.DrawFn, words: list[str]) -> Cell:
    some = draw(st.sets(st.sampled_from(words), min_size=1))
    listed = ", ".join(sorted(some))
    chosen = draw(st.sampled_from(["-", "in", "not"]))
    return {
        "-": Cell("-", lambda _: True),
        "in": Cell(f'"{listed}"', lambda x: x in some),
        "not": Cell(f'"not({listed})"', lambda x: x not in some),
    }[chosen]


def cell(draw: st.DrawFn, name: str) -> Cell:
    if name in "ab":
        return number_cell(draw)
    if name == "f":
        return day_cell(draw)
    return word_cell(draw, {"c": ["x", "y"], "d": ["p", "q", "r"], "e": ["true", "false"]}[name])


VALUES: dict[str, st.SearchStrategy[Value]] = {
    "a": st.integers(-2, 14),
    "b": st.integers(0, 14),
    "c": st.sampled_from(["x", "y", "z", ""]),
    "d": st.sampled_from(["p", "q", "r"]),
    "e": st.booleans(),
    "f": st.dates(DAY - timedelta(days=2), DAY + timedelta(days=12)),
}


@dataclass(frozen=True)
class Written:
    """A table as a file, and its cells."""

    hit: str
    names: list[str]
    rows: list[list[Cell]]

    @property
    def compiled(self) -> CompiledTable:
        lines = [
            f"table,t\nhit,{self.hit}\nfrom,2026-01-01",
            "column" + ",input" * len(self.names) + ",output",
            "name," + ",".join(self.names) + ",out",
            "type," + ",".join(SORTS[name] for name in self.names) + ",int",
            *("row," + ",".join(one.text for one in row) + f",{at}" for at, row in enumerate(self.rows, 1)),
        ]
        return CompiledTable(read_table("\n".join(lines).encode()))

    def fitting(self, inputs: Inputs) -> list[int]:
        """Numbers of the rows whose every cell holds: the naive reading."""
        given = [str(inputs[name]).lower() if name == "e" else inputs[name] for name in self.names]
        return [
            at
            for at, row in enumerate(self.rows, 1)
            if all(one.holds(value) for one, value in zip(row, given, strict=True))
        ]


@st.composite
def written(draw: st.DrawFn, hits: str = "FCSU") -> Written:
    names = draw(st.lists(st.sampled_from(sorted(SORTS)), min_size=1, max_size=3, unique=True))
    rows = [[cell(draw, name) for name in names] for _ in range(draw(st.integers(1, 6)))]
    return Written(draw(st.sampled_from(hits)).replace("S", "C+"), names, rows)


@settings(max_examples=60)
@given(st.data(), written("FCS"))
def test_a_compiled_table_says_what_its_rows_say(data: st.DataObject, made: Written) -> None:
    compiled = made.compiled
    for _ in range(8):
        inputs = {name: data.draw(VALUES[name]) for name in made.names}
        fits = made.fitting(inputs)
        found = compiled.evaluate(inputs)
        match made.hit:
            case "F":
                assert found == (Found((fits[0],), {"out": fits[0]}) if fits else Found((), {}))
            case "C":
                assert found == Found(tuple(fits), {"out": tuple(fits)})
            case _:
                assert found == Found(tuple(fits), {"out": sum(fits)} if fits else {})


@settings(max_examples=60)
@given(st.data(), written("U"))
def test_every_counterexample_is_one_and_its_absence_is_a_proof(data: st.DataObject, made: Written) -> None:
    compiled = made.compiled
    gap, overlap = gap_of(compiled), overlap_of(compiled)
    if gap is not None:
        assert made.fitting(gap) == []
    if overlap is not None:
        one, other, case = overlap
        assert {one, other} <= set(made.fitting(case))
    for _ in range(8):
        fits = made.fitting({name: data.draw(VALUES[name]) for name in made.names})
        assert fits or gap is not None
        assert len(fits) < 2 or overlap is not None


@settings(max_examples=25)
@given(written("F"), st.data())
def test_a_dry_run_finds_each_case_that_comes_out_otherwise(made: Written, data: st.DataObject) -> None:
    other = Written("F", made.names, data.draw(st.permutations(made.rows)))
    before, after = made.compiled, other.compiled
    cases = cases_of(before, after)

    found = [one.inputs for one in differences(before, after, cases)]

    assert found == [case for case in cases if made.fitting(case)[:1] != other.fitting(case)[:1]]
    assert list(differences(before, before, cases)) == []
