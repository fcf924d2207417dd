"""XML of the wires: what a body must be before `wire/markup.py` reads it, and attributes as they are written."""

from xml.sax.saxutils import quoteattr

from gateway.channels.ussd.wire import BadForm, Inbound
from gateway.wire.markup import CHARSETS, Node, NoMarkup, tree

BODY_BYTES_MAX = 65_536
XML_TYPES = frozenset({"text/xml", "application/xml", "application/soap+xml"})


def xml_root(given: Inbound) -> Node | BadForm:
    """The root element of a body that is XML."""
    written, *parameters = given.headers.get("content-type", "").split(";")
    if written.strip().lower() not in XML_TYPES:
        return BadForm.NOT_A_FORM
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in CHARSETS:
            return BadForm.CHARSET
    if given.body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in given.body[:4]:
        return BadForm.CHARSET
    return parsed(given.body)


def parsed(body: bytes) -> Node | BadForm:
    """The root element of a document."""
    try:
        return tree(body)
    except NoMarkup as refused:
        return BadForm.CHARSET if refused.charset else BadForm.SYNTAX


def attributes(**values: str) -> str:
    """` name="value"` of each, escaped so that lines survive attribute normalisation (XML 1.0 clause 3.3.3)."""
    escapes = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    return "".join(f" {name}={quoteattr(value, escapes)}" for name, value in values.items())


__all__ = ["BODY_BYTES_MAX", "Node", "attributes", "parsed", "xml_root"]
