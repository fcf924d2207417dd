"""Phones, a bank behind the menus, and dialogues over a real store: what the tests of this room share."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.errors import StoreUnavailable
from gateway.keys import KeyStore
from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.dialogues import (
    Action,
    Caller,
    Dialogues,
    DialogueSettings,
    Event,
    EventKind,
    Hops,
    LateAnswer,
    Menus,
    Profiles,
    Reply,
)
from gateway.services.dialogues.events import PLAIN
from gateway.services.dialogues.tables import sessions
from gateway.store import Store, Write
from ussd_menus import Amount, Call, FrozenMenus, Profile, Result, Row, Style, files_of, freeze, load, load_files
from ussd_menus.loader import FOLDER
from wallet.clock import ManualClock

T = TypeVar("T")
PIN = "2468"
CODE = "*1420#"
OFFER = "Your last session was cut off.\n1. Continue\n2. Start again"
REACHED = "0912 000 0009"
_keys = itertools.count(1)


@cache
def shipped() -> FrozenMenus:
    """The menus as they are shipped."""
    return freeze(load())


SHORTCUTS = """
starts_at = "home.menu"
[balance-1]
dial = "1"
inputs = ["1"]
ends_at = "wallet.pin"
[send-1]
dial = "3*{payee}*{amount}"
inputs = ["4", "{payee}", "{amount}"]
ends_at = "send.pin"
[loss-1]
dial = "9"
inputs = []
starts_at = "loss.start"
ends_at = "loss.choose"
anyone = true
[phone_key-1]
dial = "0*{token_number}*{atc}*{proof}"
inputs = ["{token_number}", "{atc}", "{proof}"]
starts_at = "phone_key.token"
ends_at = "phone_key.refused"
anyone = true
"""
DIAL = """
[dial]
unknown = "Unknown code."
pin = "Never dial a PIN."
"""


@cache
def hurried() -> FrozenMenus:
    """The shipped menus with shortcuts of ours, and a payment whose last page sends an SMS besides."""
    files = dict(files_of(FOLDER))
    files["menus/shortcuts.toml"] = SHORTCUTS.encode()
    sent = b'[sent]\ntype = "end"\n'
    assert sent in files["menus/send.toml"]
    files["menus/send.toml"] = files["menus/send.toml"].replace(sent, sent + b'sms = "send.sent"\n')
    for name in [name for name in files if name.startswith("texts/") and name.count("/") == 1]:
        if b"[dial]" not in files[name]:
            files[name] += DIAL.encode()
    return freeze(load_files(files))


def other_version() -> FrozenMenus:
    """The same menus under another version."""
    return replace(shipped(), menus=replace(shipped().menus, version="other"))


@dataclass(frozen=True)
class Somebody:
    id: str
    language: str
    branch: str = ""
    style: Style = PLAIN


@dataclass
class Bank:
    """Services behind the menus: everybody is enrolled as `Person <last digits>`; payments are idempotent by key."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, msisdn and call key of every call."""
    paid: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Call key to payer and amount: what really moved."""
    delay_s: float = 0.0
    fault_before: Exception | None = None
    fault_after: Exception | None = None
    strangers: frozenset[str] = frozenset()
    others: dict[str, Somebody] = field(default_factory=dict)
    """By number, who is not the usual person."""
    gate: asyncio.Event | None = None
    """Payments wait until it is set."""

    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        usual = Somebody(f"per_{msisdn[1:]}", "en")
        return None if msisdn in self.strangers else self.others.get(msisdn, usual)

    def actions(self) -> Mapping[str, Action]:
        known = {
            "person.status": self.status,
            "wallet.see": self.see,
            "payments.payee": self.payee,
            "payments.send": self.send,
            "tokens.activation_code": self.activation_code,
            "tokens.whose": self.whose,
        }
        return {name: self._noted(action) for name, action in known.items()}

    def _noted(self, action: Action) -> Action:
        async def noted(caller: Caller, call: Call) -> Result:
            self.calls.append((call.name, caller.msisdn, caller.call_key(call)))
            return await action(caller, call)

        return noted

    async def status(self, caller: Caller, _call: Call) -> Result:
        if caller.msisdn in self.strangers:
            return Result("unknown")
        who = await self.by_msisdn(caller.msisdn)
        assert who is not None
        return Result("active", {"name": f"Person {caller.msisdn[-4:]}"}, who.language, who.style)

    async def see(self, caller: Caller, call: Call) -> Result:
        if call.secrets["pin"] != PIN:
            return Result("wrong_pin", {"tries_left": 2})
        await asyncio.sleep(self.delay_s)
        mine = Amount(int(caller.msisdn[-4:]), "IRR", 0)
        rows: tuple[Row, ...] = (
            {"id": "tr", "day": date(2026, 11, 21), "kind": "benefit", "amount": mine, "sign": "+"},
        )
        return Result("ok", {"balance": mine, "rows": rows})

    async def payee(self, _caller: Caller, call: Call) -> Result:
        return Result("registered", {"name": f"N***e {str(call.args['msisdn'])[-4:]}"})

    async def send(self, caller: Caller, call: Call) -> Result:
        if self.fault_before is not None:
            raise self.fault_before
        if call.secrets["pin"] != PIN:
            return Result("wrong_pin", {"tries_left": 2})
        amount = call.args["amount"]
        assert isinstance(amount, Amount)
        key = caller.call_key(call)
        await asyncio.sleep(self.delay_s)
        if self.gate is not None:
            await self.gate.wait()
        self.paid.setdefault(key, (caller.msisdn, amount.minor))
        if self.fault_after is not None:
            raise self.fault_after
        return Result("ok", {"reference": f"R{len(self.paid):011d}", "balance": Amount(7, "IRR", 0)})

    async def whose(self, caller: Caller, _call: Call) -> Result:
        return Result("stranger" if caller.msisdn in self.strangers else "known")

    async def activation_code(self, _caller: Caller, _call: Call) -> Result:
        return Result("ok", {"code": "83520417", "minutes": 10})


@dataclass
class Switchboard:
    """Dialogues over a store, and what they are made of."""

    dialogues: Dialogues
    store: Store
    bank: Bank
    hops: Hops
    menus: Menus
    late: list[LateAnswer]
    metrics: Metrics
    clock: ManualClock

    def phone(self, msisdn: str = "+989120000001") -> "Phone":
        return Phone(self.dialogues, msisdn, clock=self.clock)

    async def rows(self) -> list[Mapping[str, object]]:
        """All rows, in the order of their beginnings."""
        rows = await self.store.read(select(*sessions.c).order_by(sessions.c.id))
        return [dict(row._mapping) for row in rows]

    async def row(self, phone: "Phone") -> Mapping[str, object]:
        """The session's row, as it lies in the store."""
        rows = await self.store.read(select(*sessions.c).where(sessions.c.session_key == phone.session_key))
        return dict(rows[0]._mapping)


