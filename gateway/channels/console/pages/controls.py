"""What an account or one token may pay: what its holder bounds, what staff bound, and who set what when."""

from collections.abc import Mapping
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems, Phrase, Whole, no_controls
from gateway.channels.console.pages.tap_facts import masked
from gateway.channels.console.roles import SEE_TOKENS
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Visit
from gateway.channels.console.words import Words
from gateway.errors import BadInput, NotFound
from gateway.services.controls import ANY, Change, Channel, Control, Party
from wallet.money import irr

SUBJECT = "{subject:TDPL[A-Z2-7]{25}|tok_[0-9A-HJKMNP-TV-Z]{26}}"
"""An account's reference, or a token."""
LISTS = ("merchants", "merchants_not", "categories", "categories_not", "cities", "hours")
AMOUNTS = ("tap_minor", "day_minor", "week_minor", "month_minor")
COUNTS = ("day_count", "week_count", "month_count")
_LIST_CHARACTERS = 4000


def _words(value: object) -> object:
    """What stands between commas, of whatever script."""
    if not isinstance(value, str):
        return value
    return tuple(word.strip() for word in value.replace("،", ",").split(",") if word.strip())


def _limit(value: object) -> object:
    return None if value == "" else value


_Text = Annotated[str, StringConstraints(max_length=_LIST_CHARACTERS), AfterValidator(no_controls)]
_List = Annotated[tuple[str, ...], BeforeValidator(_words)]
_Limit = Annotated[Whole | None, BeforeValidator(_limit)]


class Bounds(Form):
    """Everything that staff bound, and why; lists with commas, limits empty for none."""

    model_config = ConfigDict(str_max_length=_LIST_CHARACTERS)

    on: str = Field("", pattern=r"^(yes)?$")
    channels: list[Annotated[Channel, BeforeValidator(lambda value: Channel(str(value)))]] = Field([])
    merchants: _List = ()
    merchants_not: _List = ()
    categories: _List = ()
    categories_not: _List = ()
    cities: _List = ()
    hours: _List = ()
    programme: _Text = ""
    tap_minor: _Limit = None
    day_minor: _Limit = None
    day_count: _Limit = None
    week_minor: _Limit = None
    week_count: _Limit = None
    month_minor: _Limit = None
    month_count: _Limit = None
    reason: Phrase

    def control(self) -> Control:
        """The control that this is."""
        values = {name: getattr(self, name) for name in (*LISTS, *AMOUNTS, *COUNTS)}
        channels = tuple(one.value for one in self.channels)
        return Control(on=bool(self.on), channels=channels, programme=self.programme.strip(), **values)


def routes() -> list[Route]:
    """The routes of this module."""
    return [get(f"/controls/{SUBJECT}", show, SEE_TOKENS), post(f"/controls/{SUBJECT}", bound, SEE_TOKENS)]


async def show(visit: Visit) -> web.StreamResponse:
    """What holds, by whom, and the form for what staff bound."""
    return await _page(visit, await _subject(visit))


async def bound(visit: Visit) -> web.StreamResponse:
    """Put this in place of what staff have bound."""
    subject, form = await _subject(visit), visit.form(Bounds)
    if isinstance(form, FormProblems):
        return await _page(visit, subject, problems=form.fields, status=400)
    try:
        await visit.deps.controls.set(subject, Party.STAFF, form.control(), actor=visit.staff.id, reason=form.reason)
    except BadInput as problem:
        name = str(problem).partition(":")[0]
        wrong = name if name in {*LISTS, *AMOUNTS, *COUNTS} else "bounds"
        return await _page(visit, subject, problems=(wrong,), status=400)
    return visit.go(f"/controls/{subject}", said="controls_set")


def facts_of(control: Control, words: Words) -> list[tuple[str, Cell]]:
    """What a control bounds, by the key of its words; nothing that it leaves free."""
    comma = words.t("shell.comma")
    rows: list[tuple[str, Cell]] = [] if control.on else [("switch", Chip("switch.off", "bad"))]
    if control.channels:
        rows.append(("channels", comma.join(words.t(f"pay_channel.{one}") for one in control.channels)))
    rows += [(name, Code(comma.join(getattr(control, name)))) for name in LISTS if getattr(control, name)]
    rows += [("programme", control.programme)] if control.programme else []
    rows += [(name, irr(value)) for name in AMOUNTS if (value := getattr(control, name)) is not None]
    rows += [(name, value) for name in COUNTS if (value := getattr(control, name)) is not None]
    return rows


async def _page(visit: Visit, subject: str, *, problems: tuple[str, ...] = (), status: int = 200) -> web.Response:
    holder = await visit.deps.controls.control(subject, Party.HOLDER)
    staff = await visit.deps.controls.control(subject, Party.STAFF)
    changes = await visit.deps.controls.history(subject)
    names = await visit.staff_names({one.actor for one in changes if one.party is Party.STAFF})
    tokens = [] if subject.startswith("tok_") else await visit.deps.tokens.by_par(subject)
    return visit.page(
        "controls.jinja",
        status=status,
        problems=tuple("hours_of_day" if one == "hours" else one for one in problems),
        subject=subject,
        kind="of_token" if subject.startswith("tok_") else "of_account",
        tokens=[Link(masked(one.last4), f"/tokens/{one.id}", code=True) for one in tokens],
        back=f"/tokens/{subject}" if subject.startswith("tok_") else None,
        holder=facts_of(holder, visit.words),
        staff=facts_of(staff, visit.words),
        now=staff,
        channels=list(Channel),
        lists=[(name, ", ".join(getattr(staff, name))) for name in LISTS],
        limits=[(name, getattr(staff, name)) for name in (*AMOUNTS, *COUNTS)],
        history=_history(visit, changes, names),
    )


def _history(visit: Visit, changes: list[Change], names: Mapping[str, str]) -> Table[Change]:
    return Table(
        name="history",
        columns=[
            Column("when", lambda row: row.at),
            Column("by_party", lambda row: Chip(f"party.{row.party.value}")),
            Column("by", lambda row: names.get(row.actor, "")),
            Column("then_limits", lambda row: _said(row.control, visit.words)),
            Column("reason", lambda row: row.reason if row.party is Party.STAFF else None),
        ],
        rows=changes,
        empty="empty.controls_history",
    )


def _said(control: Control, words: Words) -> str:
    """All of a control in one line."""
    if control == ANY:
        return words.t("controls.nothing")
    parts = []
    for name, cell in facts_of(control, words):
        match cell:
            case Chip():
                shown = words.t(cell.key)
            case Code():
                shown = cell.text
            case int():
                shown = words.number(cell)
            case str():
                shown = cell
            case _:
                shown = words.money(cell)  # type: ignore[arg-type]
        parts.append(f"{words.t(f'column.{name}')}: {shown}")
    return "; ".join(parts)


async def _subject(visit: Visit) -> str:
    subject = visit.named("subject")
    known = await visit.deps.tokens.token(subject) if subject.startswith("tok_") else None
    if known is None and not await visit.deps.tokens.by_par(subject):
        raise NotFound("account or token")
    return subject
