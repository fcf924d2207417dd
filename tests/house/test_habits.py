"""Habits of the house that a reader would otherwise have to trust: nothing is declared that nobody uses or explains."""

import re
from pathlib import Path

import pytest

from gateway.observe import Metrics
from gateway.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PRODUCT = {
    path: path.read_text("utf-8")
    for folder in ("wallet", "ussd_menus", "gateway", "simulators")
    for path in (ROOT / folder).rglob("*.py")
}
GATEWAY = "\n".join(
    text
    for path, text in PRODUCT.items()
    if "gateway" in path.parts and not {"settings", "observe.py"} & set(path.parts)
)
OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text("utf-8")
SPOKEN = [ROOT / "Makefile", ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_read_somewhere(name: str) -> None:
    assert re.search(rf"settings\.{name}\b", GATEWAY)


def test_every_name_of_a_setting_that_people_are_told_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    told = {name for path in SPOKEN for name in re.findall(rf"\b{PREFIX}[A-Z0-9_]+", path.read_text("utf-8"))}

    assert told <= known


@pytest.mark.parametrize("family", [family.name for family in Metrics().registry.collect()])
def test_a_metric_stands_in_the_page_of_operations(family: str) -> None:
    assert f"| `{family}`" in OPERATIONS


@pytest.mark.parametrize("name", [name for name in vars(Metrics()) if name != "registry"])
def test_a_metric_is_counted_somewhere(name: str) -> None:
    assert re.search(rf"metrics\.{name}\b", GATEWAY)


def where(pattern: str, *, but: str = "") -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path, text in PRODUCT.items()
        if str(path.relative_to(ROOT)) != but
        for line in text.splitlines()
        if found.search(line)
    ]


def test_an_exemption_from_a_rule_says_why() -> None:
    assert where(r"#\s*noqa(?!: [A-Z0-9, ]+ +- \w)") == []


def test_time_comes_from_the_clock_alone() -> None:
    reading = where(
        r"\b(datetime|date)\.(now|utcnow|today)\(|\btime\.time\(|TOTP\([^)]*\)\.now\(", but="wallet/clock.py"
    )

    # The simulators are another side with clocks of their own.
    assert [line for line in reading if not line.startswith("simulators/")] == []
