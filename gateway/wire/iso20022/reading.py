"""Messages of ISO 20022 read as a stream: one record after another, each freed before the next.

The guards are those of gateway.wire.markup (no document type, no entities but the five, CWE-611 and CWE-776); names
are without their prefix. A message is `Document/<message>/<part>/<record>`: records are handed over whole, and so is
each detail of an entry, which may have a hundred thousand of them. Around documents there may be the envelope of
whoever carried them (`BizMsgEnvlp`, `DataPDU`, an `AppHdr` beside), which is passed over.
"""

import io
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from gateway.errors import BadInput
from gateway.wire.markup import CHARSETS, NoMarkup

OCTETS_MAX = 256 * 1024 * 1024
RECORD_MAX = 1 << 20
"""Octets of one record or detail, and of one tag or comment: it bounds memory and depth, and expat looks again at a
tag that is not whole, so that a longer one would cost its square."""
_CHUNK = 1 << 18
_RECORD_DEPTH = 4
_AROUND_MAX = 8
"""How deep a document may lie in envelopes."""
_MESSAGES_MAX = 1000
_BESIDE_MAX = 32
"""How deep what lies beside it may be."""
_CHARSETS = CHARSETS | {
    f"{name}{number}" for name, numbers in (("windows-", (1250, 1252, 1254, 1256)), ("cp", (1252, 1256)),
                                            ("iso-8859-", (2, 6, 9, 15))) for number in numbers
}  # fmt: skip
_DETAIL = "TxDtls"


class Taker(Protocol):
    """Takes the parts of one message."""

    def begin(self, part: str) -> None:
        """A part begins."""
        ...

    def take(self, part: str, record: Element) -> None:
        """A record of it is whole."""
        ...

    def detail(self, details: Element) -> None:
        """A detail of the record that is being read is whole; it stands in the record, empty, afterwards."""
        ...

    def end(self, part: str) -> None:
        """The part is over."""
        ...


class _Prefixed(Exception):
    """A name with a prefix inside a record, where names are not looked at unless they must be."""


class _Reader:
    """Takes expat's events; below a record's own element the tree is built without us, which is what makes it fast."""

    def __init__(self, makers: Mapping[str, Callable[[], Taker]], *, prefixes: bool) -> None:
        self.takers: list[Taker] = []
        self.taker: Taker | None = None
        """Of the document that is being read."""
        self.root = ""
        self.record_from = -1
        self._makers = makers
        self._prefixes = prefixes
        self._part = ""
        self._depth = 0
        """In the document; 0 outside."""
        self._around = 0
        """How many elements are open outside of a document."""
        self.parser = parser = expat.ParserCreate()
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        self._between()

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _CHARSETS:
            raise NoMarkup("an encoding that is not taken", charset=True)

    def _doctype(self, *_args: object) -> None:
        raise NoMarkup("a document type is not taken")

    def _between(self) -> None:
        """Between records."""
        self.record_from = -1
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if not self._depth and name != "Document":
            self.root = self.root or name
            self._around += 1
            if self._around > _BESIDE_MAX:
                raise NoMarkup("an envelope that is too deep")
            return
        self._depth += 1
        if self._depth == 1:
            if self._around > _AROUND_MAX:
                raise NoMarkup("an envelope that is too deep")
            self.taker = None
        elif self._depth == 2:
            if self.taker is not None or name not in self._makers:
                raise BadInput(f"no message that is taken: {name!a:.40}")
            if len(self.takers) >= _MESSAGES_MAX:
                raise BadInput(f"more than {_MESSAGES_MAX} messages: bring them in several files")
            self.taker = self._makers[name]()
            self.takers.append(self.taker)
        elif self._depth == _RECORD_DEPTH:
            self._depth -= 1
            self._within(name, attributes)
        elif self.taker is not None:
            self._part = name
            self.taker.begin(name)

    def _end(self, _name: str) -> None:
        if not self._depth:
            self._around -= 1
            return
        if self._depth == _RECORD_DEPTH - 1 and self.taker is not None:
            self.taker.end(self._part)
        if self._depth == 1 and self.taker is None:
            raise BadInput("no message: the Document is empty")
        self._depth -= 1

    def _within(self, name: str, attributes: dict[str, str]) -> None:
        """A record begins: build it until its own element is over."""
        builder, parser, taker = TreeBuilder(), self.parser, self.taker
        assert taker is not None
        record = builder.start(name, attributes)
        built, prefixes = builder.end, self._prefixes
        self.record_from = parser.CurrentByteIndex

        def end(name: str) -> None:
            element = built(name)
            if ":" in name and not prefixes:
                raise _Prefixed
            if element.tag == _DETAIL:
                taker.detail(element)
                element.clear()
                self.record_from = parser.CurrentByteIndex
            elif element is record:
                taker.take(self._part, record)
                self._between()

        def start(name: str, attributes: dict[str, str]) -> None:
            builder.start(_local(name), attributes)

        parser.StartElementHandler = start if prefixes else builder.start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = builder.data


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name


def read(source: bytes | BinaryIO, makers: Mapping[str, Callable[[], Taker]]) -> list[Taker]:
    """What takes each message, after all are read whole, one at least; `makers` by the name of the message's element.

    Raises:
        BadInput: No XML that is let in, no message that is taken, or what its taker refuses.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    begins = file.tell()
    try:
        return _read(file, _Reader(makers, prefixes=False))
    except _Prefixed:
        file.seek(begins)
        return _read(file, _Reader(makers, prefixes=True))


def _read(file: BinaryIO, reader: _Reader) -> list[Taker]:
    try:
        _feed(file, reader)
    except expat.ExpatError as problem:
        raise NoMarkup(f"no XML: {expat.ErrorString(problem.code)} in line {problem.lineno}") from problem
    except (ValueError, LookupError) as problem:
        raise NoMarkup("an encoding that nobody knows", charset=True) from problem
    if not reader.takers:
        raise BadInput(f"no message of ISO 20022: the root is no Document but {reader.root!a:.40}")
    return reader.takers


def _feed(file: BinaryIO, reader: _Reader) -> None:
    fed, parser = 0, reader.parser
    while chunk := file.read(_CHUNK):
        if not fed and (b"\0" in chunk[:4] or chunk.startswith((b"\xff\xfe", b"\xfe\xff"))):
            raise NoMarkup("UTF-16 and UTF-32 are not taken; save it as UTF-8", charset=True)
        fed += len(chunk)
        if fed > OCTETS_MAX:
            raise BadInput(f"longer than {OCTETS_MAX} octets")
        parser.Parse(chunk, False)
        if fed - parser.CurrentByteIndex > RECORD_MAX or 0 <= reader.record_from < fed - RECORD_MAX:
            raise NoMarkup("a record, a tag or a comment that is too long, or too deep")
    parser.Parse(b"", True)
