"""What everybody may hear over the API, strictly typed: the key of published heads, and what went wrong."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wallet.heads import key_id


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HeadKey(_Strict):
    """The public key that published heads of the ledger are checked with. Compare it with one given on paper."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    key_id: str = Field(description="First 8 bytes of SHA-256 of the key, hex", pattern=r"^[0-9a-f]{16}$")
    public_key: str = Field(description="32 raw bytes, hex", pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, public_key: bytes) -> "HeadKey":
        """As the wire has it; 32 bytes."""
        return cls(key_id=key_id(public_key), public_key=public_key.hex())


class FieldProblem(_Strict):
    """Which part of a request is not as it should be."""

    field: str = Field(description="Its name; empty for one that the request does not have")
    message: str


class Problem(_Strict):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable name of the refusal")
    errors: list[FieldProblem] | None = Field(default=None, description="With code `invalid` only")
