"""A route of the console says who may use it; there is no way to add one without saying so."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.channels.console.visit import Handler
from gateway.services.staff import Role

EVERYONE = frozenset(Role)
"""Whoever is signed in."""
PUBLIC: frozenset[Role] = frozenset()
"""Nobody needs to be signed in."""
ID = "{id:[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}}"
"""A business id in a path; anything else is no page."""
ENDING = ".{ending:csv|xlsx}"
"""The end of the path of a table as a file."""


@dataclass(frozen=True, slots=True)
class Route:
    """Method, path below /console, handler, and the roles of which one is needed."""

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role]
    takes_file: bool = False


def get(path: str, handler: Handler, roles: Iterable[Role]) -> Route:
    """A page: changes nothing."""
    return Route("GET", path, handler, frozenset(roles))


def post(path: str, handler: Handler, roles: Iterable[Role]) -> Route:
    """An action: CSRF token and origin are checked before the handler sees it."""
    return Route("POST", path, handler, frozenset(roles))


def upload(path: str, handler: Handler, roles: Iterable[Role]) -> Route:
    """An action that brings a file: as above, and the token is checked before the file is taken."""
    return Route("POST", path, handler, frozenset(roles), takes_file=True)
