"""Whatever lies in the folder, the verifier gives findings: never a traceback, and one broken file hides little."""

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ussd_menus.planted import CLINIC, changed
from ussd_menus import MenusFault, inspect, inspect_files, load_files
from ussd_menus.tables import FILE_BYTES_MAX

DIALOGUES = sorted(CLINIC)
WRONG: list[object] = [
    *("", "a", "a.b", "0", "99", "home.menu", "\n\x1b[31m", "{name}", "{", "ask", "٣", "x" * 300),
    *(0, 1, -1, 10**30, 1.5, float("nan"), True, False, [], {}, [[]], [{}], {"a": {}}, [1, "a"], {"to": 5}),
    *({"by": "age"}, {"by": "age", "other": "x"}, {"to": "x", "note": "y"}, ["rows"], ["pin", "pin"]),
]


def places_in(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key and element of a TOML document."""
    found: list[tuple[str | int, ...]] = [path] if path else []
    if isinstance(data, dict):
        for key, value in data.items():
            found += places_in(value, (*path, key))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            found += places_in(value, (*path, at))
    return found


def written(value: object) -> str:
    """A value as TOML, tables inline."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{written(key)} = {written(item)}" for key, item in value.items()) + "}"
        case _:
            raise TypeError(value)


def document(data: dict[str, object]) -> bytes:
    return "\n".join(f"{written(key)} = {written(value)}" for key, value in data.items()).encode("utf-8", "replace")


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    files = dict(CLINIC)
    for _ in range(draw(st.integers(1, 3))):
        file = draw(st.sampled_from(DIALOGUES))
        data = tomllib.loads(files[file].decode("utf-8"))
        path = draw(st.sampled_from(places_in(data) or [("x",)]))
        around: Any = data
        for part in path[:-1]:
            around = around[part]
        match draw(st.sampled_from(["value", "value", "delete", "rename"])):
            case "delete" if isinstance(around, dict):
                around.pop(path[-1], None)
            case "rename" if isinstance(around, dict):
                around[draw(st.sampled_from(["x", "to", "text", "a.b", "", "type"]))] = around.pop(path[-1], "x")
            case _:
                around[path[-1]] = draw(st.sampled_from(WRONG))
        files[file] = document(data)
    return files


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_whatever_is_changed_there_are_findings_and_no_traceback(files: dict[str, bytes]) -> None:
    found = inspect_files(files)
    assert all(one.line >= 1 and one.rule and "\n" not in one.rule for one in found)
    with suppress(MenusFault):
        load_files(files)


HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"[[[",
    b"not toml at all",
    b"a = " + b"[" * 5000,
    b"a = " + b"{b=" * 5000,
    b".".join([b"a"] * 5000) + b" = 1",
    b"x" * (FILE_BYTES_MAX + 1),
    b"[house]\nentry = 5\n[house.keys]\nback = []\n",
    b"house = []\nwords = 5\nactions = 'x'\nlanguage = [1]\ndialogue = 7\n",
    b'a = "' + b"y" * 100_000 + b'"',
    b".".join([b"a"] * 100_000) + b" = 1",
    b"'a' . " * 100_000 + b"a = 1",
]


@pytest.mark.parametrize("file", ["menus/house.toml", "menus/actions.toml", "menus/visits.toml", "texts/fa.toml"])
@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_is_a_finding(file: str, content: bytes) -> None:
    assert inspect_files({**CLINIC, file: content})


@pytest.mark.parametrize("file", ["menus/fragments/pin.toml", "menus/shortcuts.toml", "texts/easy/en.toml"])
@pytest.mark.parametrize("content", HOSTILE[1:8], ids=range(1, 8))
def test_so_is_a_hostile_part(file: str, content: bytes) -> None:
    assert inspect_files({**CLINIC, file: content})


def test_no_files_and_no_folder_are_findings(tmp_path: Path) -> None:
    assert inspect_files({})
    assert inspect(tmp_path)
    (one,) = inspect(tmp_path / "nowhere")
    assert "no such folder" in one.fix
    (tmp_path / "menus").mkdir()
    (tmp_path / "menus" / "house.toml").mkdir()
    assert any("cannot be read" in one.fix for one in inspect(tmp_path))


def test_a_form_error_hides_no_finding_of_another_file() -> None:
    files = changed(
        CLINIC,
        ("menus/visits.toml", 'kind = "number"', 'kind = "numbers"'),
        ("menus/home.toml", 'to = "settings" }', 'to = "setings" }'),
        ("texts/fa.toml", 'bye = "خدانگهدار."', 'bye = "خدا {ticket نگهدار."'),
    )
    found = [(one.file, one.rule) for one in inspect_files(files)]
    assert ("menus/visits.toml", "form") in found
    assert ("menus/home.toml", "missing-target") in found
    assert ("texts/fa.toml", "placeholder-form") in found
    assert not {file for file, rule in found if rule == "missing-target"} - {"menus/home.toml"}
