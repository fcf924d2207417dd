"""What phones say and hear of their tokens over the API, strictly typed. No repr shows a code, proof or account."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.services.tokens import (
    Channel,
    KeyView,
    LastUse,
    ProvisionedToken,
    ProvisionRequest,
    SealedKey,
    Token,
    TokenState,
)
from gateway.services.tokens.states import ActorClass

_SEAL_KEY_BYTES = 32
_DEVICE_KEY_BYTES = (32, 33, 65)


def _of_length(text: str, lengths: Iterable[int]) -> str:
    if len(base64.b64decode(text, validate=True)) not in lengths:
        raise ValueError("another length than a key has")
    return text


SealKey = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", description="X25519, 32 raw bytes, base64 (RFC 4648 §4)"),
    AfterValidator(lambda text: _of_length(text, (_SEAL_KEY_BYTES,))),
]
DeviceKey = Annotated[
    str,
    Field(
        pattern=r"^([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/]{44}|[A-Za-z0-9+/]{86}[AEIMQUYcgkosw048]=)$",
        description="base64 (RFC 4648 §4) of 32 raw bytes of Ed25519, or of a point on P-256, 33 or 65 bytes (SEC 1)",
    ),
    AfterValidator(lambda text: _of_length(text, _DEVICE_KEY_BYTES)),
]
KeyId = Annotated[str, Field(pattern=r"^[0-9A-F]{8}$", description="4 bytes, hex; stands in 9F10")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TokenRequest(_Strict):
    """A phone asks for a token."""

    msisdn: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="The phone's number, E.164")
    activation_code: str = Field(pattern=r"^[0-9]{8}$", repr=False, description="Shown by USSD; 10 minutes, 5 tries")
    device_key: DeviceKey = Field(description="Public key that checks what the phone signs from here on")
    seal_key: SealKey = Field(description="Public key to which limited-use keys are sealed")
    national_digits: str = Field(
        default="", pattern=r"^([0-9]{4})?$", repr=False, description="Last four digits of the national number"
    )

    def to_request(self) -> ProvisionRequest:
        """As the service takes it."""
        device, seal = base64.b64decode(self.device_key), base64.b64decode(self.seal_key)
        return ProvisionRequest(self.msisdn, self.activation_code, device, seal, self.national_digits)


class LimitedUseKey(_Strict):
    """A limited-use key, sealed: X25519, HKDF-SHA-256 (no salt, info `tapdial luk`), AES-256-GCM (aad: token id)."""

    id: KeyId
    ephemeral_key: str = Field(description="X25519 public key, base64")
    sealed: str = Field(description="12 bytes nonce, ciphertext, 16 bytes tag; base64", repr=False)
    uses_max: int = Field(description="Taps that it serves", ge=1)
    amount_max: int = Field(description="Money that it serves in all, minor units", ge=1)
    channels: list[Channel] = Field(description="Where it serves")
    valid_until: datetime = Field(description="RFC 3339")

    @classmethod
    def of(cls, key: SealedKey) -> "LimitedUseKey":
        """As the wire has it."""
        return cls(
            id=key.id.hex().upper(),
            ephemeral_key=base64.b64encode(key.ephemeral_key).decode(),
            sealed=base64.b64encode(key.sealed).decode(),
            uses_max=key.uses_max,
            amount_max=key.amount_max_minor,
            channels=_ordered(key.channels),
            valid_until=key.valid_until,
        )


class TokenGiven(_Strict):
    """A token for the phone."""

    token_id: str
    token_pan: str = Field(description="16 digits", repr=False)
    psn: str
    expiry: str = Field(description="YYMM")
    par: str = Field(description="Payment account reference, the same for all tokens of the person")
    aid: str = Field(description="Application identifier, hex")
    number: str = Field(description="Short number by which the phone dials, 8 digits")
    trid: str = Field(description="Token requestor, 11 digits")
    dki: int = Field(description="Version of the issuer's key, first byte of 9F10", ge=0, le=255)
    luk: LimitedUseKey

    @classmethod
    def of(cls, token: ProvisionedToken) -> "TokenGiven":
        """As the wire has it."""
        return cls(
            token_id=token.id,
            token_pan=token.pan,
            psn=token.psn,
            expiry=token.expiry,
            par=token.par,
            aid=token.aid.hex().upper(),
            number=token.number,
            trid=token.trid,
            dki=token.luk.dki,
            luk=LimitedUseKey.of(token.luk),
        )


class KeyRequest(_Strict):
    """A phone asks for its next limited-use key, and proves its last use."""

    luk_id: KeyId
    atc: int = Field(ge=0, le=0xFFFF, description="Counter of the last cryptogram; 0 if there was none")
    ac: str = Field(pattern=r"^([0-9A-F]{16})?$", repr=False, description="That cryptogram, hex; empty with 0")
    proof: str = Field(
        pattern=r"^[0-9A-F]{16}$",
        repr=False,
        description="Cryptogram with that key and counter over `TDLUK`, number (8 digits), key id (4) and counter (2)",
    )
    activation_code: str = Field(
        default="", pattern=r"^([0-9]{8})?$", repr=False, description="Needed after `reauthenticate`"
    )

    def to_last_use(self) -> LastUse:
        """As the service takes it."""
        luk_id, ac, proof = (bytes.fromhex(text) for text in (self.luk_id, self.ac, self.proof))
        return LastUse(luk_id, self.atc, ac, proof, self.activation_code)


class KeyGiven(_Strict):
    """The next limited-use key."""

    dki: int = Field(description="Version of the issuer's key, first byte of 9F10", ge=0, le=255)
    luk: LimitedUseKey

    @classmethod
    def of(cls, key: SealedKey) -> "KeyGiven":
        """As the wire has it."""
        return cls(dki=key.dki, luk=LimitedUseKey.of(key))


class SealKeyRequest(_Strict):
    """From here on keys are sealed to another key of the phone."""

    seal_key: SealKey


class KeyState(_Strict):
    """A limited-use key as the house counts it."""

    id: KeyId
    uses: int
    uses_max: int
    amount: int
    amount_max: int
    channels: list[Channel]
    valid_until: datetime


class TokenShown(_Strict):
    """A token as it stands."""

    token_id: str
    state: TokenState
    locks: list[ActorClass] = Field(description="Who has locked the token")
    card_locks: list[ActorClass] = Field(description="Who has locked the account, with all its tokens")
    pays: bool = Field(description="Whether it is active and nothing is locked")
    expiry: str = Field(description="YYMM")
    par: str = Field(description="Payment account reference; another one than before: the account has changed")
    number: str
    dki: int
    luk: KeyState | None = Field(description="The newest limited-use key")

    @classmethod
    def of(cls, token: Token, key: KeyView | None) -> "TokenShown":
        """As the wire has it."""
        return cls(
            token_id=token.id,
            state=token.state,
            locks=sorted(token.locks, key=list(ActorClass).index),
            card_locks=sorted(token.card_locks, key=list(ActorClass).index),
            pays=token.pays,
            expiry=token.expiry,
            par=token.par,
            number=token.number,
            dki=token.dki,
            luk=None if key is None else _state_of(key),
        )


def _state_of(key: KeyView) -> KeyState:
    return KeyState(
        id=key.id.hex().upper(),
        uses=key.uses,
        uses_max=key.uses_max,
        amount=key.amount_minor,
        amount_max=key.amount_max_minor,
        channels=_ordered(key.channels),
        valid_until=key.valid_until,
    )


def _ordered(channels: Iterable[Channel]) -> list[Channel]:
    return sorted(channels, key=list(Channel).index)
