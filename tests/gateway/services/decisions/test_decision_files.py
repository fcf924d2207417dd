"""Files that people write: what a table says, what is refused and where, what is proved before it may be published."""

import contextlib
import time
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.decisions import (
    BYTES_MAX,
    CompiledTable,
    Finding,
    Found,
    InputRefused,
    Inputs,
    Problem,
    TableRefused,
    Value,
    check,
    read_table,
)

HEAD = "table,t\nhit,{hit}\nfrom,2026-01-01\n"
ONE = HEAD + "column,input,output\nname,x,y\ntype,{sort},int\n"


def table(rows: str, *, hit: str = "F", sort: str = "int") -> CompiledTable:
    return CompiledTable(read_table((ONE.format(hit=hit, sort=sort) + rows).encode()))


def refused(body: bytes | str) -> Finding:
    with pytest.raises(TableRefused) as caught:
        read_table(body if isinstance(body, bytes) else body.encode())
    return caught.value.finding


@pytest.mark.parametrize(
    ("test", "fits", "misses"),
    [
        (">=65", [65, 90], [64]),
        ("<5", [4, -7], [5]),
        ("=5", [5], [4, 6]),
        ("7", [7], [6, 8]),
        ("[1..30]", [1, 30], [0, 31]),
        ("(0..10]", [1, 10], [0, 11]),
        ("[1..3)", [1, 2], [3]),
        ("between 1 and 30", [1, 30], [0, 31]),
        ("in [1..3]", [1, 3], [4]),
        ('"in (1, 5, [8..9])"', [1, 5, 9], [2, 7, 10]),
        ('"1, 3, >10"', [1, 3, 11], [2, 10]),
        ('"not(1, [5..7])"', [0, 2, 8], [1, 6]),
        ("not(<5)", [5, 6], [4]),
        ("-", [-1, 0, 9], []),
    ],
)
def test_a_unary_test_of_numbers(test: str, fits: list[int], misses: list[int]) -> None:
    made = table(f"row,{test},1\n")

    assert [made.evaluate({"x": value}).rows for value in fits] == [(1,)] * len(fits)
    assert [made.evaluate({"x": value}).rows for value in misses] == [()] * len(misses)


@pytest.mark.parametrize(
    ("sort", "test", "fits", "misses"),
    [
        ("date", ">=2026-03-21", [date(2026, 3, 21)], [date(2026, 3, 20)]),
        ("date", "between 2026-01-01 and 2026-01-31", [date(2026, 1, 31)], [date(2026, 2, 1), date.min, date.max]),
        ("text", '"""x"",""y z"""', ["x", "y z"], ["X", ""]),
        ("text", '"not(x, ""y"")"', ["z", ""], ["x", "y"]),
        ("text[a|b|c]", "not(a)", ["b", "c"], ["a"]),
        ("bool", "true", [True], [False]),
        ("bool", "not(true)", [False], [True]),
        ("bool", '"true, false"', [True, False], []),
    ],
)
def test_a_unary_test_of_other_sorts(sort: str, test: str, fits: list[Value], misses: list[Value]) -> None:
    made = table(f"row,{test},1\n", sort=sort)

    assert [made.evaluate({"x": value}).rows for value in fits] == [(1,)] * len(fits)
    assert [made.evaluate({"x": value}).rows for value in misses] == [()] * len(misses)


@pytest.mark.parametrize(
    ("hit", "found"),
    [
        ("F", Found((1,), {"y": 10})),
        ("C", Found((1, 3), {"y": (10, 30)})),
        ("C+", Found((1, 3), {"y": 40})),
    ],
)
def test_the_hit_policy_decides_between_rows(hit: str, found: Found) -> None:
    assert table("row,>0,10\nrow,<0,20\nrow,>=5,30\n", hit=hit).evaluate({"x": 6}) == found


def test_nothing_comes_out_where_no_row_fits() -> None:
    assert table("row,>0,10\n", hit="C+").evaluate({"x": 0}) == Found((), {})
    assert table("row,>0,10\n", hit="C").evaluate({"x": 0}) == Found((), {"y": ()})


