"""A letter's octets and the leaves of its MIME tree, within bounds of size, depth and number (RFC 5322, 2045, 2046).

The standard library's parser takes any depth and any header; for letters from outside that is too much: its readers of
structured headers recurse, and its readers of parts do so once for each level.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import BadInput

OCTETS_MAX = 65_536
FIELDS_MAX = 200
"""Header fields of a letter, or of one of its parts."""
VALUE_MAX = 1_024
"""Octets of a header field's value that are read; what follows is not looked at."""
DEPTH_MAX = 6
PARTS_MAX = 50
BOUNDARY_MAX = 70
_PARAMETER = re.compile(r';\s*([\w!#$&+.^-]{1,40})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)', re.ASCII)
_TYPE = re.compile(r"\s*([\w!#$&+.^-]{1,60}/[\w!#$&+.^-]{1,60})\s*(?:;|$)", re.ASCII)
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,76}")
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "quoted-printable", "base64"})


class BadLetter(BadInput):
    """A letter that cannot be read; the text says why and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that has no parts: its type, as `text/plain`, and its octets after the transfer encoding is undone."""

    type: str
    parameters: Mapping[str, str]
    attached: bool
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter: its own header fields by lower-case name, and its leaves in order."""

    fields: Mapping[str, str] = field(repr=False)
    type: str
    parameters: Mapping[str, str]
    leaves: tuple[Leaf, ...]


def read(octets: bytes) -> Mail:
    """Read a letter whose lines end in CRLF.

    Raises:
        BadLetter: Too long, too deep, too many parts or fields, or a part whose encoding or boundary is wrong.
    """
    if len(octets) > OCTETS_MAX:
        raise BadLetter("too long")
    fields, body = head_and_body(octets)
    kind, parameters = content_type(fields)
    return Mail(fields, kind, parameters, tuple(_Reader().leaves(fields, body, 1)))


def head_and_body(octets: bytes) -> tuple[dict[str, str], bytes]:
    """Header fields by lower-case name, unfolded, the first of each name, and what follows the empty line.

    Raises:
        BadLetter: More than FIELDS_MAX fields.
    """
    if octets.startswith(b"\r\n"):
        return {}, octets[2:]
    head, _, body = octets.partition(b"\r\n\r\n")
    name = ""
    lines = head.split(b"\r\n")
    if len(lines) > OCTETS_MAX // 16 or sum(line[:1] not in b" \t" for line in lines) > FIELDS_MAX:
        raise BadLetter("too many header fields")
    pieces: dict[str, list[bytes]] = {}
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if name:
                pieces[name].append(line)
            continue
        before, colon, value = line.partition(b":")
        name = ""
        if colon and _FIELD_NAME.fullmatch(before.rstrip()):
            lower = before.rstrip().decode("ascii").lower()
            if lower not in pieces:
                name, pieces[lower] = lower, [value]
    found = {name: b"".join(parts)[:VALUE_MAX] for name, parts in pieces.items()}
    return {name: value.decode("latin-1").strip() for name, value in found.items()}, body


def content_type(fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The media type in lower case and its parameters by lower-case name; `text/plain` if there is none or no sense."""
    value = fields.get("content-type", "")
    kind = _TYPE.match(value)
    if kind is None:
        return "text/plain", {}
    parameters: dict[str, str] = {}
    for name, quoted in _PARAMETER.findall(value):
        plain = re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted.startswith('"') else quoted
        parameters.setdefault(name.lower(), plain)
    return kind[1].lower(), parameters


class _Reader:
    """Counts the parts of one letter."""

    def __init__(self) -> None:
        self._parts = 0

    def leaves(self, fields: Mapping[str, str], body: bytes, depth: int) -> Iterator[Leaf]:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise BadLetter("too many parts")
        kind, parameters = content_type(fields)
        if not kind.startswith("multipart/"):
            attached = fields.get("content-disposition", "").lower().startswith("attachment")
            yield Leaf(kind, parameters, attached, _decoded(fields, body))
            return
        if depth >= DEPTH_MAX:
            raise BadLetter("too many levels")
        boundary = parameters.get("boundary", "")
        if not 0 < len(boundary) <= BOUNDARY_MAX:
            raise BadLetter("a multipart without a boundary")
        for part in _parts(body, boundary.encode("latin-1")):
            inner, content = head_and_body(part)
            yield from self.leaves(inner, content, depth + 1)


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundary's lines (RFC 2046 §5.1.1); an end that is missing is forgiven."""
    pieces = re.split(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|$)", body, maxsplit=2 * PARTS_MAX)
    parts: list[bytes] = []
    # Pieces and closing marks take turns; what stands before the first line and after the closing one is not read.
    for closing, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if closing:
            break
        parts.append(piece.removeprefix(b"\r\n"))
    return parts


def _decoded(fields: Mapping[str, str], body: bytes) -> bytes:
    encoding = fields.get("content-transfer-encoding", "7bit").lower()
    if encoding not in _ENCODINGS:
        raise BadLetter("an unknown transfer encoding")
    if encoding == "base64":
        try:
            return binascii.a2b_base64(body)
        except binascii.Error as problem:
            raise BadLetter("broken base64") from problem
    return binascii.a2b_qp(body) if encoding == "quoted-printable" else body
