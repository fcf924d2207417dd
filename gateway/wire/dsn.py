"""Delivery status notifications: what a relay says of letters that it could not deliver (RFC 3464, RFC 6522)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.wire.mime import Mail, head_and_body

RECIPIENTS_MAX = 20
_STATUS = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})\b", re.ASCII)
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})


class Fate(NamedTuple):
    """What became of a letter for one recipient."""

    action: str
    """`failed`, `delayed`, `delivered`, `relayed` or `expanded` (RFC 3464 §2.3.3)."""
    status: str
    """Enhanced status code, as `5.1.1` (RFC 3463); '' if it has none."""


def fates(mail: Mail) -> list[Fate]:
    """The fates in a report, at most RECIPIENTS_MAX; none if the letter is not a report."""
    if mail.type != "multipart/report":
        return []
    found = next((leaf for leaf in mail.leaves if leaf.type == "message/delivery-status"), None)
    return list(_read(found.octets)) if found else []


def _read(octets: bytes) -> Iterator[Fate]:
    # The first group of fields is about the letter, each other one about a recipient.
    groups = re.split(rb"\r?\n[ \t]*\r?\n", octets.strip(), maxsplit=RECIPIENTS_MAX + 1)
    for group in groups[1 : RECIPIENTS_MAX + 1]:
        fields, _ = head_and_body(re.sub(rb"\r?\n", b"\r\n", group.strip()) + b"\r\n\r\n")
        action = fields.get("action", "").partition(" ")[0].lower()
        status = _STATUS.match(fields.get("status", ""))
        if action in _ACTIONS:
            yield Fate(action, status[0] if status else "")