@dataclass
class Phone:
    """One handset; `again` is the provider delivering its last callback once more."""

    dialogues: Dialogues
    msisdn: str
    session_key: str = ""
    text: str = ""
    clock: ManualClock | None = None

    async def dial(self, behind: str = "") -> Reply:
        """Dial the code, or the code and answers behind it, which accumulate like typed ones."""
        if self.clock is not None:
            # No two dials of one number come in the same moment.
            self.clock.advance(timedelta(milliseconds=10))
        self.session_key, self.text = f"key-{next(_keys)}", behind
        return await self.dialogues.answer(replace(self.event(behind), kind=EventKind.BEGIN, dialled=behind))

    async def type(self, typed: str) -> Reply:
        self.text = f"{self.text}*{typed}" if self.text else typed
        return await self.again()

    async def again(self) -> Reply:
        return await self.dialogues.answer(self.event(self.text))

    def event(self, text: str) -> Event:
        kind = EventKind.INPUT if text else EventKind.BEGIN
        return Event("africastalking", kind, self.session_key, self.msisdn, CODE, text)

    async def close(self, kind: EventKind, reason: str = "") -> None:
        """The provider says how the session went."""
        await self.dialogues.close(replace(self.event(""), kind=kind, reason=reason))

    async def at_pin(self, amount: str = "500") -> Reply:
        """Dial and walk to the screen where a PIN agrees to send money."""
        await self.dial()
        for typed in ("4", REACHED.replace(" ", "")):
            await self.type(typed)
        return await self.type(amount)

    def other(self, dialogues: Dialogues) -> "Phone":
        """The same handset in front of another process."""
        return Phone(dialogues, self.msisdn, self.session_key, self.text)


