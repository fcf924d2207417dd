"""XML of the wires, read with expat: no document type, no entities but the five, bounded in size, depth and number.

A document type is refused where it begins, so that neither its entities nor anything outside is ever looked at
(CWE-611, CWE-776). Only UTF-8, and Latin-1 where a document declares it; never raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from gateway.channels.ussd.wire import BadForm, Inbound

BODY_BYTES_MAX = 65_536
DEPTH_MAX = 16
NODES_MAX = 512
XML_TYPES = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1", "latin1", "latin-1"})


@dataclass(frozen=True, slots=True)
class Node:
    """One element; names are without their namespace's prefix. What it holds may be secret."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    children: tuple["Node", ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)

    def child(self, name: str) -> "Node | None":
        """The first child of that name."""
        return next((node for node in self.children if node.name == name), None)

    def find(self, name: str) -> "Node | None":
        """The first element of that name at any depth, itself included."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.name == name:
                return node
            waiting.extend(reversed(node.children))
        return None

    def said(self, name: str) -> str | None:
        """The text of the child of that name; None if there is none."""
        node = self.child(name)
        return None if node is None else node.text.strip()


class _RefusedError(Exception):
    """What the document has is not let in."""

    def __init__(self, reason: BadForm) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(slots=True)
class _Open:
    name: str
    attributes: Mapping[str, str]
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def closed(self) -> Node:
        return Node(self.name, self.attributes, tuple(self.children), "".join(self.pieces))


class _Builder:
    """Takes expat's events and keeps a tree, within bounds."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._nodes = 0

    def declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse an encoding in which the bytes could mean something else."""
        if encoding is not None and encoding.lower() not in _CHARSETS:
            raise _RefusedError(BadForm.CHARSET)

    def doctype(self, *_args: object) -> None:
        """Refuse it where it begins."""
        raise _RefusedError(BadForm.SYNTAX)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._nodes += 1
        if len(self._open) >= DEPTH_MAX or self._nodes > NODES_MAX:
            raise _RefusedError(BadForm.SYNTAX)
        self._open.append(_Open(name.rpartition(":")[2], attributes))

    def end(self, _name: str) -> None:
        """An element is over."""
        node = self._open.pop().closed()
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def characters(self, text: str) -> None:
        """A piece of text."""
        if self._open:
            self._open[-1].pieces.append(text)


def xml_root(given: Inbound) -> Node | BadForm:
    """The root element of a body that is XML."""
    written, *parameters = given.headers.get("content-type", "").split(";")
    if written.strip().lower() not in XML_TYPES:
        return BadForm.NOT_A_FORM
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            return BadForm.CHARSET
    if given.body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in given.body[:4]:
        return BadForm.CHARSET
    return parsed(given.body)


def parsed(body: bytes) -> Node | BadForm:
    """The root element of a document."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    parser.XmlDeclHandler = builder.declared
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = builder.doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(body, True)
    except _RefusedError as refused:
        return refused.reason
    except expat.ExpatError as problem:
        broken = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN] == problem.code
        return BadForm.CHARSET if broken and not _is_utf8(body) else BadForm.SYNTAX
    except ValueError:
        # An encoding that Python does not know.
        return BadForm.CHARSET
    return builder.root if builder.root is not None else BadForm.SYNTAX


def attributes(**values: str) -> str:
    """` name="value"` of each, escaped so that lines survive attribute normalisation (XML 1.0 clause 3.3.3)."""
    escapes = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    return "".join(f" {name}={quoteattr(value, escapes)}" for name, value in values.items())


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


__all__ = ["BODY_BYTES_MAX", "Node", "attributes", "parsed", "xml_root"]
