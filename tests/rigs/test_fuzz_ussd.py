"""Every wire of USSD under mutated, random and structured requests: an event or a typed refusal, soon, and no secrets.

A failure prints the wire and the seed of its input; `FUZZ_SEED=<seed>` runs that one again. `HYPOTHESIS_PROFILE=soak`
is the long form: 100,000 inputs a wire.
"""

import json
import os
import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound, Probe
from gateway.channels.ussd.wire import Wire as UssdWire
from gateway.channels.ussd.wires import wire_of
from gateway.channels.ussd.wires.markup import BODY_BYTES_MAX, Node, parsed
from gateway.services.dialogues import EventKind
from tests.gateway.channels.ussd.samples import SAMPLES
from tests.gateway.channels.ussd.sampling import XML, Call, Case, Sample, Sent, garbled
from tests.rigs.fuzz import (
    HOSTILE_S_MAX,
    INPUT_S_MAX,
    KEPT_BYTES_MAX,
    PEAK_BYTES_MAX,
    Wire,
    cpu_s,
    hostile,
    input_of,
    kept_bytes,
    outcome_of,
    peak_bytes,
)

INPUTS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1_000
ONE = os.environ.get("FUZZ_SEED")
CODES = Codes(["*1420#", "*711*22#"])
PAGES = ("Balance 7\n1 Go on <&\"'>", "موجودی ۷", "€[]{}")
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
TYPED = re.compile(r"[0-9]{6,}")


def seeds_of(sample: Sample) -> tuple[Sent, ...]:
    """What a provider sends, and what it should not."""
    call = Call(1_001, "4*09120000009*500")
    sent = [sample.hop(call)]
    for typed in ("4", "09120000009", "500", "246813"):
        call.entries.append(typed)
        call.kept.update({"cookie": f"0-1001-1008-5-{call.msisdn}", "userObject": "3"})
        sent.append(sample.hop(call))
    if sample.ended is not None:
        sent += [sample.ended(call, case) for case in (Case.ABORT, Case.TIMEOUT)]
    return (*sent, *garbled(sent[0]))


class Reader:
    """Reads one wire's inputs: the query of a GET, else the body, under the headers of a good request."""

    def __init__(self, name: str, sample: Sample) -> None:
        self.wire = wire_of(name, name, CODES)
        self.sent = seeds_of(sample)
        self._by_body = {sent.body: sent for sent in self.sent}

    @property
    def seeds(self) -> tuple[bytes, ...]:
        said = ((sent.query.encode() if sent.method == "GET" else sent.body) for sent in self.sent)
        return tuple(filter(None, said))

    def __call__(self, data: bytes) -> str | None:
        refused = [self.read(sent, data) for sent in (self.sent[0], self.sent[2], self.sent[-2])]
        return None if None in refused else " ".join(map(str, refused))

    def read(self, sent: Sent, data: bytes) -> str | None:
        headers = {name.lower(): value for name, value in sent.headers.items()}
        given_ = Inbound(sent.method, sent.tail, "", headers, data)
        if sent.method == "GET":
            given_ = Inbound("GET", sent.tail, data.decode("latin-1"), headers)
        return judged(self.wire, given_)


def judged(wire: UssdWire, given_: Inbound) -> str | None:
    """None for an event with its answers in their form, else the refusal."""
    found = wire.parse(given_)
    for text in PAGES:
        well_formed(wire.refused(given_, text, status=400))
    if isinstance(found, BadForm):
        return found.value
    if isinstance(found, Probe):
        well_formed(found.answer(True))
        return None
    event = found.event
    assert event.adapter == wire.name
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", event.msisdn) or not event.msisdn
    assert not FORBIDDEN.search(f"{event.text}{event.dialled}{event.reason}{event.operator}{event.session_key}")
    assert len(event.text) <= 1_000
    answers = answers_to(wire, found)
    known = f"{event.msisdn} {event.session_key} {event.service_code} {event.sequence} {event.operator}"
    known += " ".join(found.echo.values())
    for secret in TYPED.findall(f"{event.text} {event.dialled}"):
        if secret not in known:
            assert secret not in repr(found)
            assert not any(secret.encode() in answer.body for answer in answers)
    return None


def answers_to(wire: UssdWire, found: Delivery) -> list[Outbound]:
    if found.event.kind in {EventKind.BEGIN, EventKind.INPUT}:
        answers = [wire.page(found, text, more=more) for text in PAGES for more in (True, False)]
    else:
        answers = [wire.noted(found)]
    for answer in answers:
        well_formed(answer)
    return answers


def well_formed(answer: Outbound) -> None:
    body = answer.body.decode("utf-8")
    if "json" in answer.content_type and body:
        json.loads(body)
    elif "xml" in answer.content_type and body:
        ElementTree.fromstring(body)  # noqa: S314  - our own answer
    assert not any("\n" in value or "\r" in value for value in answer.headers.values())
    assert answer.status in {200, 400, 401, 403, 413, 429}