@dataclass
class Outbox:
    """What was told by SMS, once for each session."""

    late: list[LateAnswer] = field(default_factory=list)

    async def __call__(self, answer: LateAnswer) -> None:
        self._put(answer)

    async def prepared(self, answer: LateAnswer) -> Callable[[Connection], bool]:
        return lambda _tx: self._put(answer)

    def _put(self, answer: LateAnswer) -> bool:
        if answer.session_id in {one.session_id for one in self.late}:
            return False
        self.late.append(answer)
        return True


@dataclass
class Telex:
    """A handset on a wire that says only what was typed now; `sequence` where it numbers its deliveries."""

    dialogues: Dialogues
    msisdn: str = "+989120000001"
    session_key: str = "reused"
    numbered: bool = False
    last: Event | None = None
    number: int = 0

    async def dial(self, behind: str = "") -> Reply:
        return await self._give(EventKind.BEGIN, "", behind)

    async def type(self, typed: str) -> Reply:
        return await self._give(EventKind.INPUT, typed)

    async def again(self) -> Reply:
        assert self.last is not None
        return await self.dialogues.answer(self.last)

    async def _give(self, kind: EventKind, text: str, dialled: str = "") -> Reply:
        self.number += 1
        sequence = str(self.number) if self.numbered else ""
        event = Event("telex", kind, self.session_key, self.msisdn, CODE, text, alone=True, sequence=sequence)
        self.last = replace(event, dialled=dialled)
        return await self.again()


class FailingStore(Store):
    """A store that takes nothing when `fails` is set: the moment before a process dies."""

    fails = False

    async def apply(self, *writes: Write) -> None:
        if self.fails:
            raise StoreUnavailable("gone")
        await super().apply(*writes)

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self.fails:
            raise StoreUnavailable("gone")
        return await super().write(work)


@asynccontextmanager
async def switchboard(
    url: str,
    clock: ManualClock,
    *,
    bank: Bank | None = None,
    keys: KeyStore | None = None,
    menus: FrozenMenus | None = None,
    budget_s: float = 5.0,
    work_max: int = 1_000,
    profile_of: Profiles = lambda _adapter, _operator: Profile(),
) -> AsyncIterator[Switchboard]:
    """A process that answers dialogues; its work is over when the context ends."""
    await Store.upgrade(url)
    store = await FailingStore.open(url)
    bank = bank or Bank()
    outbox = Outbox()
    kept = Menus(menus or shipped())
    settings = DialogueSettings(ZoneInfo("Asia/Tehran"), language="en", budget_s=budget_s)
    try:
        async with asyncio.TaskGroup() as tasks:
            hops = Hops(bank.actions(), profile_of, tasks, outbox, work_max)
            metrics = Metrics()
            made = Dialogues(store, keys or SHARED_KEYS, clock, kept, hops, bank, settings, metrics)
            yield Switchboard(made, store, bank, hops, kept, outbox.late, metrics, clock)
    finally:
        await store.close()


SHARED_KEYS = SoftwareKeyStore.for_tests()
"""All processes of one house share their keys."""
