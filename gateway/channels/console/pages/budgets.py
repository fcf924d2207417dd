"""Budget lines: what was given to each, what batches hold, what was spent; given by two people."""

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Code, Column, Table
from gateway.channels.console.forms import Digits, Form, FormProblems, Phrase
from gateway.channels.console.roles import GIVE_BUDGETS, SEE_BUDGETS
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.payouts.model import Budget
from wallet.money import irr

BUDGET_KIND = "budget_appropriation"
"""Kind of the approval by which two members of staff give money to a budget line; its subject is the line."""


class Given(Form):
    """How much, to which line, and why."""

    line: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    amount: Digits = Field(pattern=r"^[1-9][0-9]{0,14}$")
    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [get("/budgets", listing, SEE_BUDGETS), post("/budgets", give, GIVE_BUDGETS)]


async def listing(visit: Visit) -> web.StreamResponse:
    """Every line."""
    columns: list[Column[Budget]] = [
        Column("budget_line", lambda row: Code(row.line)),
        Column("appropriated", lambda row: row.given, end=True),
        Column("held", lambda row: row.held, end=True),
        Column("spent", lambda row: row.spent, end=True),
        Column("left", lambda row: row.left, end=True),
    ]
    rows = await visit.deps.payouts.budgets()
    table = Table(name="budgets", columns=columns, rows=rows, empty="empty.budgets")
    return visit.page("budgets.jinja", table=table, may_give=visit.may(*GIVE_BUDGETS))


async def give(visit: Visit) -> web.StreamResponse:
    """Propose to give money to a line; another member of finance agrees."""
    form = visit.form(Given)
    if isinstance(form, FormProblems):
        return visit.go("/budgets", refused="budget_form")
    payload = {"line": form.line, "amount": str(irr(int(form.amount))), "reason": form.reason}
    made = await visit.deps.approvals.propose(BUDGET_KIND, form.line, payload, visit.staff.id)
    return visit.go(f"/approvals/{made.id}", said="proposed")