READERS: Mapping[str, Reader] = {name: Reader(name, sample) for name, sample in SAMPLES.items()}
WIRES = tuple(Wire(name, reader.seeds, reader, hostile_bytes=16_384) for name, reader in READERS.items())
every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)


@pytest.mark.rig
@every_wire
@pytest.mark.timeout(1800)
def test_mutated_requests_give_an_event_or_a_typed_refusal(wire: Wire) -> None:
    values = refusals = 0
    for seed in range(INPUTS) if ONE is None else range(int(ONE), int(ONE) + 1):
        data = input_of(wire, seed)
        try:
            if outcome_of(wire, data) is None:
                values += 1
            else:
                refusals += 1
        except Exception as problem:
            problem.add_note(f"{wire.name}: FUZZ_SEED={seed} {data[:400]!r}")
            raise
    if ONE is None:
        assert values > 0
        assert refusals > 0


@pytest.mark.rig
@every_wire
def test_no_request_takes_long(wire: Wire) -> None:
    for seed in range(500):
        assert cpu_s(wire, input_of(wire, seed), bound_s=INPUT_S_MAX) <= INPUT_S_MAX, f"FUZZ_SEED={seed}"


@pytest.mark.rig
@every_wire
def test_a_long_hostile_request_takes_time_in_proportion_and_little_memory(wire: Wire) -> None:
    short = list(hostile(wire, wire.hostile_bytes // 8))
    for at, data in enumerate(hostile(wire, wire.hostile_bytes)):
        shown = f"{wire.name}: hostile input {at}, {data[:40]!r}"
        bound_s = min(HOSTILE_S_MAX, 24 * max(cpu_s(wire, short[at], bound_s=0), 0.002))
        assert cpu_s(wire, data, bound_s=bound_s) <= bound_s, shown
    assert peak_bytes(wire, wire.seeds[0] * 100) <= PEAK_BYTES_MAX


@pytest.mark.rig
@every_wire
def test_requests_leave_no_memory_behind(wire: Wire) -> None:
    outcome_of(wire, wire.seeds[0])
    assert kept_bytes(wire, range(300)) <= KEPT_BYTES_MAX


@pytest.mark.rig
@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
def test_structured_requests_give_an_event_or_a_typed_refusal(name: str, data: st.DataObject) -> None:
    reader = READERS[name]
    sent = data.draw(st.sampled_from(reader.sent))
    names = re.findall(r"[A-Za-z_]{2,}", sent.query or sent.body.decode("utf-8", "replace"))
    word = st.one_of(st.sampled_from(names or ["x"]), st.text(max_size=40), st.integers(), st.booleans(), st.none())
    typed = data.draw(word)
    if sent.headers.get("Content-Type", "").startswith("application/json"):
        members = data.draw(
            st.dictionaries(st.sampled_from(names or ["x"]), st.recursive(word, st.lists, max_leaves=9))
        )
        body = json.dumps({**members, "x": typed}).encode()
    else:
        body = (sent.query.encode() or sent.body).replace(b"500", str(typed).encode("utf-8", "surrogatepass"))
    reader.read(sent, body)


BOMBS = {
    "a billion laughs": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 20))
    + b"]><dialog>&a19;</dialog>",
    "a file": b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><dialog>&f;</dialog>',
    "a parameter entity": b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]><dialog/>',
    "an empty document type": b"<!DOCTYPE dialog><dialog/>",
    "an entity that nobody declared": b"<dialog>&nope;</dialog>",
    "deep nesting": b"<a>" * 10_000 + b"</a>" * 10_000,
    "many elements": b"<a>" + b"<b/>" * 10_000 + b"</a>",
    "an attribute twice": b'<a b="1" b="2"/>',
    "two roots": b"<a/><b/>",
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><a/>',
    "an encoding that is none": b'<?xml version="1.0" encoding="nonsense"?><a/>',
    "no UTF-8": b"<a>\xff</a>",
    "overlong UTF-8": b"<a>\xc0\xaf</a>",
    "a NUL": b"<a>\0</a>",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_xml_that_means_harm_is_refused(body: bytes) -> None:
    wire = wire_of("restcomm", "restcomm", CODES)
    headers = {name.lower(): value for name, value in XML.items()}

    assert isinstance(parsed(body), BadForm)
    assert isinstance(wire.parse(Inbound("POST", "", "", headers, body)), BadForm)


def test_xml_within_bounds_is_read() -> None:
    wide = b"<a>" + b"<b c='d'>\xd8\xb4</b>" * 500 + b"</a>"
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a b="é"/>'.encode("latin-1")
    root, accented = parsed(wide), parsed(latin)

    assert len(wide) < BODY_BYTES_MAX
    assert isinstance(root, Node)
    assert len(root.children) == 500
    assert isinstance(accented, Node)
    assert accented.attributes == {"b": "é"}
