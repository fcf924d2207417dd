"""The API's description, OpenAPI 3.1, assembled from the pydantic models."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.channels.api.models import HeadKey, Problem
from gateway.channels.api.openapi_partners import ANSWERS, REQUESTS, SCHEMES, partner_paths
from gateway.channels.api.openapi_phones import PHONE_ANSWERS, PHONE_REQUESTS, phone_paths

_SCHEMA = "#/components/schemas/"
READ_REFUSALS: Mapping[int, str] = {
    422: "`invalid`: see `errors`",
    429: "`rate_limited`: see `Retry-After`",
    503: "`store_unavailable`, `timeout`: try again",
}


def description() -> dict[str, Any]:
    """The document, built anew."""
    _, schemas = models_json_schema(
        [
            (HeadKey, "serialization"),
            (Problem, "serialization"),
            *((model, "validation") for model in (*REQUESTS, *PHONE_REQUESTS)),
            *((model, "serialization") for model in (*ANSWERS, *PHONE_ANSWERS)),
        ],
        ref_template=_SCHEMA + "{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tapdial API",
            "version": "1",
            "description": "For phones, auditors and other institutions. Refusals are problem details (RFC 9457).",
        },
        "servers": [{"url": "/api/v1"}],
        "paths": {
            **phone_paths(),
            **_ledger(),
            **partner_paths(),
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": SCHEMES},
    }


def _ledger() -> dict[str, Any]:
    limit = {
        "name": "limit",
        "in": "query",
        "description": "How many of the newest",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    }
    lines = {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {
        "/ledger/heads": {
            "get": {
                "operationId": "listHeads",
                "summary": "Published heads of the ledger",
                "description": "Each line is a signed head as `tapdial ledger check-heads` reads it, oldest first.",
                "parameters": [limit],
                "responses": {"200": {"description": "The heads", "content": lines}, **_refused(READ_REFUSALS)},
            }
        },
        "/ledger/heads/key": {
            "get": {
                "operationId": "getHeadKey",
                "summary": "The public key of published heads",
                "responses": {"200": _answer("The key", "HeadKey", "application/json"), **_refused(READ_REFUSALS)},
            }
        },
    }


def _refused(refusals: Mapping[int, str]) -> dict[str, Any]:
    return {str(status): _answer(text, "Problem", "application/problem+json") for status, text in refusals.items()}


def _content(schema: str, media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": _SCHEMA + schema}}}


def _answer(text: str, schema: str, media_type: str) -> dict[str, Any]:
    return {"description": text, "content": _content(schema, media_type)}
