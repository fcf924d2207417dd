"""The yardstick of authorisations: the same pipeline without a database, all state in dictionaries of one process.

It checks the message's MAC, decodes it, keeps it under its key with its keyed digest, finds terminal and token, decides
what the message alone decides, verifies the cryptogram, moves the counter, takes the money, and answers with its own
cryptogram and MAC. It loses everything when it ends; nothing is durable.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.keys import Card, KeyStore
from gateway.services.controls import Channel
from gateway.services.taps import TapPolicy, answers, decision, requests
from gateway.services.taps.checks import Check
from gateway.services.taps.decision import Case, Held, Shop
from gateway.services.taps.requests import Purchase
from gateway.services.taps.rules import Verdict
from gateway.wire import iso8583
from gateway.wire.emv import ac_data
from tests.gateway.channels.nfc.phone import Phone, Till

_FUNDS = 10**12
_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class NullHouse:
    """Answers purchases out of memory."""

    keys: KeyStore
    tills: dict[str, Till]
    phones: dict[str, Phone]
    policy: TapPolicy = field(default_factory=TapPolicy.load)
    answered: dict[tuple[str, ...], tuple[bytes, bytes]] = field(default_factory=dict)
    counters: set[tuple[str, int]] = field(default_factory=set)
    owned: dict[str, int] = field(default_factory=dict)
    checked: dict[str, tuple[Check, ...]] = field(default_factory=dict)

    async def answer(self, terminal_id: str, body: bytes) -> bytes:
        """The body of the answer."""
        span, mac = iso8583.split_mac(body)
        assert await self.keys.link_mac("acquirer", terminal_id, span) == mac
        message = iso8583.decode(body)
        asked = requests.read(message)
        assert isinstance(asked, Purchase)
        key = (asked.acquirer, asked.terminal_id, asked.stan, asked.month_day, asked.class_)
        digest = await self.keys.mac("lookup", body)
        if key in self.answered:
            return self.answered[key][1]
        verdict, data = await self._decided(asked), asked.tap
        card = Card(data.iad.cvn, data.iad.dki, asked.pan, "00", data.atc, data.iad.luk_id)
        arpc = await self.keys.arpc("imk", card, data.cryptogram, verdict.de39.encode())
        answer = await answers.build(self.keys, message, terminal_id, verdict, approval="ABC234", arpc=arpc)
        self.answered[key] = (digest, answer)
        return answer

    async def _decided(self, asked: Purchase) -> Verdict:
        till, data = self.tills[asked.terminal_id], asked.tap
        await self.keys.mac("lookup", asked.pan.encode())
        phone = self.phones[asked.pan]
        case = Case(
            at=_AT.astimezone(ZoneInfo("Asia/Tehran")),
            channel=Channel.TAP,
            merchant_number=asked.merchant_number,
            entry_mode=asked.entry_mode,
            expiry=asked.expiry,
            amount_minor=asked.amount_minor,
            icc=data,
            shop=Shop("mer_0", till.merchant_number, "0000", "Tehran"),
            token=Held("tok_0", "TDPL", phone.expiry),
        )
        decided = decision.before_cryptogram(case, self.policy)
        card = Card(data.iad.cvn, data.iad.dki, asked.pan, "00", data.atc, data.iad.luk_id)
        good = await self.keys.verify_ac("imk", card, ac_data(data), data.cryptogram)
        decided = decision.with_cryptogram(decided, good=good)
        if decided.refused or (asked.pan, data.atc) in self.counters:
            return Verdict.REPLAYED
        self.counters.add((asked.pan, data.atc))
        self.owned[asked.pan] = self.owned.get(asked.pan, _FUNDS) - asked.amount_minor
        self.checked[asked.rrn] = decided.checks
        return Verdict.APPROVED
