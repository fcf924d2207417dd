"""People: search and look, each leaving a row in the access log; proposing an unlock; what is done at the desk."""

from typing import Annotated, assert_never

from aiohttp import web
from pydantic import Field, StringConstraints

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Msisdn, NationalNumber, Phrase, Position
from gateway.channels.console.movements import movement_table
from gateway.channels.console.pages.claims import claim_table
from gateway.channels.console.pages.payees import payee_values
from gateway.channels.console.pages.tokens import token_values
from gateway.channels.console.roles import DESK, PROPOSE_UNLOCK, SEE_CLAIMS, SEE_PEOPLE, SEE_VIEWS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.languages import PATTERN
from gateway.services.notices import Channel
from gateway.services.people import UNLOCK_KIND, BranchPurpose, Person, PersonState, PersonView
from ussd_menus import Style
from wallet.ids import AccountId
from wallet.money import IRR, Money

MOVEMENT_ROWS = 10
CHANNELS = ("sms", "ussd_push", "email", "mailbox")
"""What a person may choose: nobody carries the others."""
HAVE_PIN = frozenset({PersonState.ACTIVE, PersonState.LOCKED})
TONES = {
    PersonState.CODE_PENDING: "wait",
    PersonState.CHOOSE_PIN: "wait",
    PersonState.ACTIVE: "good",
    PersonState.LOCKED: "bad",
}


class Search(Form):
    """A number, a national number, or part of a name."""

    text: Phrase


class About(Form):
    """What one looks for (it is logged), and before which log position movements are shown."""

    about: BusinessId | None = None
    before: Position | None = None


class Reason(Form):
    """Why."""

    reason: Phrase


class Email(Form):
    """Where receipts go besides; '' for nowhere."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]


class FirstChannel(Form):
    """By which channel the person wants to be told first."""

    channel: str = Field(pattern="^(sms|ussd_push|email|mailbox)$")


class Reading(Form):
    """In which language and how the person wants screens."""

    language: str = Field(pattern=PATTERN)
    digits: str = Field(pattern="^(own|latin)$")
    money: str = Field(pattern="^(rial|toman)$")
    easy: str = Field(pattern="^(yes|no)$")


class BranchCode(Form):
    """Who stands at the desk and what for; the names only for somebody who is not enrolled."""

    purpose: str = Field(pattern="^(activate|unlock)$")
    msisdn: Msisdn
    national_number: NationalNumber
    name: str = Field("", max_length=100)
    name_fa: str = Field("", max_length=100)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/people", ask, SEE_PEOPLE),
        post("/people", search, SEE_PEOPLE),
        get("/people/branch-code", ask_code, DESK),
        post("/people/branch-code", issue_code, DESK),
        get(f"/people/{ID}", show, SEE_PEOPLE),
        post(f"/people/{ID}/unlock", propose_unlock, PROPOSE_UNLOCK),
        post(f"/people/{ID}/email", set_email, DESK),
        post(f"/people/{ID}/channel", set_channel, DESK),
        post(f"/people/{ID}/reading", set_reading, DESK),
    ]


async def ask(visit: Visit) -> web.StreamResponse:
    """The search field."""
    return visit.page("people.jinja", table=None)


async def search(visit: Visit) -> web.StreamResponse:
    """Who fits. By POST, so that numbers and names stay out of addresses and histories."""
    form = visit.form(Search)
    if isinstance(form, FormProblems):
        return visit.page("people.jinja", table=None, problems=form.fields, status=400)
    found = await visit.deps.people.search(form.text, visit.staff.id)
    return visit.page("people.jinja", table=people_table(visit, found))


def people_table(visit: Visit, found: list[Person]) -> Table[Person]:
    """People, one a row."""
    return Table(
        name="people",
        columns=[
            Column("name", lambda person: Link(person.name_in(visit.words.language), f"/people/{person.id}")),
            Column("msisdn", lambda person: Code(person.msisdn)),
            Column("state", state_chip),
        ],
        rows=found,
        empty="empty.people",
    )


def state_chip(person: Person) -> Chip:
    """A person's state."""
    return Chip(f"person_state.{person.state.value}", TONES[person.state])


async def show(visit: Visit) -> web.StreamResponse:
    """All about one person."""
    query = visit.query(About)
    seen = await _view(visit, query.about or "page")
    wallet = visit.deps.chart.id("wallet", seen.person.id)
    balances = await visit.deps.ledger.balances(wallet)
    claims = await visit.deps.benefits.claims_of(seen.person.id) if visit.may(*SEE_CLAIMS) else []
    return visit.page(
        "person.jinja",
        seen=seen,
        person=seen.person,
        state=state_chip(seen.person),
        balance=Money(balances.available_credit, IRR) if balances else None,
        held=Money(balances.debits_held, IRR) if balances else None,
        movements=await _movements(visit, wallet, seen.person.id, query.before),
        claims=claim_table("claims_of_person", claims) if visit.may(*SEE_CLAIMS) else None,
        may_propose=visit.may(*PROPOSE_UNLOCK) and seen.person.state in HAVE_PIN,
        at_desk=visit.may(*DESK),
        may_see_views=visit.may(*SEE_VIEWS),
        first_channel=(await visit.deps.preferences.order_of(seen.person.id))[0].value,
        channels=CHANNELS,
        reading=reading(seen.person),
        messages=await visit.deps.mailbox.titles(seen.person.id),
        **await payee_values(visit, seen.person.id),
        **await token_values(visit, seen.person.id),
    )


