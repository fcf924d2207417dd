"""The types of fields: moments, numbers, names and octets as both forms write them, each bounded."""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from gateway.wire.mss.terms import Mode, is_transaction_id

TEXT_MAX = 4_000
URI_MAX = 512
SIGNATURE_MAX = 131_072
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_FRACTION = re.compile(r"\.(\d+)")


def _instant(given: object) -> datetime:
    if isinstance(given, datetime):
        return given.astimezone(UTC)
    if not isinstance(given, str) or not _INSTANT.fullmatch(given):
        raise ValueError("no xs:dateTime with a zone")
    try:
        # Python reads three or six digits of a second, xs:dateTime has any number of them.
        whole = _FRACTION.sub(lambda digits: "." + digits[1][:6].ljust(6, "0"), given)
        return datetime.fromisoformat(whole).astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("no such moment") from problem


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ncname(text: str) -> str:
    if not is_transaction_id(text):
        raise ValueError("no NCName")
    return text


def number_of(given: object) -> int:
    """Numbers come as strings in both forms, and as numbers from some."""
    if isinstance(given, int) and not isinstance(given, bool):
        return int(given)
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,9}", given):
        return int(given)
    raise ValueError("no number")


def _octets(given: object) -> object:
    if isinstance(given, bytes):
        return given
    if not isinstance(given, str) or len(given) > SIGNATURE_MAX:
        raise ValueError("no Base64, or too much")
    try:
        return base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("no Base64") from problem


def messaging_mode(given: object) -> object:
    """The mode by either of its names."""
    return Mode.POLLED if given == "asynch" else given


Instant = Annotated[datetime, BeforeValidator(_instant), PlainSerializer(_written)]
NcName = Annotated[str, AfterValidator(_ncname)]
Uri = Annotated[str, Field(min_length=1, max_length=URI_MAX)]
Short = Annotated[str, Field(max_length=URI_MAX)]
Number = Annotated[int, BeforeValidator(number_of), Field(ge=0, le=999_999_999), PlainSerializer(str)]
Octets = Annotated[
    bytes, BeforeValidator(_octets), PlainSerializer(lambda octets: base64.b64encode(octets).decode("ascii"))
]
Msisdn = Annotated[str, Field(pattern=r"^\+?[0-9]{5,15}$")]
