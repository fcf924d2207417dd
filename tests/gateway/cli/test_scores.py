"""`tapdial recon score` reads what was found and what is true, prints figures, and its status says if they will do."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import BadInput

runner = CliRunner()
TRUTH = """side,id,group,open,told,alike
ledger,l1,1,,,
rail,r1,1,,,
bank,b1,1,,,
ledger,l2,2,,,
ledger,l3,2,,,
bank,b2,2,0,1,
bank,b3,3,1,yes,
ledger,l4,4,no,no,
bank,b4,4,no,no,
"""
GOOD = {"l1": "a", "r1": "a", "b1": "a", "l2": "b", "l3": "b", "b2": "b", "b3": "c!", "l4": "d!", "b4": "e!"}
SIDES = {"l": "ledger", "r": "rail", "b": "bank"}


def found(groups: dict[str, str]) -> str:
    rows = (
        f"{SIDES[id_[0]]},{id_},{group},{'only_theirs' if '!' in group else 'matched'}" for id_, group in groups.items()
    )
    return "\n".join(("side,id,group,verdict", *rows)) + "\n"


def as_json(text: str) -> str:
    head, *rows = (line.split(",") for line in text.splitlines())
    return "\n".join(json.dumps(dict(zip(head, row, strict=True))) for row in rows)


def run(folder: Path, truth: str, made: str, *words: str) -> tuple[int, str]:
    for name, text in (("truth", truth), ("found", made)):
        (folder / name).write_text(text, "utf-8")
    result = runner.invoke(app, ["recon", "score", str(folder / "truth"), str(folder / "found"), *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def figures(output: str) -> dict[str, list[str]]:
    cells = ([cell.strip() for cell in line.strip("│ ").split("│")] for line in output.splitlines() if "│" in line)
    return {name: rest for name, *rest in cells}


@pytest.mark.parametrize("form", [str, as_json])
def test_a_good_result_is_printed_and_ends_well(tmp_path: Path, form: type[str]) -> None:
    status, output = run(tmp_path, form(TRUTH), form(found(GOOD)), "--right", "100", "--decomposed", "100")

    assert status == 0
    assert figures(output) == {
        "lines of the bank exactly right": ["4", "4", "100.00"],
        "but for 1 that nothing tells": ["3", "4", "75.00"],
        "bookings of many taken apart": ["1", "1", "100.00"],
        "and 0 that nothing tells": ["1", "1", "100.00"],
        "exceptions left open (recall)": ["3", "3", "100.00"],
        "open rows that are exceptions (precision)": ["3", "3", "100.00"],
        "wrong links": ["0"],
        "matched groups with a wrong link": ["0"],
    }


@pytest.mark.parametrize(
    ("changed", "words", "status"),
    [
        ({"b1": "x!"}, (), 0),
        ({"b1": "x!"}, ("--right", "75"), 0),
        ({"b1": "x!"}, ("--right", "76"), 1),
        ({"l3": "x!"}, ("--decomposed", "1"), 1),
        ({"b3": "a"}, (), 1),
    ],
)
def test_a_wrong_link_or_a_floor_that_is_missed_is_status_one(
    tmp_path: Path, changed: dict[str, str], words: tuple[str, ...], status: int
) -> None:
    assert run(tmp_path, TRUTH, found(GOOD | changed), *words)[0] == status


@pytest.mark.parametrize(
    ("truth", "made", "said"),
    [
        ("", "", "truth: no rows"),
        ("side,id\nbank,b1\n", "", "truth line 2: a row needs an id and a group"),
        ("side,id,group\nbanc,b1,1\n", "", "truth line 2: no side"),
        ("side,id,group,open\nbank,b1,1,perhaps\n", "", "truth line 2: neither yes nor no"),
        ("side,id,group\nbank,b1,1,2\n", "", "truth line 2: more cells"),
        ('side,id,group\nbank,"b1', "", "truth line 1: unexpected end"),
        (f"side,id,group\nbank,{'b' * 5000},1\n", "", "truth line 2: too long"),
        ("{}\n", "", "truth line 1: no side"),
        ('{"side": "bank"\n', "", "truth line 1: no JSON"),
        ('{"side": "bank", "id": [1], "group": 1}\n', "", "truth line 1: a cell is no text"),
        ('{"side": "bank", "id": 1, "group": 1}\n[]\n', "", "truth line 2: no object"),
        ("side,id,group\nbank,b1,1\n", "side,id,group,verdict\nbank,b1,1,good\n", "found line 2: no verdict"),
        ("side,id,group\nbank,b1,1\n", "side,id,group,verdict\n", "nothing was made of bank b1"),
        ("side,id,group\n", "side,id,group,verdict\nbank,b1,1,matched\n", "not in the truth"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_line(tmp_path: Path, truth: str, made: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        run(tmp_path, truth, made)


def test_octets_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "truth").write_bytes(b"side,id,group\nbank,\xff,1\n")

    result = runner.invoke(app, ["recon", "score", str(tmp_path / "truth"), str(tmp_path / "truth")])

    assert isinstance(result.exception, BadInput)