async def propose_unlock(visit: Visit) -> web.StreamResponse:
    """Propose that this person, locked or forgetful, may choose a new PIN; somebody else decides."""
    form = visit.form(Reason)
    here = f"/people/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="reason")
    seen = await _view(visit, UNLOCK_KIND)
    if seen.person.state not in HAVE_PIN:
        return visit.go(here, refused="no_pin")
    proposed = await visit.deps.approvals.propose(UNLOCK_KIND, seen.person.id, {"reason": form.reason}, visit.staff.id)
    return visit.go(f"/approvals/{proposed.id}", said="proposed")


async def set_email(visit: Visit) -> web.StreamResponse:
    """Note the address that a person gives at the desk."""
    form = visit.form(Email)
    here = f"/people/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="email")
    try:
        await visit.deps.people.set_email(visit.named("id"), form.email, visit.staff.id)
    except BadInput:
        return visit.go(here, refused="email")
    return visit.go(here, said="email_set" if form.email else "email_removed")


async def set_channel(visit: Visit) -> web.StreamResponse:
    """Note by which channel a person at the desk wants to be told first; the others follow when it fails."""
    form = visit.form(FirstChannel)
    seen = await _view(visit, "channel")
    here = f"/people/{seen.person.id}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="channel")
    await visit.deps.preferences.prefer(seen.person.id, [Channel(form.channel)])
    return visit.go(here, said="channel_set")


async def set_reading(visit: Visit) -> web.StreamResponse:
    """Note in which language and how a person at the desk wants the phone's screens."""
    form = visit.form(Reading)
    here = f"/people/{visit.named('id')}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="reading")
    style = Style(form.digits, toman=form.money == "toman", easy=form.easy == "yes")
    await visit.deps.people.set_reading(visit.named("id"), form.language, style, visit.staff.id)
    return visit.go(here, said="reading_set")


def reading(person: Person) -> list[tuple[str, str, tuple[str, ...]]]:
    """What may be chosen of how screens are shown: the field, what it is now, what it may be."""
    style = person.style
    return [
        ("digits", style.digits, ("own", "latin")),
        ("money", "toman" if style.toman else "rial", ("rial", "toman")),
        ("easy", "yes" if style.easy else "no", ("no", "yes")),
    ]


async def ask_code(visit: Visit) -> web.StreamResponse:
    """The form for a branch code."""
    return visit.page("branch_code.jinja", code=None, refusal=None)


async def issue_code(visit: Visit) -> web.StreamResponse:
    """Make a code and show it, this once."""
    form = visit.form(BranchCode)
    if isinstance(form, FormProblems):
        return visit.page("branch_code.jinja", code=None, refusal=None, problems=form.fields, status=400)
    try:
        code = await visit.deps.people.issue_branch_code(
            BranchPurpose(form.purpose), form.msisdn, form.national_number, visit.staff.id,
            name=form.name.strip(), name_fa=form.name_fa.strip(), branch=visit.staff.branch,
        )  # fmt: skip
    except (BadInput, NotFound, Conflict) as refusal:
        key = f"branch_code.{refusal.code}"
        return visit.page("branch_code.jinja", code=None, refusal=visit.words.t(key), status=refusal.http_status)
    match purpose := BranchPurpose(form.purpose):
        case BranchPurpose.ACTIVATE | BranchPurpose.UNLOCK:
            hours = visit.deps.settings.branch_code_valid_s // 3600
            told = visit.words.t(f"branch_code.dial_{purpose.value}", code=visit.deps.settings.service_code)
            return visit.page("branch_code.jinja", code=code, refusal=None, dial=told, hours=hours)
        case unreachable:
            assert_never(unreachable)


async def _movements(visit: Visit, wallet: AccountId, person_id: str, before: int | None) -> Table[object]:
    rows = await visit.deps.ledger.movements(wallet, limit=MOVEMENT_ROWS, before=before)
    more = f"/people/{person_id}?before={rows[-1].position}" if len(rows) == MOVEMENT_ROWS else None
    return movement_table("movements", rows, IRR, more=more)


async def _view(visit: Visit, reason: str) -> PersonView:
    seen = await visit.deps.people.view(visit.named("id"), visit.staff.id, reason)
    if seen is None:
        raise NotFound("person")
    return seen
