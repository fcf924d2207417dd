"""What both doors of the bank ask of names and sizes."""

import hashlib
import re

from gateway.errors import BadInput

FILE_BYTES_MAX = 128 * 1024 * 1024
"""A camt.053 of 100,000 entries with details has some 80 MiB."""
TAKEN_BYTES_MAX = 64 * 1024 * 1024
"""What one call for arrivals holds in memory, but for a single file that is longer."""
ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,35}")
"""An order's id is the MsgId of its file (ISO 20022, Max35Text) and a part of a path."""
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")
"""A name that goes into a path and into a log: no separator, no leading dot, nothing to escape."""


def checked_order(order_id: str, name: str, octets: bytes) -> str:
    """The SHA-256 of a file that may leave, in hexadecimal.

    Raises:
        BadInput: It is longer than a bank takes, or empty.
    """
    assert ORDER_ID.fullmatch(order_id), "ids of orders are ours"
    assert FILE_NAME.fullmatch(name), "names of files are ours"
    if not 1 <= len(octets) <= FILE_BYTES_MAX:
        raise BadInput(f"order {order_id} is empty or too long for the bank")
    return hashlib.sha256(octets).hexdigest()
