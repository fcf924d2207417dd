"""The command `tapdial`: every command reads the same settings and ends with an exit status for scripts.

0 done, 1 a check failed or was refused, 2 wrong use, 3 a port is taken, 4 a fault of the surroundings.
"""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli import (
    api_keys,
    attesters,
    bookkeeping,
    books,
    breaks,
    campaigns,
    clearing,
    close,
    db,
    decisions,
    heads,
    jobs,
    keys,
    ledger,
    links,
    mail,
    menus,
    payouts,
    providers,
    recon,
    releases,
    reports,
    run,
    scores,
    signing,
    sms,
    staff,
    stand_ins,
    statements,
)
from gateway.cli.context import Config, read_settings
from gateway.errors import Fault
from gateway.settings import PREFIX, Settings
from wallet.errors import WalletFault

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Social security from any phone.")
app.add_typer(menus.app, name="menus")
menus.app.command("release")(releases.release)
menus.app.command("rollback")(releases.rollback)
menus.app.command("releases")(releases.releases)
app.add_typer(ledger.app, name="ledger")
ledger.app.command("head")(heads.head)
ledger.app.command("check-heads")(heads.check_heads)
ledger.app.command("balance")(books.balance)
ledger.app.command("statement")(books.statement)
ledger.app.command("trial-balance")(books.trial_balance)
ledger.app.command("periods")(books.periods)
ledger.app.command("close-period")(bookkeeping.close_period)
ledger.app.command("freeze")(bookkeeping.freeze)
ledger.app.command("unfreeze")(bookkeeping.unfreeze)
ledger.app.command("limits")(bookkeeping.limits)
ledger.app.command("import-opening")(bookkeeping.import_opening)
app.add_typer(db.app, name="db")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(api_keys.app, name="api-keys")
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(decisions.app, name="decisions")
app.add_typer(attesters.app, name="attesters")
app.add_typer(providers.app, name="providers")
app.add_typer(payouts.app, name="payouts")
app.add_typer(clearing.app, name="clearing")
app.add_typer(breaks.app, name="breaks")
app.add_typer(close.app, name="close")
app.add_typer(mail.app, name="mail")
app.add_typer(recon.app, name="recon")
recon.app.command("score")(scores.score)
app.add_typer(statements.app, name="statements")
app.add_typer(staff.app, name="staff")
staff.app.command("stand-in")(stand_ins.stand_in)
staff.app.command("stand-ins")(stand_ins.stand_ins)
staff.app.command("stand-in-end")(stand_ins.stand_in_end)
app.add_typer(signing.app, name="signing")
app.add_typer(sms.app, name="sms")
app.command("reports")(reports.reports)
app.command("links")(links.links)
app.command("serve")(run.serve)
app.command("demo")(run.demo)
app.command("demo-code")(run.demo_code)
app.command("dial")(run.dial)


@app.command("settings")
def show_settings(
    config: Config = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/SETTINGS.md instead.")] = False,
) -> None:
    """Show the effective settings, secrets hidden."""
    if markdown:
        sys.stdout.write(settings_page())
        return
    shown = Table("setting", "value", "what it is")
    for name, value in read_settings(config).shown().items():
        shown.add_row(name, value, Settings.model_fields[name].description)
    Console().print(shown)


def settings_page() -> str:
    """The text of docs/SETTINGS.md, made from the fields themselves; a test compares the two."""
    rows = [
        "# Settings",
        "",
        f"Every setting is an environment variable `{PREFIX}…` or a key of the TOML file given with `--config`; the",
        "environment wins. A misspelt one stops the start and names its nearest neighbour. `tapdial settings` shows",
        "the effective values. This page is printed by `tapdial settings --markdown`.",
        "",
        "| key | environment | default | what it is |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = f"`{default}`" if str(default) else "(empty)"
        rows.append(f"| {name} | `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Run the command; a fault is one line on standard error, never a stack trace."""
    try:
        app()
    except (Fault, WalletFault) as problem:
        Console(stderr=True).print(f"[red]{type(problem).__name__}[/red]: {problem}", highlight=False)
        raise SystemExit(4) from problem


__all__ = ["app", "main", "settings_page"]