@pytest.mark.parametrize(
    ("sort", "inputs"),
    [
        ("int", {}),
        ("int", {"x": True}),
        ("int", {"x": "1"}),
        ("int[0..120]", {"x": 121}),
        ("days", {"x": -1}),
        ("date", {"x": 5}),
        ("text[a|b]", {"x": "c"}),
        ("text", {"x": 5}),
        ("bool", {"x": 1}),
    ],
)
def test_an_input_of_another_sort_is_refused_by_name(sort: str, inputs: Inputs) -> None:
    made = table("row,-,1\n", sort=sort)

    with pytest.raises(InputRefused, match="x"):
        made.evaluate(inputs)


def test_the_row_that_was_hit_is_explained() -> None:
    made = table("row,>=65,1\nrow,-,2\n", sort="int[0..130]")

    assert [str(reason) for reason in made.reasons(1, {"x": 70})] == ["x is 70, which >=65 allows"]
    assert [str(reason) for reason in made.reasons(2, {"x": 7})] == ["x is 7"]


ROW = ONE.format(hit="F", sort="int")


@pytest.mark.parametrize(
    ("body", "problem", "line", "column"),
    [
        (b"table,\xff\n", Problem.NOT_TEXT, 1, 0),
        (b"table,t\nhit,\0\n", Problem.NOT_TEXT, 2, 0),
        (b"table,t\n" + b" " * BYTES_MAX, Problem.TOO_LARGE, 0, 0),
        ('table,t\nhit,"F\n', Problem.NOT_TEXT, 2, 0),
        ("=cmd|'/c calc'!A1,t\n", Problem.UNKNOWN_LINE, 1, 1),
        ("table,T-1\n", Problem.BAD_NAME, 1, 2),
        ("table,t\nhit,X\n", Problem.BAD_HIT, 2, 2),
        ("table,t\ntable,t\n", Problem.TWICE, 2, 1),
        ("table,t\nfrom,2026-02-30\n", Problem.BAD_DATE, 2, 2),
        ("table,t\nhit,F\nrow,1,2\n", Problem.MISSING, 3, 0),
        (
            HEAD.format(hit="F") + "until,2025-01-01\n" + ROW[len(HEAD.format(hit="F")) :] + "row,-,1\n",
            Problem.ORDER,
            0,
            0,
        ),
        (HEAD.format(hit="F") + "column,output,input\nname,y,x\ntype,int,int\nrow,1,1\n", Problem.ORDER, 4, 3),
        (HEAD.format(hit="F") + "column,input,output\nname,x,x\ntype,int,int\nrow,1,1\n", Problem.TWICE, 5, 3),
        (HEAD.format(hit="F") + "column,input,output\nname,x,y\ntype,float,int\nrow,1,1\n", Problem.BAD_TYPE, 6, 2),
        (HEAD.format(hit="C+") + "column,input,output\nname,x,y\ntype,int,text\nrow,1,1\n", Problem.NOT_A_NUMBER, 6, 3),
        (ROW, Problem.NO_ROWS, 0, 0),
        (ROW + "row,1\n", Problem.CELLS, 7, 3),
        (ROW + "row,1,2,3\n", Problem.CELLS, 7, 4),
        (ROW + "row,,1\n", Problem.BAD_TEST, 7, 2),
        (ROW + "row,__import__('os'),1\n", Problem.BAD_VALUE, 7, 2),
        (ROW + "row,=1+1,1\n", Problem.BAD_VALUE, 7, 2),
        (ROW + "row,[9..1],1\n", Problem.BAD_TEST, 7, 2),
        (ROW + "row,(1..2),1\n", Problem.BAD_TEST, 7, 2),
        (ROW + "row,((((1,1\n", Problem.BAD_TEST, 7, 2),
        (ROW + "row,99999999999999999,1\n", Problem.BAD_VALUE, 7, 2),
        (ROW + "row,1,1.5\n", Problem.BAD_VALUE, 7, 3),
        (ROW + f"row,{'1' * 501},1\n", Problem.TOO_LARGE, 7, 2),
        (ROW + "row,1" + ",1" * 40 + "\n", Problem.TOO_MANY_COLUMNS, 7, 34),
        (ROW + "row,1,1\n" * 1001, Problem.TOO_MANY_ROWS, 1007, 1),
        (ROW + "row,-,1\nexample,a,1\n", Problem.BAD_VALUE, 8, 2),
    ],
)
def test_a_bad_file_is_refused_with_line_and_column(
    body: bytes | str, problem: Problem, line: int, column: int
) -> None:
    found = refused(body)

    assert (found.problem, found.line, found.column) == (problem, line, column)


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=400), st.text(alphabet='row,-><=[]().."not in1ex|\n#', max_size=200)))
def test_whatever_a_file_holds_it_is_read_or_refused(tail: bytes | str) -> None:
    with contextlib.suppress(TableRefused):
        read_table(ROW.encode() + (tail if isinstance(tail, bytes) else tail.encode()))


