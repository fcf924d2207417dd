"""One request of one member of staff: who asks, in which words, and the few ways to answer."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlencode

import aiohttp_jinja2
from aiohttp import web

from gateway.channels.console.deps import ConsoleDeps
from gateway.channels.console.forms import CSRF_FIELD, F, FormProblems, parsed
from gateway.channels.console.roles import FIND, MENU, MERCHANTS_TABS, RECON_TABS
from gateway.channels.console.words import Words
from gateway.errors import BadInput
from gateway.languages import LANGUAGES
from gateway.services.staff import Role, StaffMember

PREFIX = "/console"
OUTCOMES = frozenset({"break_outcome"})
"""Parts of the texts that have the words of a service's refusals, for pages that name one of them as it is."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a handler gets instead of a bare request.

    `member` is there on every route but the public ones; `fields` are the body's, the CSRF token already checked;
    `file` is there where the route takes one, and closed when the handler is done; `file_name` is what the browser
    calls it, as it came.
    """

    request: web.Request
    deps: ConsoleDeps
    words: Words
    csrf: str
    member: StaffMember | None
    token: str = field(repr=False, default="")
    fields: Mapping[str, Sequence[str]] = field(repr=False, default_factory=dict)
    file: BinaryIO | None = field(repr=False, default=None)
    file_name: str = field(repr=False, default="")

    @property
    def staff(self) -> StaffMember:
        """Who is signed in; only for routes that are not public."""
        assert self.member is not None, "a public route asked who is signed in"
        return self.member

    def may(self, *roles: Role) -> bool:
        """Whether the member has one of these roles."""
        return self.member is not None and not self.member.roles.isdisjoint(roles)

    def named(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def form(self, model: type[F]) -> F | FormProblems:
        """The form that was sent."""
        return parsed(model, {name: values for name, values in self.fields.items() if name != CSRF_FIELD})

    def query(self, model: type[F]) -> F:
        """The query of the address; what the layout itself adds to addresses is left out.

        Raises:
            BadInput: It does not fit.
        """
        given = self.request.query
        fields = {name: given.getall(name) for name in given if name not in {"said", "refused"}}
        query = parsed(model, fields)
        if isinstance(query, FormProblems):
            raise BadInput(f"query: {', '.join(query.fields)}")
        return query

    def page(self, template: str, *, status: int = 200, **values: object) -> web.Response:
        """A page."""
        return render(self, template, values, status)

    async def staff_names(self, ids: Iterable[str]) -> dict[str, str]:
        """Names of members of staff by their ids; '' and ids of no one are left out."""
        members = [await self.deps.staff.by_id(staff_id) for staff_id in sorted(ids) if staff_id]
        return {member.id: member.name for member in members if member}

    def go(self, path: str, *, said: str = "", refused: str = "") -> web.Response:
        """Answer a POST by leading to `path` (below /console), which shows the text `said.…` or `refused.…`."""
        told = {name: key for name, key in (("said", said), ("refused", refused)) if key}
        joint = "&" if "?" in path else "?"
        tail = f"{joint}{urlencode(told)}" if told else ""
        return web.Response(status=303, headers={"Location": f"{PREFIX}{path}{tail}"})


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


def render(visit: Visit, template: str, values: Mapping[str, object], status: int) -> web.Response:
    """A page of this template with what every page has."""
    context: dict[str, Any] = {
        "visit": visit,
        "words": visit.words,
        "t": visit.words.t,
        "languages": LANGUAGES,
        "menu": MENU,
        "may_find": visit.may(*FIND),
        "merchants_tabs": MERCHANTS_TABS,
        "recon_tabs": RECON_TABS,
        "path": visit.request.path.removeprefix(PREFIX) or "/",
        "told": _told(visit),
        "problems": (),
        **values,
    }
    return aiohttp_jinja2.render_template(template, visit.request, context, status=status)


def _told(visit: Visit) -> tuple[str, str] | None:
    """Tone and text of what the last action said; only keys that exist, so an address cannot make us say anything."""
    for kind, tone in (("said", "good"), ("refused", "bad")):
        said = visit.request.query.get(kind, "")
        key = said if said.partition(".")[0] in OUTCOMES else f"{kind}.{said}"
        if visit.words.knows(key):
            return tone, visit.words.t(key)
    return None
