"""docs/EVENING.md cannot lie: its tables are those of the code."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.app import reconciling
from gateway.services.breaks.model import BreakOutcome, Counter
from gateway.services.breaks.rules import Facts, booking, correction, counters, write_off
from gateway.services.closing.checks import EXCUSABLE, PATHS
from gateway.services.closing.model import CheckName, VoidReason
from gateway.services.closing.sections import BANK, CLOSING
from gateway.services.owed import OWED
from gateway.services.reconciliation import FlowName
from gateway.services.reconciliation.linking import ADDED_MAX
from gateway.services.reconciliation.rules import BONDS, EXACT
from gateway.services.reports.model import ReportName
from gateway.settings import Settings
from wallet.accounts import Chart
from wallet.reconciliation import BreakType, Rule, Side, Verdict
from wallet.transfers import TransferCode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/EVENING.md").read_text("utf-8")
CODED = {FlowName.WALLETS: reconciling._PAID, FlowName.TAPS: reconciling._SETTLED, FlowName.FEES: reconciling._OWED}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first heading this is."""
    table = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def names(heading: str) -> list[str]:
    return [row[0].strip("`") for row in rows(heading)]


def test_a_suggestion_explains_for_these_reasons() -> None:
    told = [set(re.findall(r"`(\w+)`", reasons)) for _, reasons in rows("a suggestion explains")]

    assert told == [{one.value for one in EXACT}, {one.value for one in BONDS}]
    assert f"up\nto {ADDED_MAX:,} rows besides it" in PAGE


def minor(cell: str) -> int | None:
    return None if cell == "–" else int(cell)


def test_the_flows_of_the_page_are_read_from_these_accounts_for_these_codes() -> None:
    nobody: Any = None
    flows = reconciling._flows(Settings.model_construct(), nobody, nobody, Chart.load(), nobody)

    assert names("flow") == [flow.value for flow in FlowName]
    for name, account, codes, _ in rows("flow"):
        flow = FlowName(name.strip("`"))
        (ledger,) = flows[flow].sources[Side.LEDGER]
        assert (Side.BANK in flows[flow].sources) == (flow is FlowName.BANK)
        if flow is FlowName.BANK:
            chart = Chart.load()
            assert chart.id(account.strip("`")) in ledger._accounts  # type: ignore[attr-defined]  # one of AccountRows
            assert codes == f"any but {TransferCode.OPENING.name}"
        else:
            assert account.strip("`") == ledger._role  # type: ignore[attr-defined]  # one of RoleRows
            assert codes.split(", ") == [code.name for code in CODED[flow]]


def test_the_rules_of_the_page_are_tried_in_this_order() -> None:
    assert names("rule") == [rule.value for rule in Rule]
    assert names("verdict") == [verdict.value for verdict in Verdict]


@pytest.mark.parametrize("row", rows("what happened"), ids=lambda row: f"{row[1]}: {row[0]}")
def test_what_may_be_booked_for_a_break_is_what_the_page_says(row: list[str]) -> None:
    _, flow, type_, ledger, rail, bank, given_up, against, corrected = row
    facts = Facts(flow, BreakType(type_.strip("`")), minor(ledger), minor(rail), minor(bank))

    for cell, answer in ((given_up, write_off(facts)), (corrected, correction(facts))):
        assert answer is (BreakOutcome.OK if cell == "yes" else BreakOutcome(cell.strip("`")))
    if booking(facts) is not BreakOutcome.OK:
        assert against == f"`{booking(facts).value}`"
        return
    told = set(re.findall(r"`(\w+)`", against))
    every = {one.value for one in Counter}
    assert {one.value for one in counters(facts)} == (every - told if against.startswith("any") else told)


def test_every_type_of_break_is_among_the_examples_and_every_answer_is_explained() -> None:
    table = rows("what happened")

    assert {row[2].strip("`") for row in table} == {type_.value for type_ in BreakType}
    given = {word for row in table for cell in row[6:] for word in re.findall(r"`(\w+)`", cell)}
    assert given - {one.value for one in Counter} | {"pending", "suggested"} == set(names("answer"))
    assert f"Any\naccount: {', '.join(f'`{one.value}`' for one in Counter)}" in PAGE


def test_the_amounts_above_which_two_must_agree_are_those_of_the_policy() -> None:
    policy = tomllib.loads((ROOT / "gateway/services/approvals/policy.toml").read_text("utf-8"))

    for kind, up_to, _ in rows("kind"):
        low, high = policy[kind.strip("`")]
        assert low["up_to"] == int(up_to.replace(",", ""))
        assert (low.get("checkers", 1), high["checkers"], high.get("up_to")) == (1, 2, None)


def test_the_checklist_of_the_page_is_the_one_that_a_day_must_pass() -> None:
    assert [(name, path.strip("`"), may) for name, _, path, may in rows("check")] == [
        (f"`{check.value}`", PATHS[check], "yes" if check in EXCUSABLE else "") for check in CheckName
    ]
    told = PAGE.partition("The float is what lies on ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", told)) == OWED


def test_the_days_of_transit_accounts_are_those_that_are_shipped() -> None:
    settings = Settings.model_construct()

    for role, setting, days in rows("transit account"):
        assert role.strip("`") in Chart.load().roles
        assert getattr(settings, setting.strip("`")) == int(days)


def test_the_sections_and_ends_of_a_closing_are_those_of_the_code() -> None:
    told = PAGE.partition("the sections ")[2].partition(". ")[0]

    assert re.findall(r"`(\w+)`", told) == [CLOSING, *BANK, "breaks", "papers", "reconciliation"]
    assert names("given up as") == [reason.value for reason in VoidReason]


def test_the_reports_of_the_page_are_those_that_there_are() -> None:
    assert names("report") == [name.value for name in ReportName]


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:close|recon|bank)_[a-z_]+)`", PAGE)) - {one.value for one in Counter}

    assert named <= Settings.model_fields.keys()
