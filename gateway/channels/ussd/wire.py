"""What every HTTP wire of USSD is to the one door that serves them all: bytes in, a Delivery; a page, bytes out.

A wire is pure: it opens no socket, knows no clock and keeps nothing between two deliveries. The door (`door.py`) bounds
the body in size and time, checks who calls (`guards.py`), asks the dialogues and counts; so a wire is `parse` and
`render` alone, and anybody may feed it hostile bytes in a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.services.dialogues import Event
from ussd_menus import Profile


class BadForm(StrEnum):
    """Why a request is not one of its wire; the label of the metric."""

    CREDENTIAL = "credential"
    NOT_A_FORM = "not_a_form"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    CHARSET = "charset"
    SYNTAX = "syntax"
    FIELD_MISSING = "field_missing"
    FIELD_TWICE = "field_twice"
    FIELD_FORM = "field_form"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One request, bounded and whole.

    Attributes:
        method: `GET`, `POST`.
        tail: What follows the wire's own path, without the leading slash and without the secret: `session/42/start`.
        query: The raw query string. May hold PINs.
        headers: By lower-case name; a repeated header is refused by the door.
        body: At most as many bytes as the wire allows. May hold PINs.
    """

    method: str
    tail: str = ""
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Outbound:
    """One answer."""

    body: bytes = field(default=b"", repr=False)
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    tail: str = ""
    """Of a call of ours: what stands behind the provider's address."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a request says.

    Attributes:
        event: What happened.
        echo: What the answer must repeat (a request id, a cookie); never what was typed, never a secret.
        proof: What the body itself says to prove who calls, by the names that `guards.py` asks for; never repeated.
    """

    event: Event
    echo: Mapping[str, str] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that asks whether a session waits for an answer; nothing happens in it. `answer` says so."""

    session_key: str
    answer: Callable[[bool], Outbound]


class Wire(Protocol):
    """One provider's form of USSD over HTTP."""

    @property
    def name(self) -> str:
        """The adapter of its events and the label of its metrics, unique in a house."""
        ...

    @property
    def methods(self) -> tuple[str, ...]:
        """`GET`, `POST` or both; the door answers 405 to others."""
        ...

    @property
    def body_bytes_max(self) -> int:
        """Longest body that it reads."""
        ...

    @property
    def profile(self) -> Profile:
        """The longest page that its provider carries; the door sends none that is longer."""
        ...

    def parse(self, given: Inbound) -> Delivery | Probe | BadForm:
        """Read a request, strictly; never raises, whatever the bytes, and takes time linear in them."""
        ...

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The answer that shows `text` and leaves the session open or not. Not called for ABORT, TIMEOUT, REPORT."""
        ...

    def noted(self, delivery: Delivery) -> Outbound:
        """The answer to an ABORT, TIMEOUT or REPORT."""
        ...

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """The answer to what could not be read or served, with a text for the person where the wire can show one.

        `status` is 200, 400, 401, 403, 413 or 429; a wire whose provider shows a text only with 200 says 200 instead.
        """
        ...


__all__ = ["BadForm", "Delivery", "Inbound", "Outbound", "Probe", "Wire"]
