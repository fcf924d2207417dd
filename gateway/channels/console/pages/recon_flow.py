"""One flow in three columns: what stands open, what might belong together, what matched; linked and undone here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import urlencode

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Column
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import BusinessId, Form, FormProblems
from gateway.channels.console.pages.recon_facts import (
    FLOW,
    Book,
    Mark,
    apart,
    books,
    marks,
    verdict_chip,
)
from gateway.channels.console.pages.recon_query import PICKS_MAX, Narrowed, Shown, every, found
from gateway.channels.console.roles import RUN_RECONCILIATION, SEE_RECONCILIATION
from gateway.channels.console.routes import ENDING, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.services.breaks import Break
from gateway.services.reconciliation import FlowName, GroupRow, LinkOutcome, SuggestionRow
from wallet.money import ASSETS, Money
from wallet.reconciliation import Row, Rule, Side, Terms, Verdict

PAGE_ROWS = 25
SUGGESTIONS_SHOWN = 20
SUGGESTIONS_MAX = 200


class Accepted(Form):
    """Which suggestion is right."""

    suggestion: str = Field(pattern=r"^rcn_[0-9A-HJKMNP-TV-Z]{1,26}:[0-9]{1,6}$")


class Undone(Form):
    """Which group is none after all, and why."""

    undo: BusinessId
    reason: str = Field("", max_length=200)
    view: str = Field("open", pattern=r"^(open|matched)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A group, or a suggestion, as one line of the page."""

    id: str
    books: Sequence[Book]
    marks: Sequence[Mark]
    chips: Sequence[Chip]
    difference: Money
    about: Break | None = None
    chosen: bool = False


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get(f"/reconciliation/{FLOW}", show, SEE_RECONCILIATION),
        get(f"/reconciliation/{FLOW}{ENDING}", flow_file, SEE_RECONCILIATION),
        get(f"/reconciliation/{FLOW}/sum", chosen_sum, RUN_RECONCILIATION),
        post(f"/reconciliation/{FLOW}/link", link, RUN_RECONCILIATION),
        post(f"/reconciliation/{FLOW}/accept", accept, RUN_RECONCILIATION),
        post(f"/reconciliation/{FLOW}/undo", undo, RUN_RECONCILIATION),
    ]


async def show(visit: Visit) -> web.StreamResponse:
    """What stands open with suggestions, or what matched, as the filter says."""
    flow, query, desk = FlowName(visit.named("flow")), visit.query(Shown), visit.deps.reconciliation
    terms = desk.terms(flow)
    page = await found(desk, flow, query, limit=PAGE_ROWS, after=query.after or "")
    picked = await _picked(visit, flow, query.group)
    mine = {group.id for group in picked}
    groups = [*picked, *(group for group in page.groups if group.id not in mine)]
    first = query.view == "open" and not query.narrow and not query.after
    suggestions = await desk.suggestions(flow, limit=SUGGESTIONS_SHOWN) if first else []
    last = await desk.last_linked(flow, visit.staff.id)
    return visit.page(
        "recon_flow.jinja",
        flow=flow.value,
        run=(await desk.totals(flow)).run,
        query=query,
        sides=_sides(terms),
        blocks=[await _block(visit, group, terms, chosen=group.id in mine) for group in groups],
        suggestions=[_suggested(visit, one, terms) for one in suggestions],
        scores={one.id: one.score for one in suggestions},
        reasons={one.id: [reason.value for reason in one.reasons] for one in suggestions},
        summed=_summed(picked, terms),
        last=last,
        next_page=page.after,
        steers=visit.may(*RUN_RECONCILIATION),
        verdicts=[verdict for verdict in Verdict if verdict is not Verdict.MATCHED],
        rules=list(Rule),
        tail=urlencode(_asked(query)),
    )