@pytest.mark.parametrize(
    ("hit", "rows", "wrong"),
    [
        ("U", "row,<5,1\nrow,>=5,2\nexample,5,2\n", []),
        ("U", "row,<=5,1\nrow,>=5,2\nexample,6,2\n", [(Problem.OVERLAP, 8, "rows 1 and 2 both fit x = 5")]),
        ("U", "row,<5,1\nrow,>5,2\nexample,6,2\n", [(Problem.GAP, 0, "no row fits x = 5")]),
        ("F", "row,>5,1\nrow,>3,2\nexample,6,1\n", [(Problem.GAP, 0, "no row fits x = 3")]),
        ("C", "row,>5,1\nrow,>3,2\nexample,6,1|2\nexample,1,none\n", []),
        ("C+", "row,>5,1\nrow,>3,2\nexample,6,3\n", []),
        ("F", "row,-,1\nexample,6,2\n", [(Problem.EXAMPLE, 8, "row 1 says 1")]),
        ("F", "row,-,1\n", [(Problem.NO_EXAMPLES, 0, "")]),
    ],
)
def test_what_is_wrong_is_shown_with_a_case(hit: str, rows: str, wrong: list[tuple[Problem, int, str]]) -> None:
    assert [(one.problem, one.line, one.detail) for one in check(table(rows, hit=hit))] == wrong


def test_an_example_outside_its_columns_is_refused_where_it_stands() -> None:
    assert refused(ONE.format(hit="F", sort="int[0..9]") + "row,-,1\nexample,10,1\n").problem is Problem.OUTSIDE


def test_a_proof_that_would_take_too_long_is_given_up() -> None:
    wide = 14
    names = ",".join(f"x{at}" for at in range(wide))
    rows = "".join(
        "row," + ",".join(f">{row * 31 % 97 + at}" if (row + at) % 3 else "-" for at in range(wide)) + ",1\n"
        for row in range(60)
    )
    body = f"table,t\nhit,F\nfrom,2026-01-01\ncolumn{',input' * wide},output\nname,{names},y\ntype{',int' * wide},int\n"
    example = "example" + ",500" * wide + ",1\n"

    problems = {one.problem for one in check(CompiledTable(read_table((body + rows + example).encode())))}

    assert problems <= {Problem.GAP, Problem.TOO_INTRICATE}
    assert problems


def test_a_file_full_of_values_is_made_in_a_moment_and_not_proved() -> None:
    lines = [",".join(str(2 * (60 * line + at)) for at in range(60)) for line in range(400)]
    rows = "".join(f'row,"{line}",{number}\n' for number, line in enumerate(lines)) + "row,-,1\nexample,1,1\n"
    began = time.process_time()

    made = table(rows)

    # To ask each of these tests at each of their values is half a thousand million questions: minutes.
    assert time.process_time() - began < 5
    assert made.evaluate({"x": 2 * 60 * 399}).rows == (400,)
    assert made.evaluate({"x": 1}).rows == (401,)
    assert [one.problem for one in check(made)] == [Problem.TOO_INTRICATE]


@pytest.mark.parametrize(
    "file",
    sorted(files("gateway.services.decisions").joinpath("shipped").iterdir(), key=str),
    ids=lambda file: str(file.name),
)
def test_every_shipped_table_is_proved(file: Traversable) -> None:
    made = read_table(file.read_bytes())

    assert f"{made.name}.csv" == file.name
    assert check(CompiledTable(made)) == []
