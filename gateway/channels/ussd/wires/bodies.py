"""What a request carries, read strictly: a form, a query or a JSON object, as text by field name.

Nothing here raises for whatever bytes, and all of it takes time linear in them: JSON's depth is counted before it is
parsed, its numbers have a length, and no key comes twice.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from gateway.channels.ussd.wire import BadForm, Inbound

BODY_BYTES_MAX = 4_096
FIELDS_MAX = 24
DEPTH_MAX = 8
NUMBER_MAX = 24
FORM = "application/x-www-form-urlencoded"
JSON_TYPES = frozenset({"application/json", "text/json"})
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii"})
# A string, or what begins as one and never ends; possessive, so that nothing is read twice.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)

_HALF = "\\ud"
"""How the escape of half a UTF-16 pair begins."""

Fields = Mapping[str, str]


def form_fields(given: Inbound) -> Fields | BadForm:
    """The fields of a body that is a form, each once, percent-encoded UTF-8."""
    refused = _of_type(given, frozenset({FORM}))
    if refused is not None:
        return refused
    try:
        # Form bodies are ASCII; what is not in it comes percent-encoded.
        return _pairs(given.body.decode("ascii"))
    except UnicodeDecodeError:
        return BadForm.CHARSET


def query_fields(given: Inbound) -> Fields | BadForm:
    """The fields of the query, each once, percent-encoded UTF-8."""
    return _pairs(given.query) if given.query.isascii() else BadForm.CHARSET


def json_fields(given: Inbound) -> Fields | BadForm:
    """The top level of a JSON object as text: numbers as written, null as ''; no tables, no lists."""
    found = json_object(given)
    if isinstance(found, BadForm):
        return found
    return {name: text for name, value in found.items() if (text := _as_text(value)) is not None}


def json_object(given: Inbound) -> Mapping[str, Any] | BadForm:
    """A body that is one JSON object; whole numbers as text, since no wire computes with one."""
    refused = _of_type(given, JSON_TYPES)
    if refused is not None:
        return refused
    try:
        text = given.body.decode("utf-8")
    except UnicodeDecodeError:
        return BadForm.CHARSET
    if _too_deep(text):
        return BadForm.SYNTAX
    try:
        found = json.loads(
            text,
            object_pairs_hook=_once,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_number,
        )
    except _TwiceError:
        return BadForm.FIELD_TWICE
    except ValueError:
        return BadForm.SYNTAX
    if not isinstance(found, dict):
        return BadForm.SYNTAX
    if _HALF in text.lower() and not _is_whole(found):
        return BadForm.CHARSET
    return found if len(found) <= FIELDS_MAX else BadForm.SYNTAX


def _pairs(text: str) -> Fields | BadForm:
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except UnicodeDecodeError:
        return BadForm.CHARSET
    except ValueError:
        return BadForm.SYNTAX
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else BadForm.FIELD_TWICE


def _of_type(given: Inbound, types: frozenset[str]) -> BadForm | None:
    """Whether the content type is one of `types` in UTF-8."""
    written, *parameters = given.headers.get("content-type", "").split(";")
    if written.strip().lower() not in types:
        return BadForm.NOT_A_FORM
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _UTF8:
            return BadForm.CHARSET
    return None


class _TwiceError(Exception):
    """A key came twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _number(text: str) -> str:
    if len(text) > NUMBER_MAX or text in {"NaN", "Infinity", "-Infinity"}:
        raise ValueError("no number of a wire")
    return text


def _is_whole(found: Mapping[str, Any]) -> bool:
    """Whether no text holds half a UTF-16 pair, which an answer that repeats it could not be written with."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(text: str) -> bool:
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        sign = token[0]
        depth += 1 if sign in {"[", "{"} else -1 if sign in {"]", "}"} else 0
        if depth > DEPTH_MAX:
            return True
    return False


def _as_text(value: object) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


__all__ = ["BODY_BYTES_MAX", "FORM", "Fields", "form_fields", "json_fields", "json_object", "query_fields"]
