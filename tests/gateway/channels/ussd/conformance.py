"""The conformance kit: the fifteen things that every wire must do, played through the door against real dialogues."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestClient

from gateway.channels.ussd.door import Answerer
from gateway.channels.ussd.wire import Outbound
from gateway.observe import Metrics
from gateway.services.dialogues import Closing, Event, EventKind, HopEnd, Reply, closing_text
from tests.gateway.channels.ussd.sampling import Call, Case, Sample, Sent, Shown, garbled, without
from tests.gateway.services.dialogues.switchboard import PIN, Bank

SECRET = "s3cret-of-the-path"
WALK = ("4", "09120000009", "500")
SUFFIX = "4*09120000009*500"
FAILED = closing_text(Closing.FAILED, "en")
UNREADABLE = closing_text(Closing.UNREADABLE, "en")
OVER = (closing_text(Closing.LOST, "en"), closing_text(Closing.EXPIRED, "en"))
_sessions = itertools.count(1_000)


@dataclass
class Recorder:
    """Dialogues that remember what they were asked; `wordy` makes the next page longer than any wire carries."""

    inner: Answerer
    events: list[Event] = field(default_factory=list)
    wordy: bool = False

    async def answer(self, event: Event) -> Reply:
        self.events.append(event)
        if self.wordy:
            return Reply("ش" * 81, more=True, end=HopEnd.CONTINUES)
        return await self.inner.answer(event)

    async def close(self, event: Event) -> None:
        self.events.append(event)
        await self.inner.close(event)

    async def is_live(self, adapter: str, session_key: str) -> bool:
        return await self.inner.is_live(adapter, session_key)

    def closing(self, closing: Closing) -> str:
        return self.inner.closing(closing)


@dataclass
class Provider:
    """Takes the pages that come by a call of ours."""

    pages: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(16))

    async def post(self, url: str, sent: Outbound) -> None:
        assert url.startswith("http://provider.example/")
        await self.pages.put(sent.body.decode())


@dataclass
class Rig:
    """One wire at its mount, and another mount of it that only strangers' addresses may call."""

    name: str
    sample: Sample
    client: TestClient[web.Request, web.Application]
    asked: Recorder
    bank: Bank
    metrics: Metrics
    provider: "Provider"

    def call(self, suffix: str = "") -> Call:
        return Call(next(_sessions), suffix)

    async def send(self, sent: Sent, *, secret: str = SECRET, mount: str = "") -> tuple[int, str, Mapping[str, str]]:
        path = f"/ussd/{mount or self.name}/{secret}" + (f"/{sent.tail}" if sent.tail else "")
        url = f"{path}?{sent.query}" if sent.query else path
        answer = await self.client.request(sent.method, url, data=sent.body or None, headers=dict(sent.headers))
        body, header = await answer.text(), self.sample.in_header
        if self.sample.later is not None and answer.status == 200 and self.sample.later(sent):
            async with asyncio.timeout(5):
                body = await self.provider.pages.get()
        return answer.status, f"{answer.headers[header]}\0{body}" if header in answer.headers else body, answer.headers

    async def hop(self, call: Call) -> Shown:
        status, body, headers = await self.send(self.sample.hop(call))
        assert status == 200
        if self.sample.keeps is not None:
            self.sample.keeps(headers, body, call)
        return self.sample.read(body)

    async def dial(self, suffix: str = "") -> tuple[Call, Shown]:
        call = self.call(suffix)
        return call, await self.hop(call)

    async def type(self, call: Call, text: str) -> Shown:
        call.entries.append(text)
        return await self.hop(call)

    async def at_pin(self) -> Call:
        call, _ = await self.dial()
        for typed in WALK:
            shown = await self.type(call, typed)
            assert shown.more
        return call

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


async def begin(rig: Rig) -> None:
    call, shown = await rig.dial()
    event = rig.asked.events[-1]
    assert (event.kind, event.msisdn, event.dialled) == (EventKind.BEGIN, f"+{call.msisdn}", "")
    assert event.text == ("1420" if rig.sample.code_begins else "")
    assert event.adapter == rig.name
    assert event.service_code in {"*1420#", ""}
    assert shown.more


async def direct_dial(rig: Rig) -> None:
    await rig.dial(SUFFIX)
    event = rig.asked.events[-1]
    assert (event.kind, event.dialled) == (EventKind.BEGIN, SUFFIX)
    assert event.service_code == "*1420#"


async def typed(rig: Rig) -> None:
    call, first = await rig.dial()
    shown = await rig.type(call, "4")
    assert shown.more
    assert shown.text != first.text
    assert rig.asked.events[-1].msisdn == f"+{call.msisdn}"


async def ended(rig: Rig) -> None:
    before = len(rig.bank.paid)
    shown = await rig.type(await rig.at_pin(), PIN)
    assert not shown.more
    assert len(rig.bank.paid) == before + 1