async def chosen_sum(visit: Visit) -> web.StreamResponse:
    """What is chosen comes to on each side, for a page that stands open."""
    flow, query = FlowName(visit.named("flow")), visit.query(Shown)
    picked = await _picked(visit, flow, query.group)
    terms = visit.deps.reconciliation.terms(flow)
    return visit.page("recon_sum.jinja", summed=_summed(picked, terms), flow=flow.value)


async def link(visit: Visit) -> web.StreamResponse:
    """What is chosen belongs together."""
    flow, form = FlowName(visit.named("flow")), visit.form(Shown)
    here = f"/reconciliation/{flow.value}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="recon_choose" if "group" in form.fields else "recon_query")
    asked = {**_asked(form), **({"after": form.after} if form.after else {})}
    back = f"{here}?{urlencode(asked)}" if asked else here
    groups = await _picked(visit, flow, form.group)
    if len(groups) < 2 or len(groups) < len(set(form.group)):
        return visit.go(back, refused="recon_choose")
    keys = {(row.side, row.id) for group in groups for row in group.rows}
    result = await visit.deps.reconciliation.link(flow, keys, visit.staff.id, form.reason.strip())
    return _answered(visit, back, result.outcome)


async def accept(visit: Visit) -> web.StreamResponse:
    """A suggestion is right; its reasons are the reason."""
    flow, form = FlowName(visit.named("flow")), visit.form(Accepted)
    here = f"/reconciliation/{flow.value}"
    desk = visit.deps.reconciliation
    known = await desk.suggestions(flow, limit=SUGGESTIONS_MAX) if isinstance(form, Accepted) else []
    one = next((one for one in known if isinstance(form, Accepted) and one.id == form.suggestion), None)
    if one is None:
        return visit.go(here, refused="recon_suggestion_gone")
    comma = visit.words.t("shell.comma")
    why = comma.join(visit.words.t(f"recon_reason.{reason.value}") for reason in one.reasons)
    reason = visit.words.t("recon.accepted", why=why, score=one.score)
    keys = {(row.side, row.id) for row in one.rows}
    result = await desk.link(flow, keys, visit.staff.id, reason)
    return _answered(visit, here, result.outcome)


async def undo(visit: Visit) -> web.StreamResponse:
    """A group is none after all: its rows stand open again, and no rule puts them together any more."""
    flow, form = FlowName(visit.named("flow")), visit.form(Undone)
    if isinstance(form, FormProblems):
        return visit.go(f"/reconciliation/{flow.value}", refused="recon_unknown")
    here = f"/reconciliation/{flow.value}" + ("?view=matched" if form.view == "matched" else "")
    group = await visit.deps.reconciliation.group(form.undo)
    if group is None or group.flow is not flow:
        return visit.go(here, refused="recon_unknown")
    result = await visit.deps.reconciliation.unlink(group.id, visit.staff.id, form.reason.strip())
    return _answered(visit, here, result.outcome)


async def flow_file(visit: Visit) -> web.StreamResponse:
    """Every row of every group that is asked for, one row of a book a line."""
    flow, query = FlowName(visit.named("flow")), visit.query(Narrowed)
    columns: list[Column[tuple[GroupRow, Row]]] = [
        Column("recon_group", lambda pair: pair[0].id),
        Column("recon_result", lambda pair: verdict_chip(pair[0].verdict)),
        Column("rule", lambda pair: Chip(f"recon_rule.{pair[0].rule.value}")),
        Column("break_type", lambda pair: Chip(f"break_type.{pair[0].broken.value}") if pair[0].broken else None),
        Column("difference", lambda pair: Money(pair[0].difference_minor, ASSETS[pair[0].asset])),
        Column("asset", lambda pair: pair[0].asset),
        Column("side", lambda pair: Chip(f"side.{pair[1].side.value}")),
        Column("recon_row", lambda pair: pair[1].id),
        Column("booked", lambda pair: pair[1].on),
        Column("value_day", lambda pair: pair[1].value_on),
        Column("amount", lambda pair: Money(pair[1].minor, ASSETS[pair[1].asset])),
        Column("cause", lambda pair: pair[1].own),
        Column("end_to_end", lambda pair: pair[1].end_to_end_id),
        Column("recon_batch", lambda pair: pair[1].batch),
        Column("reference", lambda pair: pair[1].reference),
        Column("payee", lambda pair: pair[1].party),
        Column("note", lambda pair: pair[1].text),
    ]

    async def pages() -> AsyncIterator[Sequence[tuple[GroupRow, Row]]]:
        async for groups in every(visit.deps.reconciliation, flow, query):
            yield [(group, row) for group in groups for row in group.rows]

    return await download(visit, f"reconciliation-{flow.value}-{query.view}", columns, pages())


