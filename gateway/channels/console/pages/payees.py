"""Where people are paid: what stands and what has happened, on a person's page; accounts that several people share."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.roles import CALM_PAYEES, SEE_PAYEES
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.payees import ChangeKind, PayeeAccount, PayeeChange, PayeeOutcome, SharedAccount

TONES = {
    ChangeKind.LINKED: "wait",
    ChangeKind.UNLINKED: "wait",
    ChangeKind.PHONE_CHANGED: "wait",
    ChangeKind.DISOWNED: "bad",
    ChangeKind.THAWED: "good",
}
SHARED_MAX = 100
NAMED_MAX = 5
"""People of a shared account that a line leads to."""


class Pressed(Form):
    """Which change the member of staff has seen as the last: pressed twice, it is done once."""

    seen: BusinessId | None = None


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/payees/shared", shared, SEE_PAYEES),
        post(f"/people/{ID}/phone-changed", phone_changed, CALM_PAYEES),
        post(f"/people/{ID}/thaw", thaw, CALM_PAYEES),
    ]


async def payee_values(visit: Visit, person_id: str) -> dict[str, Any]:
    """What the card on a person's page shows; nothing for roles that do not pay or advise people."""
    account = await visit.deps.payees.resolve(person_id) if visit.may(*SEE_PAYEES) else None
    if account is None:
        return {"payee": None}
    history = await visit.deps.payees.history(person_id)
    return {
        "payee": _facts(account),
        "payee_others": len(await visit.deps.payees.sharing(person_id)),
        "payee_history": await _history(visit, history),
        "payee_frozen": account.frozen,
        "payee_seen": history[0].id if history else "",
        "may_calm": visit.may(*CALM_PAYEES),
    }


async def shared(visit: Visit) -> web.StreamResponse:
    """Bank accounts that several people are paid to; each one named leaves a row in the access log."""
    rows = await visit.deps.payees.shared(limit=SHARED_MAX)
    people = {one for row in rows for one in row.people[:NAMED_MAX]}
    names = {}
    for person_id in sorted(people):
        seen = await visit.deps.people.view(person_id, visit.staff.id, "shared_account")
        names[person_id] = seen.person.name_in(visit.words.language) if seen else person_id
    columns: list[Column[SharedAccount]] = [
        Column("account", lambda row: Code(row.account)),
        Column("people", lambda row: len(row.people), end=True),
        *(Column("person", _named(place, names)) for place in range(NAMED_MAX)),
    ]
    table = Table(name="shared_accounts", columns=columns, rows=rows, empty="empty.shared_accounts")
    return visit.page("payees_shared.jinja", table=table)


async def phone_changed(visit: Visit) -> web.StreamResponse:
    """Note that the SIM, number or phone is new: what is due waits."""
    form, person_id = visit.form(Pressed), await _person(visit)
    seen = "" if isinstance(form, FormProblems) else form.seen or ""
    await visit.deps.payees.phone_changed(person_id, visit.staff.id, f"phone:{person_id}:{seen}")
    return visit.go(f"/people/{person_id}", said="payee_cools")


async def thaw(visit: Visit) -> web.StreamResponse:
    """Staff have spoken with the person: the account that stands is theirs."""
    form, person_id = visit.form(Pressed), await _person(visit)
    seen = "" if isinstance(form, FormProblems) else form.seen or ""
    result = await visit.deps.payees.thaw(person_id, visit.staff.id, f"thaw:{person_id}:{seen}")
    if result.outcome is PayeeOutcome.OK:
        return visit.go(f"/people/{person_id}", said="payee_thawed")
    return visit.go(f"/people/{person_id}", refused="payee_not_frozen")


def _facts(account: PayeeAccount) -> list[tuple[str, Cell]]:
    kind = Chip("payee.frozen", "bad") if account.frozen else Chip(f"payee.{account.kind.value}", "plain")
    return [
        ("kind", kind),
        ("account", Code(account.masked) if account.masked else None),
        ("since", account.since),
        ("waits_until", None if account.frozen else account.cool_until),
    ]


async def _history(visit: Visit, rows: list[PayeeChange]) -> Table[PayeeChange]:
    names = await visit.staff_names({row.by for row in rows})
    return Table(
        name="payee_changes",
        columns=[
            Column("when", lambda row: row.at),
            Column("change", lambda row: Chip(f"payee_change.{row.kind.value}", TONES[row.kind])),
            Column("before", lambda row: Code(row.before) if row.before else visit.words.t("payee.wallet")),
            Column("account", lambda row: Code(row.account) if row.account else visit.words.t("payee.wallet")),
            Column("by", lambda row: names.get(row.by, row.by)),
        ],
        rows=rows,
        empty="empty.payee_changes",
    )


def _named(place: int, names: Mapping[str, str]) -> Callable[[SharedAccount], Cell]:
    def cell(row: SharedAccount) -> Cell:
        if place >= len(row.people):
            return None
        return Link(names[row.people[place]], f"/people/{row.people[place]}")

    return cell


async def _person(visit: Visit) -> str:
    seen = await visit.deps.people.view(visit.named("id"), visit.staff.id, "payee")
    if seen is None:
        raise NotFound("person")
    return seen.person.id
