"""What goes over the API's wire, strictly typed. No repr shows a code or an account number."""

import base64
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.services.tokens import ProvisionedToken, ProvisionRequest
from wallet.heads import key_id

_KEY_BYTES = 32


def _is_key(text: str) -> str:
    if len(base64.b64decode(text, validate=True)) != _KEY_BYTES:
        raise ValueError("not 32 bytes in base64")
    return text


PublicKey = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", description="32 raw bytes, base64 (RFC 4648 §4)"),
    AfterValidator(_is_key),
]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TokenRequest(_Strict):
    """A phone asks for a token."""

    msisdn: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="The phone's number, E.164")
    activation_code: str = Field(pattern=r"^[0-9]{8}$", repr=False, description="Shown by USSD; 10 minutes, 5 tries")
    device_key: PublicKey = Field(description="Ed25519 public key of the phone")
    seal_key: PublicKey = Field(description="X25519 public key to which the limited-use key is sealed")

    def to_request(self) -> ProvisionRequest:
        """As the service takes it."""
        device, seal = base64.b64decode(self.device_key), base64.b64decode(self.seal_key)
        return ProvisionRequest(self.msisdn, self.activation_code, device, seal)


class LimitedUseKey(_Strict):
    """A limited-use key, sealed: X25519, HKDF-SHA-256 (no salt, info `tapdial luk`), AES-256-GCM (aad: token id)."""

    id: str = Field(description="4 bytes, hex; stands in 9F10", pattern=r"^[0-9A-F]{8}$")
    ephemeral_key: str = Field(description="X25519 public key, base64")
    sealed: str = Field(description="12 bytes nonce, ciphertext, 16 bytes tag; base64", repr=False)
    uses_max: int = Field(description="Taps that it serves", ge=1)
    valid_until: datetime = Field(description="RFC 3339")


class TokenGiven(_Strict):
    """A token for the phone."""

    token_id: str
    token_pan: str = Field(description="16 digits", repr=False)
    psn: str
    expiry: str = Field(description="YYMM")
    par: str = Field(description="Payment account reference, the same for all tokens of the person")
    aid: str = Field(description="Application identifier, hex")
    luk: LimitedUseKey

    @classmethod
    def of(cls, token: ProvisionedToken) -> "TokenGiven":
        """As the wire has it."""
        luk = LimitedUseKey(
            id=token.luk.id.hex().upper(),
            ephemeral_key=base64.b64encode(token.luk.ephemeral_key).decode(),
            sealed=base64.b64encode(token.luk.sealed).decode(),
            uses_max=token.luk.uses_max,
            valid_until=token.luk.valid_until,
        )
        return cls(
            token_id=token.id,
            token_pan=token.pan,
            psn=token.psn,
            expiry=token.expiry,
            par=token.par,
            aid=token.aid.hex().upper(),
            luk=luk,
        )


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
