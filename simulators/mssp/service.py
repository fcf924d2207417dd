"""The mobile signature service itself, whatever form its messages have: its rules, its transactions and its phones."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.faults import MsspFaults
from simulators.gsm import septets_of
from simulators.mssp import cms
from simulators.mssp.asks import DIGEST_MIME, TEXT_MIME, Header, Mode, ProfileAsk, ReceiptAsk, SignAsk, StatusAsk
from simulators.mssp.authority import Authority, Issued, system_clock
from simulators.mssp.codes import ETSI, FICOM, Code, Refusal
from simulators.mssp.phone import Done, Prompt, SignPhone
from simulators.trace import Trace

WIRE = "mssp"
GSM_MAX, UCS2_MAX = 239, 119
SKEW_MAX_S = 300
KEPT_MAX = 2_000
"""Transactions and used numbers that are remembered."""
HEARTBEAT = "+41000000000"
TEST_NUMBERS = "+41000092"
"""A number that begins like this is answered with the code of its last three digits."""
SIM_PROFILE = "http://mid.swisscom.ch/STK-LoA4"
PROFILES: Mapping[str, str] = {
    "http://alauda.mobi/digitalSignature": "http://alauda.mobi/digitalSignature",
    "http://alauda.mobi/nonRepudiation": "http://alauda.mobi/nonRepudiation",
    "http://mid.swisscom.ch/Any-LoA4": SIM_PROFILE,
    SIM_PROFILE: SIM_PROFILE,
    "": "http://alauda.mobi/nonRepudiation",
}
"""What a profile that may be asked for becomes; phones are SIMs, so that the application's profile is unsupported."""
FORMATS = frozenset({"", f"{ETSI}PKCS7", f"{ETSI}CMS-Signature"})
VALIDATE = f"{FICOM}validate"


