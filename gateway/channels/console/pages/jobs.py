"""Jobs: long work with its progress; pause, resume, cancel; the month's invoices."""

from typing import Any, assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Digits, Form, FormProblems
from gateway.channels.console.roles import RUN_JOBS, SEE_JOBS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.jobs import Job, JobOutcome, JobState
from gateway.services.payments import INVOICES_JOB, period_of

PAGE_ROWS = 30
TONES = {
    JobState.QUEUED: "wait",
    JobState.RUNNING: "wait",
    JobState.PAUSED: "plain",
    JobState.DONE: "good",
    JobState.FAILED: "bad",
    JobState.CANCELLED: "plain",
}
ACTIONS = {
    JobState.QUEUED: ("pause", "cancel"),
    JobState.RUNNING: ("pause", "cancel"),
    JobState.PAUSED: ("resume", "cancel"),
    JobState.FAILED: ("resume", "cancel"),
    JobState.DONE: (),
    JobState.CANCELLED: (),
}
"""What may be asked of a job in each state."""


class Paged(Form):
    """Before which job the page begins."""

    before: BusinessId | None = None


class Period(Form):
    """A month of the Jalali calendar, as `1405-09`."""

    period: Digits = Field(pattern=r"^1[34][0-9]{2}-(0[1-9]|1[0-2])$")


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/jobs", listing, SEE_JOBS),
        post("/jobs/invoices", start_invoices, RUN_JOBS),
        get(f"/jobs/{ID}", show, SEE_JOBS),
        get(f"/jobs/{ID}/progress", progress, SEE_JOBS),
        post(f"/jobs/{ID}/pause", pause, RUN_JOBS),
        post(f"/jobs/{ID}/resume", resume, RUN_JOBS),
        post(f"/jobs/{ID}/cancel", cancel, RUN_JOBS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Jobs, newest first."""
    before = visit.query(Paged).before or ""
    rows = await visit.deps.jobs.list_jobs(limit=PAGE_ROWS, before=before)
    names = await visit.staff_names({row.staff_id for row in rows})
    table = Table(
        name="jobs",
        columns=[
            Column("job", lambda row: Link(kind_text(visit, row), f"/jobs/{row.id}")),
            Column("state", chip),
            Column("done", lambda row: done_text(visit, row), end=True),
            Column("by", lambda row: names.get(row.staff_id, "")),
            Column("started", lambda row: row.created_at),
            Column("finished", lambda row: row.finished_at),
        ],
        rows=rows,
        empty="empty.jobs",
        more=f"/jobs?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("jobs.jinja", table=table, may_run=visit.may(*RUN_JOBS), period=_period(visit))


async def show(visit: Visit) -> web.StreamResponse:
    """One job; its progress renews itself."""
    return visit.page("job.jinja", **await _values(visit))


async def progress(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself; 286 tells htmx to stop asking."""
    values = await _values(visit)
    over = values["job"].state in {JobState.DONE, JobState.CANCELLED}
    return visit.page("job_progress.jinja", status=286 if over else 200, **values)


async def start_invoices(visit: Visit) -> web.StreamResponse:
    """Queue the making of a month's invoices."""
    form = visit.form(Period)
    if isinstance(form, FormProblems):
        return visit.go("/jobs", refused="period")
    job = await visit.deps.jobs.start(INVOICES_JOB, {"period": form.period}, visit.staff.id)
    return visit.go(f"/jobs/{job.id}", said="job_started")


async def pause(visit: Visit) -> web.StreamResponse:
    """Stop at the next checkpoint, to go on later."""
    job = await _job(visit)
    return _asked(visit, await visit.deps.jobs.pause(job.id), "job_pause")


async def resume(visit: Visit) -> web.StreamResponse:
    """Go on."""
    job = await _job(visit)
    return _asked(visit, await visit.deps.jobs.resume(job.id), "job_resume")


async def cancel(visit: Visit) -> web.StreamResponse:
    """Stop for good."""
    job = await _job(visit)
    return _asked(visit, await visit.deps.jobs.cancel(job.id), "job_cancel")


def chip(job: Job) -> Chip:
    """A job's state."""
    return Chip(f"job_state.{job.state.value}", TONES[job.state])


def kind_text(visit: Visit, job: Job) -> str:
    """What a job does, with its month if it has one; kinds of parts to come may have no words yet."""
    key = f"job_kind.{job.kind}"
    kind = visit.words.t(key) if visit.words.knows(key) else job.kind.replace("_", " ")
    period = job.params.get("period", "")
    return f"{kind} {period}".strip()


def done_text(visit: Visit, job: Job) -> str:
    """`120 / 400`, or how many so far."""
    done = visit.words.number(job.done)
    return f"{done} / {visit.words.number(job.total)}" if job.total else done


def _asked(visit: Visit, outcome: JobOutcome, said: str) -> web.Response:
    here = f"/jobs/{visit.named('id')}"
    match outcome:
        case JobOutcome.OK:
            return visit.go(here, said=said)
        case JobOutcome.UNKNOWN | JobOutcome.WRONG_STATE:
            return visit.go(here, refused=f"job_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


async def _values(visit: Visit) -> dict[str, Any]:
    job = await _job(visit)
    names = await visit.staff_names({job.staff_id})
    return {
        "job": job,
        "kind": kind_text(visit, job),
        "state": chip(job),
        "done": done_text(visit, job),
        "by": names.get(job.staff_id, ""),
        "result": Code(job.result) if job.result else None,
        "actions": ACTIONS[job.state] if visit.may(*RUN_JOBS) and not job.wanted else (),
    }


async def _job(visit: Visit) -> Job:
    job = await visit.deps.jobs.by_id(visit.named("id"))
    if job is None:
        raise NotFound("job")
    return job


def _period(visit: Visit) -> str:
    """This month in the zone of the institution."""
    return period_of(visit.deps.clock.now().astimezone(visit.words.zone).date())
