"""`tapdial jobs list | invoices | statements | watch | pause | resume | cancel`: long work, done by a worker."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings
from gateway.errors import NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.jobs import Job, JobOutcome

app = typer.Typer(no_args_is_help=True, help="Long work: start it, watch it, pause it.")
JobId = Annotated[str, typer.Argument(help="The job's id, as job_01K….")]
LISTED_MAX = 50
WATCH_S = 0.5


@app.command("list")
def show(config: Config = None) -> None:
    """List the newest jobs."""
    table = Table("job", "kind", "state", "done", "started by")
    for job in in_house(read_settings(config), lambda house: house.jobs.list_jobs(limit=LISTED_MAX)):
        table.add_row(job.id, job.kind, job.state.value, f"{job.done}/{job.total}", job.staff_id or "command line")
    Console().print(table)


@app.command()
def invoices(
    period: Annotated[str, typer.Option("--period", help="Jalali month as 1405-09; this month if absent.")] = "",
    config: Config = None,
) -> None:
    """Queue the month's contribution invoices for everybody who owes one."""
    from gateway.services.payments import INVOICES_JOB

    async def start(house: "House") -> "Job":
        return await house.jobs.start(INVOICES_JOB, {"period": period or house.period_now()})

    Console().print(in_house(read_settings(config), start).id)


@app.command()
def statements(
    period: Annotated[str, typer.Option("--period", help="Jalali month that is over, as 1405-08.")],
    config: Config = None,
) -> None:
    """Queue the month's statements by e-mail for everybody who has an address."""
    from gateway.services.statements import STATEMENTS_JOB

    job = in_house(read_settings(config), lambda house: house.jobs.start(STATEMENTS_JOB, {"period": period}))
    Console().print(job.id)


@app.command("provider-statements")
def provider_statements(
    period: Annotated[str, typer.Option("--period", help="Jalali month that is over, as 1405-08.")],
    config: Config = None,
) -> None:
    """Queue the month's statements by e-mail for every provider that has an address and has billed."""
    from gateway.services.providers import STATEMENTS_JOB

    job = in_house(read_settings(config), lambda house: house.jobs.start(STATEMENTS_JOB, {"period": period}))
    Console().print(job.id)


@app.command()
def watch(job_id: JobId, config: Config = None) -> None:
    """Show a job's progress until it is over or paused; exit status 1 if it failed."""
    from gateway.services.jobs import JobState

    async def follow(house: "House") -> JobState:
        with Progress() as progress:
            task = progress.add_task(job_id, total=None)
            while True:
                job = await house.jobs.by_id(job_id)
                if job is None:
                    raise NotFound(f"no job {job_id}")
                progress.update(task, completed=job.done, total=job.total or None)
                if job.state not in (JobState.QUEUED, JobState.RUNNING):
                    return job.state
                await asyncio.sleep(WATCH_S)

    state = in_house(read_settings(config), follow)
    Console().print(state.value)
    raise typer.Exit(1 if state is JobState.FAILED else 0)


@app.command()
def pause(job_id: JobId, config: Config = None) -> None:
    """Stop a job at its next checkpoint, to go on later."""
    _steer(in_house(read_settings(config), lambda house: house.jobs.pause(job_id)))


@app.command()
def resume(job_id: JobId, config: Config = None) -> None:
    """Let a paused or failed job go on where it stopped."""
    _steer(in_house(read_settings(config), lambda house: house.jobs.resume(job_id)))


@app.command()
def cancel(job_id: JobId, config: Config = None) -> None:
    """Stop a job at its next checkpoint for good."""
    _steer(in_house(read_settings(config), lambda house: house.jobs.cancel(job_id)))


def _steer(outcome: "JobOutcome") -> None:
    Console().print(outcome.value)
    if outcome.value != "ok":
        raise typer.Exit(1)
