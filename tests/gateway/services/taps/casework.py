"""Taps to decide about: DE55 as an honest phone and terminal make it, and what else a decision needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from gateway.services.controls import Account, Channel, Control, Rule, Standing, Used
from gateway.services.taps import decision
from gateway.services.taps.checks import CheckName, Decision
from gateway.services.taps.decision import Case, Held, Shop
from gateway.services.taps.policy import TapPolicy
from gateway.services.taps.rules import Verdict
from gateway.wire import emv

POLICY = TapPolicy.load()
ZONE = ZoneInfo("Asia/Tehran")
AT = datetime(2026, 11, 22, 11, 30, tzinfo=ZONE)
TODAY = AT.date()
SMALL, LARGE = 1_000_000, 8_000_000
"""Below and above the amount from which the phone must be unlocked."""
SHOP = Shop("mer_1", "581420000000018", "5912", "Tehran")
TOKEN = Held("tok_1", "TDPL" + "A" * 25, "2911")
SIGNED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
KEY = bytes(range(16))
WINDOWS = POLICY.windows(TODAY)


def standing(minor: int = 0, count: int = 0, *, unverified: Used | None = None) -> Standing:
    """The same counted in all windows."""
    used = Used(count, minor)
    return Standing(WINDOWS, used, used, used, unverified or Used())


def account(*controls: Control, counted: Standing | None = None, programmes: frozenset[str] = frozenset()) -> Account:
    """An account with these controls of staff over it."""
    counted = counted or standing()
    rules = tuple(Rule("account, staff", control, counted) for control in controls)
    return Account(TOKEN.par, TOKEN.id, rules, programmes, counted, None)


@dataclass(frozen=True)
class Message:
    """What a purchase says; `tags` replace or, with None, take out data objects of DE55 after they were signed."""

    amount_minor: int = SMALL
    unlocked: bool = True
    cvm_failed: bool = False
    ctq: bool = True
    results: bool = True
    tvr: str = "0000008000"
    day: str = "261122"
    kind: int = 0x80
    slowest_ms: int | None = None
    channel: Channel = Channel.TAP
    entry_mode: str = "071"
    expiry: str = TOKEN.expiry
    merchant_number: str = SHOP.number
    said_minor: int | None = None
    other_minor: int = 0
    shop: Shop | None = SHOP
    token: Held | None = TOKEN
    at: datetime = AT
    tags: Mapping[str, str | None] = field(default_factory=dict)

    def values(self) -> dict[str, bytes]:
        """DE55 by tag, signed."""
        tvr = bytearray.fromhex(self.tvr)
        tvr[2] |= 0x80 if self.cvm_failed else 0
        values = {
            "82": bytes.fromhex("0040"),
            "84": emv.AID,
            "95": bytes(tvr),
            "9A": bytes.fromhex(self.day),
            "9C": b"\0",
            "5F2A": bytes.fromhex("0364"),
            "5F34": b"\0",
            "9F02": bytes.fromhex(f"{self.amount_minor:012d}"),
            "9F03": bytes.fromhex(f"{self.other_minor:012d}"),
            "9F10": bytes([1, 0xA1, 0x80 if self.unlocked else 0, self.kind, 0, 0]) + b"LUK1" + b"\0\0",
            "9F1A": bytes.fromhex("0364"),
            "9F27": bytes([self.kind]),
            "9F36": b"\0\7",
            "9F37": bytes.fromhex("A1B2C3D4"),
        }
        values["9F26"] = cryptogram(values)
        if self.ctq:
            values["9F6C"] = bytes([0, 0x80 if self.unlocked else 0])
        if self.results:
            values["9F34"] = bytes.fromhex(self._results())
        if self.slowest_ms is not None:
            values["DF8101"] = self.slowest_ms.to_bytes(2)
        for tag, value in self.tags.items():
            values.pop(tag, None)
            if value is not None:
                values[tag] = bytes.fromhex(value)
        return values

    def _results(self) -> str:
        """CVM results as an honest terminal has them: it asks above the limit only."""
        if self.cvm_failed:
            return "010001"
        if self.amount_minor <= POLICY.no_cvm_max_minor:
            return "1F0302"
        return "010002" if self.unlocked else "3F0000"

    def case(self) -> Case:
        """What is decided about."""
        return self.case_of(self.values())

    def case_of(self, values: Mapping[str, bytes]) -> Case:
        """The same with other values in DE55."""
        return Case(
            at=self.at,
            channel=self.channel,
            merchant_number=self.merchant_number,
            entry_mode=self.entry_mode,
            expiry=self.expiry,
            amount_minor=self.amount_minor if self.said_minor is None else self.said_minor,
            icc=emv.parse_icc(de55(values)),
            shop=self.shop,
            token=self.token,
        )


def de55(values: Mapping[str, bytes]) -> bytes:
    """As it goes over the wire."""
    return b"".join(bytes.fromhex(tag) + bytes([len(value)]) + value for tag, value in values.items())


def cryptogram(values: Mapping[str, bytes]) -> bytes:
    """What a phone signs, by its session key."""
    mac = CMAC(AES(KEY))
    mac.update(b"".join(values[tag] for tag in SIGNED))
    return mac.finalize()[:8]


def decide(
    case: Case,
    held: Account,
    *,
    good: bool = True,
    use: str = "ok",
    funds: Verdict = Verdict.APPROVED,
    policy: TapPolicy = POLICY,
) -> Decision:
    """All steps, as the service goes through them."""
    decided = decision.before_cryptogram(case, policy)
    if not decided.refused:
        decided = decision.with_cryptogram(decided, good=good)
    if not decided.refused:
        decided = decision.after_use(decided, case, use, held, policy)
    return decided if decided.refused else decision.with_funds(decided, funds, case.amount_minor)


def last(decided: Decision) -> CheckName:
    """What refused."""
    return decided.checks[-1].name
