"""A token as a phone keeps it: its limited-use key, the thresholds of that key, and what was spent of them."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

ATC_MAX = 0xFFFF
NEAR_USES = 3
NEAR_AGE = timedelta(hours=24)
USED_MAX = 64


class Profile(StrEnum):
    """How the token's cryptograms are made."""

    HOUSE = "house"
    """AES-128 and CMAC, under a limited-use key."""
    CVN18 = "cvn18"
    """3DES with a session key by ATC, modelled on the public descriptions of CVN 18; the key is the card's own."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its key. `luk` is 16 bytes in hex, `luk_id` 4.

    Attributes:
        uses_max: Cryptograms that this key may make; `uses` were made.
        amount_max_minor: Sum of the amounts that this key may sign, 0 for no limit; `spent_minor` was signed.
        channels: Where the key may be used: `tap`, `transit`, `offline`.
        offline_uses: Approvals without the issuer since its last word; `offline_minor` is the sum of their amounts.
        psn: PAN sequence number, two digits.
        expiry: YYMM.
        valid_until: The key's end, ISO 8601.
        atc: The transaction counter that was last given out.
        dki: Version of the issuer's key, as it stands in 9F10.
    """

    token_id: str
    pan: str = field(repr=False)
    psn: str
    expiry: str
    par: str = field(repr=False)
    luk_id: str
    luk: str = field(repr=False)
    uses_max: int
    valid_until: str
    atc: int = 0
    uses: int = 0
    profile: Profile = Profile.HOUSE
    dki: int = 1
    amount_max_minor: int = 0
    spent_minor: int = 0
    channels: tuple[str, ...] = ("tap", "transit", "offline")
    offline_uses: int = 0
    offline_minor: int = 0

    @property
    def uses_left(self) -> int:
        """Cryptograms that the key still makes."""
        return max(0, self.uses_max - self.uses)

    def usable(self, now: datetime) -> bool:
        """Whether the limited-use key may make another cryptogram: count, age and the counter's end."""
        return self.uses < self.uses_max and self.atc < ATC_MAX and now < datetime.fromisoformat(self.valid_until)

    def near_its_end(self, now: datetime) -> bool:
        """Whether the next key should be asked for: few uses, a tenth of the money, or a day are left."""
        old = now >= datetime.fromisoformat(self.valid_until) - NEAR_AGE
        poor = 0 < self.amount_max_minor <= self.spent_minor + self.amount_max_minor // 10
        return old or poor or self.uses_left <= min(NEAR_USES, self.uses_max // 2)

    def signing(self, amount_minor: int, *, offline: bool) -> "Token":
        """After a cryptogram that may move money; `offline` when the phone itself approved."""
        spent = replace(self, spent_minor=self.spent_minor + amount_minor)
        if not offline:
            return spent
        return replace(spent, offline_uses=self.offline_uses + 1, offline_minor=self.offline_minor + amount_minor)

    def heard_of_the_issuer(self) -> "Token":
        """After the issuer's own word (a good ARPC, or a new key): what was approved without it counts anew."""
        return replace(self, offline_uses=0, offline_minor=0)


COUNTERS = ("atc", "uses", "spent_minor", "offline_uses", "offline_minor")
"""What a tap changes of a token."""


@dataclass(frozen=True, slots=True)
class Used:
    """One cryptogram that left the phone, kept to prove at the next replenishment who has the key."""

    luk_id: str
    atc: int
    ac: str = field(repr=False)
    cid: int
    amount_minor: int
    at: str


def token_to(token: Token) -> dict[str, Any]:
    """As JSON keeps it."""
    return asdict(token)


def token_from(kept: dict[str, Any]) -> Token:
    """From JSON; fields of later versions have their defaults."""
    token = Token(**kept)
    return replace(token, profile=Profile(token.profile), channels=tuple(token.channels))
