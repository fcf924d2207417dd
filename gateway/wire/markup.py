"""XML from outside, read with expat: no document type, no entities but the five, bounded in depth and number.

A document type is refused where it begins, so that neither its entities nor anything outside is ever looked at
(CWE-611, CWE-776). Only UTF-8, and Latin-1 where a document declares it. Whoever calls bounds the octets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from gateway.errors import BadInput

DEPTH_MAX = 16
NODES_MAX = 512
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1", "latin1", "latin-1"})


class NoMarkup(BadInput):
    """The octets are no XML that is let in; `charset`: because of how their letters are written."""

    def __init__(self, reason: str, *, charset: bool = False) -> None:
        super().__init__(reason)
        self.charset = charset


@dataclass(frozen=True, slots=True)
class Node:
    """One element; its name is without the namespace's prefix. What it holds may be secret."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    children: tuple["Node", ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    prefix: str = ""

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


@dataclass(slots=True)
class _Open:
    prefix: str
    name: str
    attributes: Mapping[str, str]
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def closed(self) -> Node:
        return Node(self.name, self.attributes, tuple(self.children), "".join(self.pieces), self.prefix)


class _Builder:
    """Takes expat's events and keeps a tree, within bounds."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._nodes = 0

    def declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse an encoding in which the octets could mean something else."""
        if encoding is not None and encoding.lower() not in CHARSETS:
            raise NoMarkup("an encoding that is not taken", charset=True)

    def doctype(self, *_args: object) -> None:
        """Refuse it where it begins."""
        raise NoMarkup("a document type is not taken")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._nodes += 1
        if len(self._open) >= DEPTH_MAX or self._nodes > NODES_MAX:
            raise NoMarkup("too deep, or too many elements")
        prefix, _, local = name.rpartition(":")
        self._open.append(_Open(prefix, local, attributes))

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


def tree(octets: bytes) -> Node:
    """The root element of a document, in time linear in it.

    Raises:
        NoMarkup: It is none that is let in.
    """
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
        parser.Parse(octets, True)
    except expat.ExpatError as problem:
        broken = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN] == problem.code
        raise NoMarkup("no XML", charset=broken and not _is_utf8(octets)) from problem
    except (ValueError, LookupError) as problem:
        raise NoMarkup("an encoding that nobody knows", charset=True) from problem
    if builder.root is None:
        raise NoMarkup("no element")
    return builder.root


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
