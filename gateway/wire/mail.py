"""What of a letter may become a text message: its plain text, or its HTML without the tags (RFC 2045, RFC 3834)."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.wire.mime import Leaf, Mail

_CHARSETS = frozenset(
    {"us-ascii", "ascii", "utf-8", "utf8", "koi8-r", "gb2312", "gb18030", "big5", "euc-kr", "iso-2022-jp"}
    | {f"iso-8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)}
    | {f"windows-{number}" for number in range(1250, 1259)}
)
"""Others are refused: Python would take codecs that are no charsets, and some that cost the square of their input."""
_BULK = frozenset({"bulk", "junk", "list"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of what stands around them."""
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
"""Python refuses to read a number of thousands of digits; no character has one of eight."""
_UNSEEN = ("script", "style", "head", "title", "template")
_CLOSINGS = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in _UNSEEN}
_LINE_TAGS = frozenset({"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote"})
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")


class Unfit(StrEnum):
    """Why a letter is not made a text message."""

    AUTOMATIC = "automatic"
    """A machine wrote it: answering machines and lists could go on for ever."""
    ATTACHMENT = "attachment"
    NO_TEXT = "no_text"
    CHARSET = "charset"


@dataclass(frozen=True, slots=True)
class Plain:
    """The text to send."""

    text: str = field(repr=False)


def text_of(mail: Mail) -> Plain | Unfit:
    """The text of a letter that a person wrote."""
    if is_automatic(mail.fields):
        return Unfit.AUTOMATIC
    if any(leaf.attached or not leaf.type.startswith("text/") for leaf in mail.leaves):
        return Unfit.ATTACHMENT
    for kind in ("text/plain", "text/html"):
        leaf = next((one for one in mail.leaves if one.type == kind), None)
        if leaf is None:
            continue
        text = _characters(leaf)
        if text is None:
            return Unfit.CHARSET
        plain = _tidy(text if kind == "text/plain" else without_tags(text))
        if plain:
            return Plain(plain)
    return Unfit.NO_TEXT


def is_automatic(fields: Mapping[str, str]) -> bool:
    """Whether a machine says that it wrote this (RFC 3834 §5; Precedence by custom; RFC 2919)."""
    submitted = fields.get("auto-submitted", "no").partition(";")[0].strip().lower()
    return submitted != "no" or fields.get("precedence", "").lower() in _BULK or "list-id" in fields


def without_tags(text: str) -> str:
    """The words of an HTML text. No parser: one pass that looks at every character once."""
    words, at = list[str](), 0
    while (start := text.find("<", at)) >= 0:
        words.append(text[at:start])
        if text.startswith("<!--", start):
            end = text.find("-->", start)
            at = end + 3 if end >= 0 else len(text)
            continue
        end = text.find(">", start)
        if end < 0:
            at = len(text)
            break
        found = _TAG_NAME.match(text, start + 1)
        name, at = (found[1].lower() if found else ""), end + 1
        if name in _LINE_TAGS:
            words.append("\n")
        if name in _UNSEEN and text[start + 1] != "/":
            closing = _CLOSINGS[name].search(text, at)
            at = closing.start() if closing else len(text)
    words.append(text[at:])
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", "".join(words)))


def _characters(leaf: Leaf) -> str | None:
    charset = leaf.parameters.get("charset", "us-ascii").lower()
    if charset not in _CHARSETS:
        return None
    # What says ASCII and is not is nearly always UTF-8.
    return leaf.octets.decode("utf-8" if charset in {"us-ascii", "ascii"} else charset, "replace")


def _tidy(text: str) -> str:
    """Lines without blanks at their ends, no two empty lines, no signature below `-- `."""
    lines: list[str] = []
    for line in _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        if line == "-- ":
            break
        shown = " ".join(line.split())
        if shown or (lines and lines[-1]):
            lines.append(shown)
    return "\n".join(lines).strip()
