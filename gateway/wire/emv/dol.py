"""Data object lists (EMV Book 3 §5.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.wire import tlv
from gateway.wire.emv.tags import TAGS, Form
from gateway.wire.tlv import Tlv


@dataclass(frozen=True, slots=True)
class DolItem:
    """One entry of a data object list: a tag and how many bytes of it are asked for."""

    tag: str
    length: int


def parse_dol(data: bytes) -> tuple[DolItem, ...]:
    """The entries of a DOL: tags, each with one length byte.

    Raises:
        BadInput: Truncated, or an overlong tag.
    """
    items: list[DolItem] = []
    at = 0
    while at < len(data):
        tag, at = tlv.read_tag(data, at)
        if at == len(data):
            raise BadInput(f"DOL: {tag} has no length at {at}")
        items.append(DolItem(tag, data[at]))
        at += 1
    return tuple(items)


def fill_dol(dol: Sequence[DolItem], values: Mapping[str, bytes]) -> bytes:
    """The values that a DOL asks for, each cut or padded to its length (EMV Book 3 §5.4).

    Numeric ones keep their right end and are padded left with zeros, compressed ones are padded right with FF, all
    others keep their left end and are padded right with zeros. A missing or constructed one becomes zeros.
    """
    return b"".join(_fitted(item, values.get(item.tag)) for item in dol)


def _fitted(item: DolItem, value: bytes | None) -> bytes:
    if value is None or Tlv(item.tag, b"").is_constructed:
        return bytes(item.length)
    known = TAGS.get(item.tag)
    form = known.form if known else Form.BINARY
    if form is Form.NUMERIC:
        return value[max(0, len(value) - item.length) :].rjust(item.length, b"\0")
    return value[: item.length].ljust(item.length, b"\xff" if form is Form.COMPRESSED else b"\0")
