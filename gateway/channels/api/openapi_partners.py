"""The part of the description that is for systems of other institutions: every route of it needs a key."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.channels.api.payees import LinkAnswer, LinkRequest, ResolvedPayees, ResolveRequest, UnlinkRequest

SECURITY: list[dict[str, list[str]]] = [{"key": []}]
SCHEMES = {"key": {"type": "http", "scheme": "bearer", "description": "Made by `tapdial api-keys create`"}}
REQUESTS: tuple[type[BaseModel], ...] = (ResolveRequest, LinkRequest, UnlinkRequest)
ANSWERS: tuple[type[BaseModel], ...] = (ResolvedPayees, LinkAnswer)
_SCHEMA = "#/components/schemas/"
REFUSALS: Mapping[int, str] = {
    400: "Not JSON (`bad_json`)",
    401: "`no_key`: send a key as `Authorization: Bearer`",
    403: "`scope`: the key may not do that",
    408: "`slow`: the body did not come in time",
    413: "`too_large`",
    415: "`unsupported_media_type`: send `application/json`",
    422: "`invalid`: see `errors`",
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
    }


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
