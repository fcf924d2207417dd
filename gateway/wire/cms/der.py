"""Whether octets are one DER element, before a lenient and lazy reader sees them.

X.690: definite lengths in their shortest form (10.1), strings primitive (10.2), nothing after the end.
"""

DEPTH_MAX = 24
NODES_MAX = 4_000
_CONSTRUCTED = 0x20
_UNIVERSAL_CONSTRUCTED = frozenset({0x30, 0x31})
_NEVER = frozenset({0x00, 0x10, 0x11})
"""The end of an indefinite length, and a sequence or set without elements of its own."""


def is_der(octets: bytes) -> bool:
    """True for one element in DER, of at most DEPTH_MAX levels and NODES_MAX elements; linear in the octets."""
    ends = [len(octets)]
    at = nodes = 0
    while ends:
        if at == ends[-1]:
            ends.pop()
            continue
        header = _header(octets, at, ends[-1])
        nodes += 1
        if header is None or nodes > NODES_MAX or (nodes > 1 and len(ends) == 1):
            return False
        tag, start, end = header
        if not tag & _CONSTRUCTED:
            at = end
            continue
        if len(ends) > DEPTH_MAX or (tag < 0x40 and tag not in _UNIVERSAL_CONSTRUCTED):
            return False
        at = start
        ends.append(end)
    return nodes > 0


def elements(octets: bytes) -> list[bytes]:
    """The elements inside one that is constructed; of octets that are DER."""
    outer = _header(octets, 0, len(octets))
    assert outer is not None
    _, at, limit = outer
    found: list[bytes] = []
    while at < limit and (header := _header(octets, at, limit)) is not None:
        found.append(octets[at : header[2]])
        at = header[2]
    return found


def is_positive(element: bytes) -> bool:
    """Whether an element of DER is an INTEGER above zero."""
    return element[:1] == b"\x02" and len(element) > 2 and element[2] < 0x80 and any(element[2:])


def _header(octets: bytes, at: int, limit: int) -> tuple[int, int, int] | None:
    """Identifier octet, beginning and end of the content; None for what is cut, long-tagged or not minimal."""
    if at + 2 > limit or octets[at] & 0x1F == 0x1F:
        return None
    tag, length, start = octets[at], octets[at + 1], at + 2
    if tag in _NEVER:
        return None
    if length >= 0x80:
        width = length - 0x80
        if not 1 <= width <= 4 or start + width > limit:
            return None
        length = int.from_bytes(octets[start : start + width])
        if length < 0x80 or octets[start] == 0:
            return None
        start += width
    return (tag, start, start + length) if start + length <= limit else None
