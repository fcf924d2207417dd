"""Writing XML: elements as text, escaped."""

from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

ISO = "urn:iso:std:iso:20022:tech:xsd:"


def el(tag: str, *content: str, **attributes: str) -> str:
    """An element around what is already XML; '' when there is nothing in it."""
    inner = "".join(content)
    named = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag}{named}>{inner}</{tag}>" if inner else ""


def text(tag: str, value: str | int, **attributes: str) -> str:
    """An element around a text; '' when the text is empty."""
    return el(tag, escape(str(value)), **attributes)


def money(tag: str, minor: int) -> str:
    """An amount without its sign."""
    return text(tag, abs(minor), Ccy="IRR")


def side(minor: int) -> str:
    """CdtDbtInd of a signed amount."""
    return text("CdtDbtInd", "CRDT" if minor >= 0 else "DBIT")


def moment(tag: str, at: datetime) -> str:
    """A moment with its zone."""
    return text(tag, at.isoformat(timespec="seconds"))


def document(message: str, *content: str) -> bytes:
    """A whole document of the message `pain.002.001.10` and the like."""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + el("Document", *content, xmlns=ISO + message) + "\n").encode()
