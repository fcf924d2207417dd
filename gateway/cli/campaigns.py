"""`tapdial campaigns …`: tell many people something; sent by the gateway's worker once a second person has agreed."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named
from gateway.errors import BadInput, Conflict, NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.campaigns import Campaign, CampaignOutcome

app = typer.Typer(no_args_is_help=True, help="Campaigns: one text for many people, each told once.")
CampaignId = Annotated[str, typer.Argument(help="The campaign's id, as cam_01K….")]
Templates = Annotated[
    list[str], typer.Option("--template", help="LANGUAGE=text, once a language, as 'en=You owe {amount}. {pay_code}'.")
]
Hours = Annotated[int, typer.Option("--hours", help="Hours of sending over which it is spread.")]
Name = Annotated[str, typer.Option("--name", help="As colleagues see it.")]
LISTED_MAX = 50
WATCH_S = 2.0


class Kind(StrEnum):
    """Kinds as the service has them; spelt here so that the command's help waits for no service."""

    CAMPAIGN = "campaign"
    DEBT_NOTICE = "debt_notice"
    INVOICE = "invoice"


@app.command("list")
def show(config: Config = None) -> None:
    """List the newest campaigns."""
    table = Table("campaign", "name", "state", "rows", "bad", "parts")
    for one in in_house(read_settings(config), lambda house: house.campaigns.list_campaigns(limit=LISTED_MAX)):
        table.add_row(one.id, Text(one.name), one.state.value, str(one.total), str(one.bad), str(one.parts))
    Console().print(table)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8 with a column phone.", exists=True, dir_okay=False)],
    template: Templates,
    name: Name,
    kind: Annotated[Kind, typer.Option("--kind", help="What it says.")] = Kind.CAMPAIGN,
    hours: Hours = 8,
    config: Config = None,
) -> None:
    """Make a campaign from a file; every line that could not be used is counted. Status 1 if no row is left."""
    from gateway.services.campaigns import CSV, CampaignKind

    async def make(house: "House") -> "Campaign":
        made = await house.campaigns.create(name, CampaignKind(kind.value), _texts(template), source=CSV, hours=hours)
        return await _read(house, made.id, file)

    _made(in_house(read_settings(config), make))


@app.command()
def load(
    campaign_id: CampaignId,
    file: Annotated[Path, typer.Argument(help="The file it was made from.", exists=True, dir_okay=False)],
    config: Config = None,
) -> None:
    """Go on reading the file of a campaign whose `new` was interrupted."""
    _made(in_house(read_settings(config), lambda house: _read(house, campaign_id, file)))


@app.command()
def invoices(
    template: Templates,
    period: Annotated[str, typer.Option("--period", help="Jalali month as 1405-09; this month if absent.")] = "",
    hours: Hours = 8,
    config: Config = None,
) -> None:
    """Make a campaign from the unpaid invoices of a month; texts may name {amount}, {period} and {pay_code}."""
    from gateway.services.campaigns import INVOICES, CampaignKind

    async def make(house: "House") -> "Campaign":
        month = period or house.period_now()
        made = await house.campaigns.create(
            f"invoices {month}", CampaignKind.INVOICE, _texts(template), source=f"{INVOICES}{month}", hours=hours
        )
        Console().print(made.id)
        with _bar() as bar:
            task = bar.add_task("rows", total=None, bad="")
            while made.state.value == "loading":
                # A gateway that runs fills it too: whoever is behind gives way, and looks again.
                with contextlib.suppress(Conflict):
                    await house.campaigns.load_invoices(made.id, _seen(bar, task, None))
                made = await _campaign(house, made.id)
            return made

    _made(in_house(read_settings(config), make))


@app.command()
def preview(campaign_id: CampaignId, config: Config = None) -> None:
    """Show the first rows worded in each language, how many short messages, what they cost, when it would end."""

    async def look(house: "House") -> None:
        campaign = await _campaign(house, campaign_id)
        seen = await house.campaigns.preview(campaign_id)
        table = Table("row", "to", "language", "parts", "text")
        for row in seen.rows:
            table.add_row(str(row.number), row.msisdn, row.language, str(row.parts), Text(row.text))
        faults = Table("line", "fault", "column")
        for bad in seen.bad:
            faults.add_row(str(bad.line), bad.fault.value, bad.column)
        out = Console()
        out.print(table)
        if seen.bad:
            out.print(faults)
        out.print(
            f"{campaign.total} messages in {campaign.parts} parts ({campaign.ucs2} messages in UCS-2), "
            f"{campaign.bad} bad lines; {seen.cost_minor} rials; {seen.per_minute} a minute, "
            f"released now until {seen.ends_at.astimezone(house.zone):%Y-%m-%d %H:%M}",
            highlight=False,
        )

    in_house(read_settings(config), look)


