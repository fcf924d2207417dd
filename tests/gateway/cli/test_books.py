"""The books on the command line: figures as of a moment, statements, closing, freezing, the first balances."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from wallet.clock import SystemClock

ALICE = "liability:wallet:per_alice:IRR"
BANK = "asset:trust_bank:IRR"
OPENING = "role,owner,asset,debit_minor,credit_minor\ntrust_bank,,IRR,1000,\nwallet,per_alice,IRR,,300\n"
TODAY = SystemClock().now().date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f'zone = "UTC"\ndata_dir = {json.dumps(str(tmp_path / "data"))}\n')
    CliRunner().invoke(app, ["db", "upgrade", "--config", str(path)])
    (tmp_path / "opening.csv").write_text(OPENING)
    assert ledger(str(path), "import-opening", str(tmp_path / "opening.csv")).exit_code == 0
    return str(path)


def ledger(config: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--config", config], env={"COLUMNS": "200"})


def rows(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def test_an_opening_is_reported_with_its_totals_and_moves_nothing_twice(config: str, tmp_path: Path) -> None:
    again = ledger(config, "import-opening", str(tmp_path / "opening.csv"))

    assert again.exit_code == 0
    assert "declared IRR: debits 1000, credits 300, to equity 700" in again.output
    assert "0 accounts opened with their balance, 2 were already" in again.output


def test_a_bad_opening_names_each_line_and_has_status_1(config: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(OPENING + "purse,per_1,IRR,,1\nwallet,,IRR,,1\n")

    refused = ledger(config, "import-opening", str(tmp_path / "bad.csv"))

    assert refused.exit_code == 1
    assert re.search(r"line 4: there is no such role.*\n.*line 5: this role has an owner", refused.output)
    assert ledger(config, "import-opening", str(tmp_path / "opening.csv"), "--dry-run").output.endswith(
        "nothing was posted\n"
    )


def test_a_balance_is_that_of_its_moment(config: str) -> None:
    assert " 300 " in ledger(config, "balance", ALICE).output
    assert " 300 " not in ledger(config, "balance", ALICE, "--at", f"{YESTERDAY}T12:00").output
    assert " 300 " not in ledger(config, "balance", ALICE, "--position", "1").output
    assert ledger(config, "balance", "liability:wallet:per_bob:IRR").exit_code == 2
    assert ledger(config, "balance", "nonsense").exit_code == 2
    assert ledger(config, "balance", ALICE, "--at", "noon").exit_code == 2


def test_a_statement_goes_from_its_opening_to_its_closing_balance(config: str) -> None:
    _, opening, moved, closing = rows(ledger(config, "statement", ALICE, "--from", str(YESTERDAY), "--to", str(TODAY)))

    assert (opening[4], opening[-1]) == ("opening", "0")
    assert (moved[3], moved[-3:]) == ("opening", ["", "300", "300"])
    assert (closing[1], closing[4], closing[-1]) == (str(TODAY), "closing", "300")
    assert ledger(config, "statement", ALICE, "--from", str(TODAY), "--to", str(YESTERDAY)).exit_code == 2


@pytest.mark.parametrize("when", [[], ["--through", str(TODAY)], ["--at", f"{TODAY}T23:59:59"]])
def test_a_trial_balance_has_every_role_and_every_account(config: str, when: list[str]) -> None:
    sums = ledger(config, "trial-balance", *when)
    _, *accounts = rows(ledger(config, "trial-balance", "--accounts", *when))

    assert sums.exit_code == 0
    assert re.search(r"opening_equity +│ IRR +│ 1 +│ 300 +│ 1000 ", sums.output)
    assert [BANK, "IRR", "1000", "0"] in accounts
    assert sum(int(row[2]) - int(row[3]) for row in accounts) == 0


def test_a_period_is_closed_softly_and_then_for_good(config: str) -> None:
    words = ["close-period", str(YESTERDAY), "--why", "month end"]

    early = ledger(config, *words)
    soft = ledger(config, *words, "--soft")
    closed = ledger(config, *words)
    today = ledger(config, "close-period", str(TODAY), "--soft", "--why", "too early")

    assert [(one.exit_code, one.output.split()[-1]) for one in (early, soft, closed, today)] == [
        (1, "not_soft"), (0, "done"), (0, "done"), (1, "not_over")
    ]  # fmt: skip
    assert re.search(rf"{YESTERDAY} +│ closed .* month end +│ [0-9a-f]{{64}}", ledger(config, "periods").output)


def test_an_account_is_frozen_opened_and_bounded(config: str) -> None:
    def changed(*words: str) -> str:
        return ledger(config, *words, "--why", "letter 12").output.split()[-1]

    assert changed("freeze", ALICE) == "changed"
    assert changed("unfreeze", ALICE) == "changed"
    assert changed("limits", ALICE, "--credit-excess", "299") == "beyond"
    assert changed("limits", ALICE, "--credit-excess", "500", "--debit-excess", "none") == "changed"
    assert ledger(config, "limits", ALICE, "--why", "x", "--credit-excess", "-1").exit_code == 2
    assert ledger(config, "freeze", ALICE, "--why", "two\nlines").exit_code == 2


def test_a_beancount_journal_is_written(config: str, tmp_path: Path) -> None:
    path = tmp_path / "book.beancount"

    assert ledger(config, "export", "--format", "beancount", "--output", str(path)).exit_code == 0
    assert "balance Liabilities:Wallet:Per-alice:IRR  -300 ~ 0 IRR" in path.read_text("utf-8")
