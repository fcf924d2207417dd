"""The part of the description that is for systems of other institutions: every route of it needs a key."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.channels.api.payees import LinkAnswer, LinkRequest, ResolvedPayees, ResolveRequest, UnlinkRequest
from gateway.channels.api.payout_models import BatchOrder, BatchShown, BatchWithRows, PaymentsPage, StatementTaken

SECURITY: list[dict[str, list[str]]] = [{"key": []}]
SCHEMES = {"key": {"type": "http", "scheme": "bearer", "description": "Made by `tapdial api-keys create`"}}
REQUESTS: tuple[type[BaseModel], ...] = (ResolveRequest, LinkRequest, UnlinkRequest, BatchOrder, BatchWithRows)
ANSWERS: tuple[type[BaseModel], ...] = (ResolvedPayees, LinkAnswer, BatchShown, PaymentsPage, StatementTaken)
PAGE_USUAL, PAGE_MAX = 100, 1000
BATCH_PATTERN = "^bat_[0-9A-HJKMNP-TV-Z]{26}$"
IDEMPOTENCY = "^[A-Za-z0-9._:-]{1,100}$"
_CONTENT_HASH: dict[str, Any] = {
    "name": "X-Content-Hash",
    "in": "header",
    "description": "SHA-256 of the body in hex digits, of a multipart body that of the part `file`; checked when given",
    "schema": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
}
_SCHEMA = "#/components/schemas/"
REFUSALS: Mapping[int, str] = {
    400: "Not JSON (`bad_json`)",
    401: "`no_key`: send a key as `Authorization: Bearer`",
    403: "`scope`: the key may not do that",
    408: "`slow`: the body did not come in time",
    413: "`too_large`",
    415: "`unsupported_media_type`: send `application/json`",
    422: "`invalid`: see `errors`; `idempotency_key_reused`; `reference_id_reused`; `not_understood`",
    429: "`rate_limited`: see `Retry-After`",
    503: "`store_unavailable`, `timeout`: send the same request again",
}


def partner_paths() -> dict[str, Any]:
    """The paths."""
    return {
        "/payees/resolve": _post("resolvePayees", "Where people are paid", "ResolveRequest", "ResolvedPayees"),
        "/payees/link": _post("linkPayee", "Pay a person into a bank account", "LinkRequest", "LinkAnswer", 409),
        "/payees/update": _post("updatePayee", "Pay into another bank account", "LinkRequest", "LinkAnswer", 409),
        "/payees/unlink": _post("unlinkPayee", "Pay into the wallet again", "UnlinkRequest", "LinkAnswer", 409),
        **_batches(),
        **_statements(),
    }


def _batches() -> dict[str, Any]:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": BATCH_PATTERN}}
    paging = [_query("after", "The line after which the page begins", 0, 0, 10**9)]
    paging.append(_query("limit", "How many", PAGE_USUAL, 1, PAGE_MAX))
    whole = {"200": answer("The batch", "BatchShown")}
    page = {"200": answer("The page", "PaymentsPage")}
    return {
        "/payout-batches": {"post": _create()},
        "/payout-batches/{id}": _get("getBatch", "A batch as it stands", [one], whole),
        "/payout-batches/{id}/items": _get("listItems", "Its payments", [one, *paging], page),
        "/payout-batches/{id}/rejections": _get("listRejections", "What was rejected, and why", [one, *paging], page),
        "/payout-batches/{id}/completions": _get("listCompletions", "What has arrived", [one, *paging], page),
    }


def _create() -> dict[str, Any]:
    file = {
        "type": "object",
        "required": ["order", "file"],
        "properties": {"order": {"$ref": _SCHEMA + "BatchOrder"}, "file": {"type": "string", "format": "binary"}},
    }
    content = {
        "application/json": {"schema": {"$ref": _SCHEMA + "BatchWithRows"}},
        "multipart/form-data": {"schema": file, "encoding": {"order": {"contentType": "application/json"}}},
    }
    told = {
        "201": answer("The batch is being read", "BatchShown"),
        "200": answer("It came before", "BatchShown"),
        "409": answer("`same_file`, `content_hash`; `in_progress`: see `Retry-After`", "Problem"),
    }
    return {
        "operationId": "createBatch",
        "summary": "Bring a batch of payments; people check it, agree and sign before anything is paid",
        "security": SECURITY,
        "parameters": [_header("Idempotency-Key", IDEMPOTENCY, required=True), _CONTENT_HASH],
        "requestBody": {"required": True, "content": content},
        "responses": {**told, **refused()},
    }


def _statements() -> dict[str, Any]:
    told = {
        "201": answer("Taken", "StatementTaken"),
        "200": answer("It was in", "StatementTaken"),
        "202": answer("Kept: a page of a statement of which others are missing", "StatementTaken"),
    }
    return {
        "/statements": {
            "post": {
                "operationId": "importStatement",
                "summary": "Bring what the bank has written, where this is open: camt.05x, pain.002, MT940, or a ZIP",
                "security": SECURITY,
                "parameters": [_CONTENT_HASH],
                "requestBody": {
                    "required": True,
                    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
                },
                "responses": {
                    **told,
                    "404": answer("Not open here", "Problem"),
                    "409": answer("`content_hash`: it is not the hash of what came", "Problem"),
                    "415": answer("A form: send the file itself as the body", "Problem"),
                    **refused(415),
                },
            }
        }
    }


def _get(name: str, summary: str, parameters: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    unknown = {"404": answer("`not_found`: this key has brought no such batch", "Problem")}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "security": SECURITY,
            "parameters": parameters,
            "responses": {**told, **unknown, **refused(400, 408, 413, 415)},
        }
    }


def _query(name: str, text: str, usual: int, least: int, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": usual}
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _header(name: str, pattern: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string", "pattern": pattern}}


def refused(*without: int) -> dict[str, Any]:
    """The refusals that every such route has."""
    return {str(status): answer(text, "Problem") for status, text in REFUSALS.items() if status not in without}


def answer(text: str, schema: str) -> dict[str, Any]:
    """An answer with a body of this schema."""
    media = "application/problem+json" if schema == "Problem" else "application/json"
    return {"description": text, "content": {media: {"schema": {"$ref": _SCHEMA + schema}}}}


def _post(name: str, summary: str, asks: str, answers: str, refusing: int = 0) -> dict[str, Any]:
    told = {"200": answer("Done", answers)} | ({str(refusing): answer("Refused", answers)} if refusing else {})
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": _SCHEMA + asks}}}}
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "security": SECURITY,
            "requestBody": body,
            "responses": {**told, **refused()},
        }
    }
