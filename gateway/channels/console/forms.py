"""What a browser sends, parsed by pydantic: strict, bounded, no field that the form does not have."""

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from gateway.errors import BadInput

BODY_BYTES_MAX = 16_384
BODY_S = 10.0
"""How long a form's body may take to arrive."""
FIELDS_MAX = 50
CSRF_FIELD = "csrf"


class Form(BaseModel):
    """Base of every form and query of the console."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, str_max_length=500, hide_input_in_errors=True)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True)
class FormProblems:
    """The names of the form's fields that do not have their form; what was sent is not kept, unknown names neither."""

    fields: tuple[str, ...]


def _latin_digits(value: object) -> object:
    """Digits of any script as 0-9, separators of thousands and blanks left out."""
    if not isinstance(value, str):
        return value
    kept = (c for c in value if c not in ",٬' _\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
    return "".join(str(unicodedata.decimal(c, c)) for c in kept)


def _whole(value: object) -> object:
    text = _latin_digits(value)
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 15 else value


def no_controls(text: str) -> str:
    """The text.

    Raises:
        ValueError: It has control characters or half a surrogate pair.
    """
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("control characters")
    return text


_PLAIN = AfterValidator(no_controls)
Digits = Annotated[str, BeforeValidator(_latin_digits)]
Whole = Annotated[int, BeforeValidator(_whole)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _PLAIN]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200), _PLAIN]
"""A reason, or something to search for: three letters at least."""
BusinessId = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{1,26}$")]
Msisdn = Annotated[str, BeforeValidator(_latin_digits), StringConstraints(pattern=r"^\+?[0-9]{8,15}$")]
NationalNumber = Annotated[str, BeforeValidator(_latin_digits), StringConstraints(pattern=r"^[0-9]{10}$")]
Position = Annotated[Whole, Field(ge=0, lt=2**62)]
TerminalAsked = Annotated[
    str, BeforeValidator(lambda value: str(value).strip().upper()), Field(pattern=r"^([A-Z0-9]{8})?$")
]
"""The terminal that a list is narrowed to, '' for all."""


async def body_fields(request: web.Request) -> Mapping[str, Sequence[str]]:
    """The fields of a form's body, each with its values.

    Raises:
        BadInput: Not a form, too long, too slow, too many fields, or not UTF-8.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadInput("not a form")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise BadInput("form too long")
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.content.read(BODY_BYTES_MAX + 1)
            while not request.content.at_eof() and len(body) <= BODY_BYTES_MAX:
                body += await request.content.read(BODY_BYTES_MAX + 1 - len(body))
    except TimeoutError:
        raise BadInput("form too slow") from None
    if len(body) > BODY_BYTES_MAX:
        raise BadInput("form too long")
    return _fields(body)


def parsed(model: type[F], fields: Mapping[str, Sequence[str]]) -> F | FormProblems:
    """The form these fields make, or the names of those that do not fit. A field given twice fits a list only."""
    values: dict[str, Any] = {}
    for name, given in fields.items():
        known = model.model_fields.get(name)
        wants_list = known is not None and str(known.annotation).startswith("list")
        values[name] = list(given) if wants_list or len(given) != 1 else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        wrong = dict.fromkeys(str(e["loc"][0]) for e in problem.errors() if e["loc"])
        return FormProblems(tuple(name for name in wrong if name in model.model_fields))


def _fields(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as problem:
        raise BadInput("not a form") from problem
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
