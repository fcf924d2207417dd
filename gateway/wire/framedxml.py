"""XML over TCP as MTN Nigeria speaks it: a frame of 16 octets session id, 16 octets length, then XML in Latin-1.

Both head fields are ASCII padded with NUL; the length counts the 32 octets of the head. An element stands for a message
and its children, flat, for the fields. Source: the transport of the vumi project (source read), not the operator's
document: verify with the operator.
"""

import re
import xml.sax.saxutils as escaping
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import BadInput
from gateway.wire.markup import tree

HEAD_OCTETS = 32
LENGTH_MAX = 4_096
FIELDS_MAX = 32
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its session id, its name and its fields, which may hold a password or a PIN."""

    session_id: str
    name: str
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    def encode(self) -> bytes:
        """The octets; a letter outside Latin-1 becomes a character reference."""
        inner = "".join(f"<{name}>{_escaped(value)}</{name}>" for name, value in self.fields.items())
        body = f'<?xml version="1.0" encoding="ISO-8859-1"?><{self.name}>{inner}</{self.name}>'
        octets = body.encode("latin-1", "xmlcharrefreplace")
        head = self.session_id.encode("ascii").ljust(16, b"\0") + str(HEAD_OCTETS + len(octets)).encode().ljust(
            16, b"\0"
        )
        return head + octets


def frames(buffer: bytearray) -> list[Frame]:
    """Take whole frames off the front of `buffer`; what is left is the beginning of the next.

    A frame whose XML is none, is not flat or has a DTD has no name and no fields.

    Raises:
        BadInput: A head that cannot be; nothing after it can be found.
    """
    found, at = [], 0
    while len(buffer) - at >= HEAD_OCTETS:
        session_id, length = _head(bytes(buffer[at : at + HEAD_OCTETS]))
        if len(buffer) - at < length:
            break
        try:
            found.append(Frame(session_id, *flat_xml(bytes(buffer[at + HEAD_OCTETS : at + length]))))
        except BadInput:
            found.append(Frame(session_id, ""))
        at += length
    del buffer[:at]
    return found


def flat_xml(octets: bytes) -> tuple[str, dict[str, str]]:
    """The name of the root and the texts of its children.

    Raises:
        BadInput: Not XML, a DTD, deeper than two elements, a field twice, or too many.
    """
    root = tree(octets)
    fields = {child.name: child.text for child in root.children}
    flat = all(_NAME.fullmatch(node.name) and not node.prefix for node in (root, *root.children))
    if not flat or any(child.children for child in root.children):
        raise BadInput("fields stand flat below the root")
    if len(fields) != len(root.children) or len(fields) > FIELDS_MAX:
        raise BadInput("a field stands twice, or there are too many")
    return root.name, fields


def _head(octets: bytes) -> tuple[str, int]:
    session_id, length = octets[:16].rstrip(b"\0 "), octets[16:].rstrip(b"\0 ")
    if not session_id.isascii() or not length.isdigit() or len(length) > 6:
        raise BadInput("a head that is none")
    if not HEAD_OCTETS < int(length) <= LENGTH_MAX:
        raise BadInput(f"a frame of {int(length)} octets")
    return session_id.decode("ascii"), int(length)


def _escaped(value: str) -> str:
    return escaping.escape(_CONTROL.sub("", value))
