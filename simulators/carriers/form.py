"""A provider's form of USSD over HTTP: a hop becomes a request, an answer becomes a page. Pure: no socket, no clock."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode
from xml.etree import ElementTree

from simulators.carriers.hop import Hop, Limits, NoPage, Page, Timers

ANOTHER_FORM = "the application's answer has another form"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `tail` goes behind the wire's path; `query` and `body` are encoded already."""

    method: str = "POST"
    tail: str = ""
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `cookies` are those that it set; `headers` have their names in small letters."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def text(self, *content_types: str) -> str:
        """The body of one of these types, in UTF-8.

        Raises:
            NoPage: It has another type, or is no UTF-8.
        """
        if self.content_type not in content_types:
            raise NoPage(f"{ANOTHER_FORM}: it is {self.content_type or 'of no type'}, not {content_types[0]}")
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise NoPage(f"{ANOTHER_FORM}: it is no UTF-8") from None

    def json(self) -> Mapping[str, Any]:
        """The JSON object in the body.

        Raises:
            NoPage: It is none.
        """
        try:
            value = json.loads(self.text("application/json"))
        except (ValueError, RecursionError):
            raise NoPage(f"{ANOTHER_FORM}: it is no JSON") from None
        if not isinstance(value, dict):
            raise NoPage(f"{ANOTHER_FORM}: it is no JSON object")
        return value

    def xml(self) -> ElementTree.Element:
        """The root of the XML in the body.

        Raises:
            NoPage: It is none.
        """
        text = self.text("text/xml", "application/xml")
        try:
            return ElementTree.fromstring(text.encode())  # noqa: S314 - expat's own limits, and an answer is short
        except ElementTree.ParseError:
            raise NoPage(f"{ANOTHER_FORM}: it is no XML") from None


@dataclass(frozen=True)
class Form:
    """What all forms have. A form says `request`, which is None where the provider tells no such event, and `read`."""

    name: str
    limits: Limits = field(default_factory=Limits)
    timers: Timers = field(default_factory=Timers)
    network: str = "43211"
    prefix: ClassVar[str] = ""

    def new_session(self) -> str:
        """An id for one more dialogue."""
        return f"{self.prefix}{secrets.token_hex(16)}"

    def request(self, hop: Hop) -> Request | None:
        """What this hop looks like on the wire; the same for the same hop."""
        raise NotImplementedError

    def read(self, hop: Hop, answer: Answer) -> Page:
        """What an answer shows, whatever its status.

        Raises:
            NoPage: It is no answer of this wire.
        """
        raise NotImplementedError


def form_encoded(fields: Iterable[tuple[str, str]]) -> str:
    """Fields as a query or a form; what is garbled becomes its octets."""
    return urlencode(list(fields), errors="surrogateescape")


def posted_form(fields: Iterable[tuple[str, str]], tail: str = "") -> Request:
    """A POST of a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(tail=tail, headers=headers, body=form_encoded(fields).encode())


def posted_json(members: Mapping[str, object], tail: str = "") -> Request:
    """A POST of a JSON object."""
    body = json.dumps(members, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return Request(tail=tail, headers={"Content-Type": "application/json; charset=utf-8"}, body=body)


def posted_xml(xml: str, **headers: str) -> Request:
    """A POST of an XML document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>{xml}'.encode("utf-8", "surrogateescape")
    return Request(headers={"Content-Type": "text/xml; charset=utf-8", **headers}, body=body)


def member(answer: Mapping[str, Any], name: str, *kinds: type) -> Any:  # noqa: ANN401 - JSON has any type; `kinds` says which
    """A member of a JSON answer that must be there and of one of these types.

    Raises:
        NoPage: It is not.
    """
    value = answer.get(name)
    if type(value) not in kinds:
        raise NoPage(f"{ANOTHER_FORM}: {name} is {'missing' if value is None else 'of another type'}")
    return value


def echoed(answer: Mapping[str, Any], expected: Mapping[str, object]) -> None:
    """The answer must repeat these members as they were sent.

    Raises:
        NoPage: One is missing or another.
    """
    for name, value in expected.items():
        if answer.get(name) != value:
            raise NoPage(f"{ANOTHER_FORM}: {name} is not the request's")