@app.command("test")
def try_out(
    campaign_id: CampaignId,
    to: Annotated[list[str], typer.Option("--to", help="A number of staff, once for each; five at most.")],
    config: Config = None,
) -> None:
    """Send the first row's text of each language to numbers of staff, now."""
    from gateway.services.msisdn import normal_msisdn

    numbers = [number for text in to if (number := normal_msisdn(text))]
    if len(numbers) != len(to):
        raise BadInput("not a mobile number")
    put = in_house(read_settings(config), lambda house: house.campaigns.test_send(campaign_id, numbers))
    Console().print(f"{put} messages wait to be sent")


@app.command()
def release(
    campaign_id: CampaignId,
    staff: Annotated[str, typer.Option("--staff", help="User name of who asks; another one approves in the console.")],
    config: Config = None,
) -> None:
    """Ask a second person to release it. Status 1 if it cannot be released."""
    from gateway.channels.console.roles import RUN_CAMPAIGNS

    async def ask(house: "House") -> "CampaignOutcome":
        maker = await staff_named(house, staff, RUN_CAMPAIGNS)
        return await house.campaigns.propose(campaign_id, maker.id)

    _steered(in_house(read_settings(config), ask))


@app.command()
def pause(campaign_id: CampaignId, config: Config = None) -> None:
    """Send nothing more for now; what the outbox has not sent is taken out of it."""
    _steered(in_house(read_settings(config), lambda house: house.campaigns.pause(campaign_id)))


@app.command()
def resume(campaign_id: CampaignId, config: Config = None) -> None:
    """Go on with what was not sent."""
    _steered(in_house(read_settings(config), lambda house: house.campaigns.resume(campaign_id)))


@app.command()
def cancel(campaign_id: CampaignId, config: Config = None) -> None:
    """Stop for good; what the outbox has not sent is taken out of it."""
    _steered(in_house(read_settings(config), lambda house: house.campaigns.cancel(campaign_id)))


@app.command()
def watch(campaign_id: CampaignId, config: Config = None) -> None:
    """Show progress until it is done, paused or cancelled."""

    async def follow(house: "House") -> str:
        with _bar() as bar:
            task = bar.add_task("sent", total=None, bad="")
            while True:
                one = await house.campaigns.progress(campaign_id)
                if one is None:
                    raise NotFound(f"no campaign {campaign_id}")
                said = ", ".join(f"{count} {name}" for name, count in one.counts.items())
                bar.update(task, completed=one.decided, total=one.total or None, bad=said)
                if one.state.value not in {"proposed", "running"}:
                    return one.state.value
                await asyncio.sleep(WATCH_S)

    Console().print(in_house(read_settings(config), follow))


@app.command()
def report(
    campaign_id: CampaignId,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every row to this file too.")] = None,
    config: Config = None,
) -> None:
    """Say how many rows stand where; with --csv, every one of them."""

    async def tell(house: "House") -> "Campaign":
        if csv is not None:
            with csv.open("w", encoding="utf-8", newline="") as file:
                file.write("row,phone,state,parts,changed_at\r\n")
                async for page in house.campaigns.report(campaign_id):
                    file.writelines(
                        f"{row.number},{row.msisdn},{row.state},{row.parts},"
                        f"{row.changed_at.isoformat() if row.changed_at else ''}\r\n"
                        for row in page
                    )
        one = await house.campaigns.progress(campaign_id)
        if one is None:
            raise NotFound(f"no campaign {campaign_id}")
        return one

    one = in_house(read_settings(config), tell)
    table = Table("where", "rows")
    for name, count in one.counts.items():
        table.add_row(name, str(count))
    Console().print(table)


async def _read(house: "House", campaign_id: str, file: Path) -> "Campaign":
    Console().print(campaign_id)
    with file.open("rb") as opened, _bar() as bar:
        task = bar.add_task("read", total=os.fstat(opened.fileno()).st_size, bad="")
        return await house.campaigns.load_csv(campaign_id, opened, _seen(bar, task, opened.tell))


def _seen(bar: Progress, task: TaskID, told: Callable[[], int] | None) -> Callable[[int, int], Awaitable[None]]:
    async def seen(total: int, bad: int) -> None:
        bar.update(task, completed=told() if told else total, bad=f"{total} rows, {bad} bad")

    return seen


def _bar() -> Progress:
    return Progress(*Progress.get_default_columns(), TextColumn("{task.fields[bad]}"))


def _texts(templates: list[str]) -> dict[str, str]:
    pairs = [template.partition("=") for template in templates]
    return {language.strip(): text.replace("\\n", "\n") for language, _, text in pairs}


def _made(campaign: "Campaign") -> None:
    Console().print(f"{campaign.total} rows, {campaign.bad} bad lines, {campaign.parts} parts", highlight=False)
    if not campaign.total:
        raise typer.Exit(1)


async def _campaign(house: "House", campaign_id: str) -> "Campaign":
    campaign = await house.campaigns.by_id(campaign_id)
    if campaign is None:
        raise NotFound(f"no campaign {campaign_id}")
    return campaign


def _steered(outcome: "CampaignOutcome") -> None:
    Console().print(outcome.value)
    if outcome.value != "ok":
        raise typer.Exit(1)
