"""A lab bench with a carrier that talks to itself, for the lab's tests."""

from dataclasses import dataclass, field

from simulators import people
from simulators.faults import Faults
from simulators.lab import Bench
from simulators.mssp import Authority, SignPhone
from simulators.nfc_phone import NfcPhone
from simulators.phone import Idle, Phone
from simulators.terminal import Terminal, TerminalConfig
from simulators.trace import Trace
from tests.simulators.acquirer import KEY

FIRST = "+989120000001"
RETIREE = "+989120000002"
SIGNERS = {"+989120000101": "Treasurer", "+989120000102": "Checker"}
ENGLISH = "1. Balance\n2. Claim a benefit\n3. Pay\n4. More"
PERSIAN = "۱. موجودی\n۲. درخواست مزایا\n۳. پرداخت\n۴. بیشتر"


@dataclass(slots=True)
class TalkingNetwork:
    """Shows `menu` when dialled, repeats an answer and closes at 0; anything but the service code fails."""

    trace: Trace
    menu: str = ENGLISH

    async def dial(self, msisdn: str, code: str) -> Idle:
        self.trace.record("ussd", f"{msisdn} dials {code}", code, outbound=True)
        if code != "*1420#":
            return Idle(failed=f"no service at {code}")
        self.trace.record("ussd", f"{msisdn} CON", self.menu, outbound=False)
        return Idle(self.menu, open=True)

    async def answer(self, msisdn: str, text: str) -> Idle:
        self.trace.record("ussd", f"{msisdn} answers {text}", text, outbound=True)
        return Idle(f"You chose <{text}>", open=text != "0")

    def cancel(self, msisdn: str) -> None:
        self.trace.record("ussd", f"{msisdn} hangs up", outbound=True)


@dataclass(slots=True)
class Letterbox:
    """Keeps what phones send."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def deliver(self, msisdn: str, text: str, dest: str) -> None:
        self.sent.append((msisdn, text, dest))


def bench_of(acquirer_port: int, api_url: str = "http://127.0.0.1:9") -> tuple[Bench, TalkingNetwork]:
    """Ten phones, ten NFC phones, two that sign, one terminal at the acquirer's port."""
    trace, faults = Trace(), Faults()
    network = TalkingNetwork(trace)
    messages = Letterbox()
    everybody = people.load()
    authority = Authority(None)
    config = TerminalConfig("TERM0001", "PHARMACY000001", "Moradi Pharmacy", KEY)
    terminal = Terminal(config, host="127.0.0.1", port=acquirer_port, faults=faults, trace=trace, answer_timeout_s=0.5)
    bench = Bench(
        service_code="*1420#",
        short_code="1420",
        carriers={"africastalking": network},
        phones={person.msisdn: Phone(person, network, messages) for person in everybody},
        nfc_phones={person.msisdn: NfcPhone(person.msisdn, api_url, trace) for person in everybody},
        terminals={"TERM0001": terminal},
        faults=faults,
        trace=trace,
        sign_phones={number: SignPhone(number, name, authority, pin="4711") for number, name in SIGNERS.items()},
    )
    return bench, network
