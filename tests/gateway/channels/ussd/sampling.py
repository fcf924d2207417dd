"""What a sample of a wire is made of: a call, what is sent for it, what is read of the answer, and how to spoil it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

CODE = "*1420#"


class Case(StrEnum):
    """The conformance set: what every wire must do, or say why it cannot happen there."""

    BEGIN = "begin"
    DIRECT_DIAL = "begin with answers behind the code"
    INPUT = "input"
    ENDED = "end by us"
    ABORT = "user abort"
    TIMEOUT = "network timeout"
    BEGIN_TWICE = "duplicate begin"
    INPUT_TWICE_AT_ONCE = "duplicate input in flight"
    INPUT_TWICE = "duplicate input after the reply"
    LATE = "late answer after the close"
    UNKNOWN = "unknown session"
    MISSING = "missing field"
    GARBLED = "bad charset, JSON or XML"
    TOO_LONG = "over-length reply refused"
    CREDENTIAL = "wrong credential or address"


@dataclass
class Call:
    """One session as a provider sees it: what was dialled and typed, and what our answers asked to be repeated."""

    session: int
    suffix: str = ""
    entries: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def msisdn(self) -> str:
        """Each session is another phone's, since a session that was left would be offered to the next dial."""
        return f"98912{self.session:07}"

    @property
    def dialled(self) -> str:
        return f"*1420*{self.suffix}#" if self.suffix else CODE

    @property
    def begins(self) -> bool:
        return not self.entries

    @property
    def typed(self) -> str:
        return self.entries[-1] if self.entries else ""

    @property
    def all(self) -> str:
        return "*".join([*([self.suffix] if self.suffix else []), *self.entries])

    @property
    def whole(self) -> str:
        return f"*1420*{self.all}#" if self.all else CODE

    @property
    def entered(self) -> str:
        return self.dialled if self.begins else self.typed


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str = "POST"
    tail: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Shown:
    """What the provider takes from an answer."""

    text: str
    more: bool


Fields = Mapping[str, object]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
XML = {"Content-Type": "text/xml; charset=utf-8"}
NO_ABORT = "the provider does not tell the application that the person hung up"
NO_TIMEOUT = "the provider does not tell the application that the network's time ran out"
NEW_BEGINS = "whatever session is new begins: nothing else tells a begin on this wire"
SILENT = {Case.ABORT: NO_ABORT, Case.TIMEOUT: NO_TIMEOUT}


@dataclass(frozen=True)
class Sample:
    """One wire. `ended` is its request for an abort or a time-out."""

    hop: Callable[[Call], Sent]
    read: Callable[[str], Shown]
    needed: str
    """A field without which a request is none."""
    ended: Callable[[Call, Case], Sent] | None = None
    lacks: Mapping[Case, str] = field(default_factory=dict)
    missing: Callable[[Sent, str], Sent] | None = None
    keeps: Callable[[Mapping[str, str], str, Call], None] | None = None
    in_header: str = ""
    """A header that is part of the answer; it stands before the body, parted by NUL, when that is read."""
    later: Callable[[Sent], bool] | None = None
    """Where pages come by a call of ours: whether one follows on a request."""
    wordless: bool = False
    """A refusal has no words that a person would read."""
    code_begins: bool = False
    """The first text is the code's own digits, which may be an answer too."""


def con_end(body: str) -> Shown:
    assert body[:4] in {"CON ", "END "}
    return Shown(body[4:], body[:4] == "CON ")


def posted(fields: Fields) -> Sent:
    return Sent(headers=FORM, body=urlencode(fields).encode())


def got(fields: Fields) -> Sent:
    return Sent("GET", query=urlencode(fields))


def posted_json(members: Fields, tail: str = "") -> Sent:
    return Sent(tail=tail, headers=JSON, body=json.dumps(members, ensure_ascii=False).encode())


def answered(text: str, more: str, open_value: object) -> Callable[[str], Shown]:
    """A reader of flat JSON."""

    def read(body: str) -> Shown:
        members = json.loads(body)
        return Shown(members[text], members[more] == open_value)

    return read


def family(send: Callable[[Fields], Sent], fields: Callable[[Call], Fields], needed: str) -> Sample:
    """A provider that accumulates and answers CON or END."""
    return Sample(lambda call: send(fields(call)), con_end, needed, lacks={**SILENT, Case.UNKNOWN: NEW_BEGINS})


def without(sent: Sent, name: str) -> Sent:
    """The request without one of its fields."""
    if sent.headers.get("Content-Type", "").startswith("application/json"):
        members = json.loads(sent.body)
        # One provider wraps its fields in an object of their own.
        (members if name in members else next(iter(members.values()))).pop(name)
        return Sent(sent.method, sent.tail, sent.query, sent.headers, json.dumps(members).encode())
    if sent.headers.get("Content-Type", "").startswith("text/xml"):
        member = rf"<member><name>{name}</name>.*?</member>"
        body = re.sub(rf' {name}="[^"]*"|<(?:ns2:)?{name}>.*?</(?:ns2:)?{name}>|{member}'.encode(), b"", sent.body)
        return Sent(sent.method, sent.tail, sent.query, sent.headers, body)
    pairs = [pair for pair in (sent.query or sent.body.decode()).split("&") if not pair.startswith(f"{name}=")]
    if sent.method == "GET":
        return Sent(sent.method, sent.tail, "&".join(pairs), sent.headers)
    return Sent(sent.method, sent.tail, "", sent.headers, "&".join(pairs).encode())


def garbled(sent: Sent) -> list[Sent]:
    """The request in a wrong charset, cut short, and with a field that comes twice or what else its form forbids."""
    if sent.method == "GET":
        return [Sent("GET", query=query) for query in (f"{sent.query}&x=%ff", sent.query.replace("=", "", 1) + "&", "")]
    bodies = [sent.body + b"\xff", sent.body[: len(sent.body) // 2] + b"%zz\xfe", b"\xff\xfe" + sent.body, b""]
    if sent.headers["Content-Type"].startswith("text/xml"):
        bodies += [sent.body.replace(b"?>", b"?><!DOCTYPE dialog>"), sent.body.replace(b"UTF-8", b"UTF-16")]
    if sent.headers["Content-Type"].startswith("application/json"):
        bodies += [sent.body[:-1] + b', "x": 1, "x": 2}', sent.body[:-1] + b', "x": NaN}', b"[" * 1_000, b"[]"]
    other = {**sent.headers, "Content-Type": "multipart/form-data"}
    made = [Sent(sent.method, sent.tail, sent.query, sent.headers, body) for body in bodies]
    return [*made, Sent(sent.method, sent.tail, sent.query, other, sent.body)]