async def cut(rig: Rig, case: Case, kind: EventKind) -> None:
    assert rig.sample.ended is not None
    call = await rig.at_pin()
    before = len(rig.bank.paid)
    status, _, _ = await rig.send(rig.sample.ended(call, case))
    again, _, _ = await rig.send(rig.sample.ended(call, case))
    assert (status, again) == (200, 200)
    assert rig.asked.events[-1].kind is kind or case is Case.TIMEOUT
    assert rig.asked.events[-1].reason
    shown = await rig.type(call, PIN)
    assert not shown.more
    assert shown.text in OVER
    assert len(rig.bank.paid) == before


async def begin_twice(rig: Rig) -> None:
    call, first = await rig.dial()
    assert await rig.hop(call) == first


async def twice(rig: Rig, *, at_once: bool) -> None:
    call, before = await rig.at_pin(), len(rig.bank.paid)
    call.entries.append(PIN)
    sent = rig.sample.hop(call)
    if at_once:
        rig.bank.delay_s = 0.05
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(rig.send(sent)) for _ in range(3)]
        rig.bank.delay_s = 0.0
        bodies = {task.result()[1] for task in tasks}
    else:
        bodies = {(await rig.send(sent))[1] for _ in range(3)}
    assert len(bodies) == 1
    assert not rig.sample.read(bodies.pop()).more
    assert len(rig.bank.paid) == before + 1


async def late(rig: Rig) -> None:
    call = await rig.at_pin()
    await rig.type(call, PIN)
    before = len(rig.bank.paid)
    shown = await rig.type(call, "7")
    assert not shown.more
    assert shown.text in OVER
    assert len(rig.bank.paid) == before


async def unknown(rig: Rig) -> None:
    _, other = await rig.dial()
    call = rig.call()
    call.kept.update({"cookie": f"0-{call.session}-{call.session + 7}-5-{call.msisdn}", "userObject": "1"})
    shown = await rig.type(call, "1")
    assert not shown.more
    assert shown.text in OVER
    assert shown.text != other.text


async def refused(rig: Rig, sent: Sent) -> None:
    before, asked = _refusals(rig), len(rig.asked.events)
    status, body, _ = await rig.send(sent)
    assert status in {200, 400}
    shown = rig.sample.read(body)
    assert rig.sample.wordless or shown.text == UNREADABLE
    assert len(rig.asked.events) == asked
    assert _refusals(rig) == before + 1


async def missing(rig: Rig) -> None:
    sent = without(rig.sample.hop(rig.call()), rig.sample.needed)
    await refused(rig, sent)
    assert rig.counted("tapdial_refused_input_total", door="ussd", reason="field_missing") == 1


async def garbled_ones(rig: Rig) -> None:
    for sent in garbled(rig.sample.hop(rig.call())):
        await refused(rig, sent)


async def too_long(rig: Rig) -> None:
    rig.asked.wordy = True
    call, shown = await rig.dial()
    rig.asked.wordy = False
    assert shown.text == FAILED
    assert rig.asked.events[-1].kind is EventKind.ABORT
    assert rig.counted("tapdial_ussd_hops_total", wire=rig.name, end="page_too_long") == 1
    del call


async def credential(rig: Rig) -> None:
    asked = len(rig.asked.events)
    sent = rig.sample.hop(rig.call())
    wrong = await rig.send(sent, secret="s3cret-of-the-pat")
    afar = await rig.send(sent, mount=f"{rig.name}_afar")
    assert [(status, body) for status, body, _ in (wrong, afar)] == [(403, "")] * 2
    assert len(rig.asked.events) == asked
    assert rig.counted("tapdial_refused_input_total", door="ussd", reason="credential") == 2


def _refusals(rig: Rig) -> float:
    return sum(
        sample.value
        for family in rig.metrics.registry.collect()
        if family.name == "tapdial_refused_input"
        for sample in family.samples
        if sample.name.endswith("_total")
    )


CASES: Mapping[Case, Callable[[Rig], Awaitable[None]]] = {
    Case.BEGIN: begin,
    Case.DIRECT_DIAL: direct_dial,
    Case.INPUT: typed,
    Case.ENDED: ended,
    Case.ABORT: lambda rig: cut(rig, Case.ABORT, EventKind.ABORT),
    Case.TIMEOUT: lambda rig: cut(rig, Case.TIMEOUT, EventKind.TIMEOUT),
    Case.BEGIN_TWICE: begin_twice,
    Case.INPUT_TWICE_AT_ONCE: lambda rig: twice(rig, at_once=True),
    Case.INPUT_TWICE: lambda rig: twice(rig, at_once=False),
    Case.LATE: late,
    Case.UNKNOWN: unknown,
    Case.MISSING: missing,
    Case.GARBLED: garbled_ones,
    Case.TOO_LONG: too_long,
    Case.CREDENTIAL: credential,
}
"""In this order: each goes on from what those before have left, as a provider would."""