def _answered(visit: Visit, here: str, outcome: LinkOutcome) -> web.Response:
    match outcome:
        case LinkOutcome.LINKED | LinkOutcome.UNLINKED | LinkOutcome.ALREADY | LinkOutcome.DIFFERS:
            return visit.go(here, said=f"recon_{outcome.value}")
        case (
            LinkOutcome.REASON
            | LinkOutcome.TOO_FEW
            | LinkOutcome.TOO_MANY
            | LinkOutcome.UNKNOWN
            | LinkOutcome.OPEN_ONLY
            | LinkOutcome.NOT_LINKED
            | LinkOutcome.SEALED
            | LinkOutcome.BUSY
        ):
            return visit.go(here, refused=f"recon_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _sides(terms: Terms) -> list[Side]:
    return [side for side in Side if side in terms.sides]


async def _picked(visit: Visit, flow: FlowName, ids: Sequence[str]) -> list[GroupRow]:
    """The open groups of this flow among those that are chosen."""
    groups = [await visit.deps.reconciliation.group(one) for one in dict.fromkeys(ids)]
    mine = [one for one in groups if one and one.flow is flow and one.stands]
    return [one for one in mine if one.verdict is not Verdict.MATCHED]


async def _block(visit: Visit, group: GroupRow, terms: Terms, *, chosen: bool) -> Block:
    is_open = group.verdict is not Verdict.MATCHED
    chips = [verdict_chip(group.verdict)]
    if group.broken:
        chips.append(Chip(f"break_type.{group.broken.value}"))
    if not is_open or group.rule is not Rule.ALONE:
        chips.append(Chip(f"recon_rule.{group.rule.value}"))
    return Block(
        id=group.id,
        books=books(group.rows, _sides(terms), group.asset),
        marks=marks(group.rows, terms.days),
        chips=chips,
        difference=Money(group.difference_minor, ASSETS[group.asset]),
        about=await visit.deps.breaks.of_group(group.id) if is_open else None,
        chosen=chosen,
    )


def _suggested(visit: Visit, one: SuggestionRow, terms: Terms) -> Block:
    asset = one.rows[0].asset
    return Block(one.id, books(one.rows, _sides(terms), asset), marks(one.rows, terms.days), [], apart(one.rows, asset))


def _summed(groups: Sequence[GroupRow], terms: Terms) -> Mapping[str, Any] | None:
    """What the chosen groups come to; None for none. Of several assets nothing can be summed."""
    if not groups:
        return None
    assets = {group.asset for group in groups}
    rows = [row for group in groups for row in group.rows]
    asset = groups[0].asset
    return {
        "count": len(groups),
        "most": PICKS_MAX,
        "mixed": len(assets) > 1,
        "books": books(rows, _sides(terms), asset, most=0),
        "difference": apart(rows, asset),
        "marks": marks(rows, terms.days),
    }


def _asked(query: Narrowed) -> dict[str, str]:
    """The filter as an address says it, without what is the default."""
    asked = query.model_dump(mode="json", include=set(Narrowed.model_fields), exclude_defaults=True)
    return {name: str(value) for name, value in asked.items() if value not in {None, ""}}
