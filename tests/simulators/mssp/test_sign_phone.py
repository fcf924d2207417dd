"""A SIM through every order of keys, and one meaning in two forms."""

import asyncio
import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulators.mssp import Authority, Code, Done, Prompt, Said, SignPhone, asks, rest, soap
from simulators.mssp.phone import PIN_TRIES
from tests.simulators.mssp.provider import AP_ID, AP_PWD, ENVELOPE, FIRST

PIN, WRONG = "4711", "0000"


class SimMachine(RuleBasedStateMachine):
    """Nothing but the right PIN signs, three wrong ones block, and each request ends once."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.phone = SignPhone(FIRST, "Treasurer", Authority(None), pin=PIN)
        self.runner.run(self.phone.issued())
        self.tries = PIN_TRIES
        self.end: asyncio.Future[Done] | None = None
        self.signed = 0

    def teardown(self) -> None:
        if self.end is not None:
            self.phone.cancel()
        self.runner.close()

    @rule()
    @precondition(lambda self: self.end is None and self.tries > 0)
    def ask(self) -> None:
        soon = datetime.now(UTC) + timedelta(hours=1)

        async def asked() -> "asyncio.Future[Done]":
            return self.phone.ask(Prompt("MSSP-1", "SSO: x", bytes(32), soon), self.make)

        self.end = self.runner.run(asked())

    def make(self, _: object) -> bytes:
        self.signed += 1
        return b"cms"

    @rule(right=st.booleans())
    def type_pin(self, right: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        before = self.signed
        said = self.runner.run(self.phone.type_pin(PIN if right else WRONG))
        if self.end is None:
            assert (said, self.signed) == (Said.NOTHING, before)
        elif right:
            assert (said, self.signed) == (Said.SIGNED, before + 1)
            self.ended(Code.SIGNATURE)
            self.tries = PIN_TRIES
        else:
            self.tries -= 1
            assert said is (Said.WRONG_PIN if self.tries else Said.BLOCKED)
            if not self.tries:
                self.ended(Code.PIN_NR_BLOCKED)

    @rule()
    def cancel(self) -> None:
        self.phone.cancel()
        if self.end is not None:
            self.ended(Code.USER_CANCEL)

    @rule()
    @precondition(lambda self: self.end is None)
    def swap(self) -> None:
        before = self.phone.serial
        self.runner.run(self.phone.swap_sim())
        self.tries = PIN_TRIES
        assert self.phone.serial != before

    def ended(self, code: Code) -> None:
        assert self.end is not None
        assert self.end.result().code is code
        self.end = None

    @invariant()
    def shows_what_it_holds(self) -> None:
        assert self.phone.tries_left == self.tries
        assert self.phone.blocked is (self.tries == 0)
        assert self.phone.busy is (self.end is not None)
        assert (self.phone.pending() is None) is (self.end is None)


TestSim = SimMachine.TestCase
TestSim.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1
)


@given(text=TEXTS, timeout_s=st.integers(1, 600), digest=st.booleans(), mode=st.sampled_from(list(asks.Mode)))
@settings(max_examples=60, deadline=None)
def test_a_request_means_the_same_in_both_forms(text: str, timeout_s: int, digest: bool, mode: asks.Mode) -> None:  # noqa: FBT001 - hypothesis gives it by name
    header = {"AP_ID": AP_ID, "AP_PWD": AP_PWD, "AP_TransID": "A1", "Instant": "2026-11-27T12:00:00+03:30"}
    data = {"MimeType": "text/plain", "Encoding": "UTF-8", "Data": text}
    if digest:
        octets = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        data = {"MimeType": asks.DIGEST_MIME, "Encoding": "base64", "Data": octets}
    plain = {
        "AP_Info": header, "MobileUser": {"MSISDN": FIRST}, "DataToBeSigned": data, "DataToBeDisplayed": {"Data": text},
        "SignatureProfile": "http://alauda.mobi/nonRepudiation", "MessagingMode": mode, "TimeOut": str(timeout_s),
    }  # fmt: skip
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in header.items())
    inner = (
        f"<mss:AP_Info {attributes}/><mss:MobileUser><mss:MSISDN>{FIRST}</mss:MSISDN></mss:MobileUser>"
        f'<mss:DataToBeSigned MimeType="{data["MimeType"]}" Encoding="{data["Encoding"]}">{escape(data["Data"])}'
        f"</mss:DataToBeSigned><mss:DataToBeDisplayed>{escape(text)}</mss:DataToBeDisplayed><mss:SignatureProfile>"
        "<mss:mssURI>http://alauda.mobi/nonRepudiation</mss:mssURI></mss:SignatureProfile>"
    )
    wire = ENVELOPE.format(
        wrapper="MSS_Signature", name="MSS_SignatureReq", inner=inner,
        attributes=f'MessagingMode="{mode}" TimeOut="{timeout_s}"',
    )  # fmt: skip

    by_rest = asks.read_sign(*rest.read("Signature", json.dumps({"MSS_SignatureReq": plain}).encode()))
    by_soap = asks.read_sign(*soap.read("Signature", wire.encode()))

    assert by_rest == by_soap
    assert by_rest.displayed == text