@dataclass(frozen=True, slots=True)
class Provider:
    """An application provider.

    Attributes:
        prefix: What every text that a phone shows must hold.
        notify_url: Where results of asynchServerServer go; '' if it has not that mode.
    """

    ap_id: str
    password: str = field(repr=False)
    prefix: str = ""
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a profile query tells of a SIM."""

    on: bool
    pin_blocked: bool
    certificates: tuple[bytes, ...]
    """DER, the person's and those above it."""
    subject: str
    algorithm: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no fault."""

    header: Header
    instant: datetime
    code: Code
    msisdn: str = ""
    transaction: str = ""
    signature: bytes = field(default=b"", repr=False)
    profiles: tuple[str, ...] = ()
    card: Card | None = None


@dataclass(slots=True)
class Transaction:
    """One signature, until it is forgotten."""

    id: str
    ask: SignAsk
    profile: str
    end: asyncio.Future[Done]
    receipted: bool = False


class Service:
    """Answers what application providers ask."""

    def __init__(
        self,
        authority: Authority,
        phones: Mapping[str, SignPhone],
        providers: Mapping[str, Provider],
        faults: MsspFaults,
        trace: Trace,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self.phones = phones
        self.providers = providers
        self._authority = authority
        self._faults = faults
        self._trace = trace
        self._clock = clock
        self._elsewhere = Authority(None, clock)
        self._transactions: OrderedDict[str, Transaction] = OrderedDict()
        self._used: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._last: dict[str, bytes] = {}
        self._count = 0

    def now(self) -> datetime:
        """The service's clock, which may be wrong."""
        return self._clock() + timedelta(seconds=self._faults.clock_skew_s)

    async def sign(self, ask: SignAsk) -> Answer:
        """Ask a phone; in synch mode the answer is the signature, in the others REQUEST_OK.

        Raises:
            Refusal: With the standard's code.
        """
        transaction = await self._begun(ask)
        if ask.mode is Mode.SYNCH:
            await asyncio.shield(transaction.end)
            return self.outcome(transaction)
        return self._answer(ask.header, Code.REQUEST_OK, ask.msisdn, transaction.id, profiles=(transaction.profile,))

    def status(self, ask: StatusAsk) -> Answer:
        """How a transaction stands.

        Raises:
            Refusal: It failed, or nobody knows it.
        """
        self._admit(ask.header)
        transaction = self._known(ask.mssp_transaction, ask.header)
        if not transaction.end.done():
            return self._answer(ask.header, Code.OUTSTANDING_TRANSACTION, transaction.ask.msisdn, transaction.id)
        return self.outcome(transaction, ask.header)

    async def profile(self, ask: ProfileAsk) -> Answer:
        """What a person's SIM can do.

        Raises:
            Refusal: The person is not known, or has no key.
        """
        self._admit(ask.header)
        _test_number(ask.msisdn)
        phone = self._phone(ask.msisdn)
        issued = await phone.issued()
        if issued is None:
            raise Refusal(Code.NO_KEY_FOUND)
        kinds = tuple(dict.fromkeys(profile for profile in PROFILES.values()))
        card = _card(phone, issued, self._authority)
        return self._answer(ask.header, Code.REQUEST_OK, ask.msisdn, profiles=kinds, card=card)

    def receipt(self, ask: ReceiptAsk) -> Answer:
        """Show a text on the phone that has signed; one for each signature.

        Raises:
            Refusal: No such signature, a text that does not fit, or the phone is off.
        """
        self._admit(ask.header)
        transaction = self._known(ask.mssp_transaction, ask.header)
        signed = transaction.end.done() and transaction.end.result().code is Code.SIGNATURE
        if not signed or transaction.receipted or transaction.ask.msisdn != ask.msisdn:
            raise Refusal(Code.WRONG_PARAM, "no signature that waits for a receipt")
        _fits(ask.text)
        phone = self._phone(ask.msisdn)
        if not phone.on:
            raise Refusal(Code.OTA_ERROR)
        transaction.receipted = True
        phone.told(ask.text)
        return self._answer(ask.header, Code.REQUEST_OK, ask.msisdn, transaction.id)

    def outcome(self, transaction: Transaction, header: Header | None = None) -> Answer:
        """The answer to a transaction that has ended; `header` of who asks now.

        Raises:
            Refusal: It ended in a fault.
        """
        done = transaction.end.result()
        if not done.code.is_status:
            raise Refusal(done.code)
        ask = transaction.ask
        code = Code.VALID_SIGNATURE if done.code is Code.SIGNATURE and VALIDATE in ask.services else done.code
        return self._answer(
            header or ask.header, code, ask.msisdn, transaction.id, profiles=(transaction.profile,), signature=done.cms
        )

    def transaction(self, name: str) -> Transaction:
        """One that is remembered.

        Raises:
            KeyError: It is not.
        """
        return self._transactions[name]

    async def _begun(self, ask: SignAsk) -> Transaction:
        provider = self._admit(ask.header)
        self._use(ask.header)
        profile = self._checked(ask, provider)
        test = _test_number(ask.msisdn, later=ask.mode is not Mode.SYNCH)
        if test is not None:
            return self._kept(ask, profile, test)
        phone = self._phone(ask.msisdn)
        own = await phone.issued()
        if own is None:
            raise Refusal(Code.NO_KEY_FOUND)
        if phone.blocked:
            raise Refusal(Code.PIN_NR_BLOCKED)
        if not phone.on:
            raise Refusal(Code.OTA_ERROR)
        if phone.busy:
            raise Refusal(Code.PB_SIGNATURE_PROCESS)
        if phone.revoked:
            return self._kept(ask, profile, Done(Code.REVOKED_CERTIFICATE))
        signer = await self._signer(ask.msisdn)
        if phone.busy:
            raise Refusal(Code.PB_SIGNATURE_PROCESS)
        digest = ask.data if ask.mime == DIGEST_MIME else hashlib.sha256(ask.data).digest()
        prompt = Prompt(self._next_id(), ask.displayed, digest, self._expiry(ask))
        end = phone.ask(prompt, lambda issued: self._made(ask, digest, signer or issued))
        self._trace.record(WIRE, f"{ask.msisdn} shows a request", ask.displayed, outbound=False)
        end.add_done_callback(lambda ended: self._ended(ask, ended))
        return self._keep(Transaction(prompt.id, ask, profile, end))

    def _ended(self, ask: SignAsk, end: asyncio.Future[Done]) -> None:
        if not end.cancelled():
            code = end.result().code
            self._trace.record(WIRE, f"{ask.msisdn} {code.value} {code.name}", outbound=True)

    def _checked(self, ask: SignAsk, provider: Provider) -> str:
        """The profile that will be used; raises what is wrong with the request."""
        if ask.mode is Mode.SERVER_SERVER and not provider.notify_url:
            raise Refusal(Code.NO_URL_FOUND, "no address for results")
        if ask.format not in FORMATS:
            raise Refusal(Code.WRONG_PARAM, "MSS_Format")
        if ask.valid_until is not None and ask.valid_until <= self.now():
            raise Refusal(Code.EXPIRED_TRANSACTION, "ValidityDate")
        if ask.msisdn == HEARTBEAT:
            raise Refusal(Code.WRONG_PARAM, "Illegal msisdn")
        if ask.profile not in PROFILES:
            raise Refusal(Code.UNSUPPORTED_PROFILE, ask.profile[:100])
        texts = {ask.displayed, *([ask.data.decode()] if ask.mime == TEXT_MIME else [])}
        for text in texts:
            _fits(text)
        if provider.prefix not in ask.displayed:
            raise Refusal(Code.INAPPROPRIATE_DATA, "the text does not hold the prefix")
        return PROFILES[ask.profile]

    def _admit(self, header: Header) -> Provider:
        provider = self.providers.get(header.ap_id)
        if provider is None or provider.password != header.password:
            raise Refusal(Code.UNAUTHORIZED_ACCESS)
        if abs((header.instant - self.now()).total_seconds()) > SKEW_MAX_S:
            raise Refusal(Code.WRONG_PARAM, "Instant is too far from now")
        return provider

    def _use(self, header: Header) -> None:
        key = (header.ap_id, header.transaction, header.instant.isoformat())
        if key in self._used:
            raise Refusal(Code.WRONG_PARAM, "AP_TransID and Instant were used before")
        self._used[key] = None
        if len(self._used) > KEPT_MAX:
            self._used.popitem(last=False)

    def _phone(self, msisdn: str) -> SignPhone:
        phone = self.phones.get(msisdn)
        if phone is None:
            raise Refusal(Code.UNKNOWN_CLIENT)
        return phone

    def _known(self, name: str, header: Header) -> Transaction:
        transaction = self._transactions.get(name)
        if transaction is None or transaction.ask.header.ap_id != header.ap_id:
            raise Refusal(Code.WRONG_PARAM, "unknown MSSP_TransID")
        return transaction

    def _expiry(self, ask: SignAsk) -> datetime:
        """By the machine's clock: how wrong the service's is does not change how long the person has."""
        until = self._clock() + timedelta(seconds=ask.timeout_s)
        return until if ask.valid_until is None else min(until, ask.valid_until)

    async def _signer(self, msisdn: str) -> Issued | None:
        """Whose key signs instead of the person's own, with a fault."""
        if self._faults.other_signer:
            other = next(phone for number, phone in self.phones.items() if number != msisdn)
            return await other.issued()
        if self._faults.other_root:
            own = await self.phones[msisdn].issued()
            return own and self._elsewhere.certify(own.key, self.phones[msisdn].name)
        return None

    def _made(self, ask: SignAsk, digest: bytes, signer: Issued) -> bytes:
        if self._faults.replay and ask.msisdn in self._last:
            return self._last[ask.msisdn]
        content = None if ask.mime == DIGEST_MIME else ask.data
        if self._faults.other_text:
            content = None if content is None else content + b"."
            digest = hashlib.sha256(digest if content is None else content).digest()
        chain = self._elsewhere.chain() if self._faults.other_root else self._authority.chain()
        made = cms.signed_data(signer, chain, self.now(), digest=digest, content=content)
        if self._faults.broken_signature:
            # The signature is what the structure ends with.
            made = made[:-1] + bytes([made[-1] ^ 1])
        self._last[ask.msisdn] = made
        return made

    def _kept(self, ask: SignAsk, profile: str, done: Done) -> Transaction:
        """A transaction that has ended before a phone was asked."""
        end: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        end.set_result(done)
        return self._keep(Transaction(self._next_id(), ask, profile, end))

    def _keep(self, transaction: Transaction) -> Transaction:
        self._transactions[transaction.id] = transaction
        if len(self._transactions) > KEPT_MAX:
            self._transactions.popitem(last=False)
        return transaction

    def _next_id(self) -> str:
        self._count += 1
        return f"MSSP-{int(self._clock().timestamp()):x}-{self._count}"

    def _answer(
        self,
        header: Header,
        code: Code,
        msisdn: str = "",
        transaction: str = "",
        *,
        signature: bytes = b"",
        profiles: tuple[str, ...] = (),
        card: Card | None = None,
    ) -> Answer:
        return Answer(header, self.now(), code, msisdn, transaction, signature, profiles, card)


def _fits(text: str) -> None:
    septets = septets_of(text)
    if (len(text) > UCS2_MAX) if septets is None else (septets > GSM_MAX):
        raise Refusal(Code.WRONG_DATA_LENGTH, f"at most {GSM_MAX} characters of GSM 03.38, or {UCS2_MAX}")


def _test_number(msisdn: str, *, later: bool = False) -> Done | None:
    """What a test number is answered with; a fault of the phone's comes `later` where the mode is asynchronous."""
    if not msisdn.startswith(TEST_NUMBERS):
        return None
    try:
        code = Code(int(msisdn.removeprefix(TEST_NUMBERS) or 0))
    except ValueError:
        return None
    if code.is_status or (later and not code.is_senders):
        return Done(code)
    raise Refusal(code, "test number")


def _card(phone: SignPhone, issued: Issued, authority: Authority) -> Card:
    chain = (issued.certificate, *authority.chain())
    return Card(
        phone.on, phone.blocked, tuple(cms.der(one) for one in chain), issued.certificate.subject.rfc4514_string(),
        cms.algorithm(issued.key), phone.revoked,
    )  # fmt: skip
