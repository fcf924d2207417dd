"""What makes two messages of a terminal the same."""

from gateway.wire.iso8583 import Message

_OF_EACH_SENDING = {7, 64}
"""The time of sending and the MAC."""


def content_of(message: Message, class_: str) -> bytes:
    """Every element but those of each sending and the type that it repeats. It holds a PAN: keep MACs of it only."""
    parts = [class_.encode()]
    for number in sorted(message.fields.keys() - _OF_EACH_SENDING):
        value = message.fields[number]
        content = value.encode() if isinstance(value, str) else value
        parts.append(b"%d:%d:" % (number, len(content)) + content)
    return b"".join(parts)
