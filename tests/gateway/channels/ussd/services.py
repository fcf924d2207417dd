"""Services behind the actions, as hand-written stand-ins: each answers what a test has put into it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from gateway.channels.ussd import SendOutcome, Sent
from gateway.services.benefits import (
    Attested,
    Attester,
    AttesterOutcome,
    AttesterSort,
    AttestOutcome,
    Claim,
    ClaimOutcome,
    ClaimResult,
    ClaimState,
    Datum,
    Evidence,
    KnownAttester,
    ObjectOutcome,
)
from gateway.services.controls.holders import Allowed
from gateway.services.notices import Kept, Title
from gateway.services.payees import AccountKind, PayeeAccount, PayeeOutcome, PayeeResult
from gateway.services.payments import (
    Invoice,
    InvoiceState,
    Payee,
    PayeeKind,
    PayOutcome,
    PayResult,
    RedeemOutcome,
    RedeemResult,
)
from gateway.services.people import (
    ActivateOutcome,
    CodeOutcome,
    CodeResult,
    EnrolOutcome,
    Person,
    PersonState,
    PersonStatus,
    PinCheck,
    PinForm,
    PinOutcome,
    PinRepeat,
    ResendOutcome,
    UnlockOutcome,
)
from ussd_menus import Style
from wallet.accounts import Chart
from wallet.ids import AccountId, transfer_id
from wallet.money import Money, irr
from wallet.transfers import (
    Balances,
    BalancesAfter,
    LogRow,
    Movement,
    Transfer,
    TransferCode,
    TransferKind,
)

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
MARYAM = Person(
    "per_01", "+989120000001", "Maryam Ahmadi", "مریم احمدی", "fa", PersonState.ACTIVE, email="", created_at=NOW
)
CHART = Chart.load()


@dataclass
class FakePeople:
    person: Person | None = MARYAM
    status_: PersonStatus = PersonStatus.ACTIVE
    pin: PinCheck = field(default_factory=lambda: PinCheck(PinOutcome.OK, 3))
    enrolled: EnrolOutcome = EnrolOutcome.CODE_SENT
    activated: ActivateOutcome = ActivateOutcome.CODE_SENT
    confirmed: CodeResult = field(default_factory=lambda: CodeResult(CodeOutcome.OK))
    resent: ResendOutcome = ResendOutcome.CODE_SENT
    offered: PinForm = PinForm.OK
    repeated: PinRepeat = PinRepeat.OK
    unlocked: UnlockOutcome = UnlockOutcome.OK
    heard: list[tuple[str, ...]] = field(default_factory=list)

    async def by_msisdn(self, msisdn: str) -> Person | None:
        return self.person if self.person is None or self.person.msisdn == msisdn else None

    async def status(self, _msisdn: str) -> PersonStatus:
        return self.status_

    async def set_language(self, person_id: str, language: str) -> None:
        self.heard.append(("set_language", person_id, language))

    async def set_style(self, person_id: str, style: Style) -> None:
        self.heard.append(("set_style", person_id, style.digits, str(style.toman), str(style.easy)))

    async def enrol(self, msisdn: str, national_number: str, language: str) -> EnrolOutcome:
        self.heard.append(("enrol", msisdn, national_number, language))
        return self.enrolled

    async def activate(self, msisdn: str, branch_code: str, language: str = "fa") -> ActivateOutcome:
        self.heard.append(("activate", msisdn, branch_code, language))
        return self.activated

    async def confirm_code(self, msisdn: str, code: str) -> CodeResult:
        self.heard.append(("confirm_code", msisdn, code))
        return self.confirmed

    async def resend_code(self, _msisdn: str) -> ResendOutcome:
        return self.resent

    async def offer_pin(self, person_id: str, pin: str) -> PinForm:
        self.heard.append(("offer_pin", person_id, pin))
        return self.offered

    async def repeat_pin(self, person_id: str, pin: str) -> PinRepeat:
        self.heard.append(("repeat_pin", person_id, pin))
        return self.repeated

    async def check_pin(self, person_id: str, pin: str) -> PinCheck:
        self.heard.append(("check_pin", person_id, pin))
        return self.pin

    async def by_pin(self, msisdn: str, pin: str) -> Person | None:
        self.heard.append(("by_pin", msisdn, pin))
        return await self.by_msisdn(msisdn) if self.pin.outcome is PinOutcome.OK else None

    async def unlock_with_code(self, msisdn: str, branch_code: str) -> UnlockOutcome:
        self.heard.append(("unlock_with_code", msisdn, branch_code))
        return self.unlocked


def invoice(number: int) -> Invoice:
    return Invoice(
        f"inv_{number:02d}", "per_01", f"1405-{number:02d}", irr(250_000), InvoiceState.OPEN, "job", NOW, None
    )


@dataclass
class FakePayments:
    invoices: list[Invoice] = field(default_factory=lambda: [invoice(7), invoice(8)])
    payee_: Payee = field(default_factory=lambda: Payee(PayeeKind.REGISTERED, "+989120000002", "R**a K****i"))
    result: PayResult = field(default_factory=lambda: PayResult(PayOutcome.OK, "000000000012", irr(900)))
    redeemed: RedeemResult = field(default_factory=lambda: RedeemResult(RedeemOutcome.OK, irr(500), irr(900), "1"))
    heard: list[tuple[object, ...]] = field(default_factory=list)

    async def invoices_of(self, _person_id: str) -> list[Invoice]:
        return self.invoices

    async def pay_invoice(self, person_id: str, invoice_id: str, call_key: str) -> PayResult:
        self.heard.append(("pay_invoice", person_id, invoice_id, call_key))
        return self.result

    async def payee(self, person_id: str, msisdn: str) -> Payee:
        self.heard.append(("payee", person_id, msisdn))
        return self.payee_

    async def send(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        self.heard.append(("send", person_id, msisdn, amount, call_key))
        return self.result

    async def send_code(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        self.heard.append(("send_code", person_id, msisdn, amount, call_key))
        if self.result.outcome is PayOutcome.OK:
            return replace(self.result, balance=irr(900), valid_until=NOW + timedelta(days=7))
        return self.result

    async def redeem(self, person_id: str, code: str, call_key: str) -> RedeemResult:
        self.heard.append(("redeem", person_id, code, call_key))
        return self.redeemed


def claim(number: str, state: ClaimState) -> Claim:
    return Claim(
        id="clm_01", number=number, person_id="per_01", first_day=date(2026, 11, 1), last_day=date(2026, 11, 3), days=3,
        amount=irr(3_000_000), state=state, submitted_at=NOW, decided_by="", decided_at=None, reason="", approval_id="",
        paid_at=None, call_key="ses_01:1",
    )  # fmt: skip


@dataclass
class FakeBenefits:
    outcome: ClaimOutcome = ClaimOutcome.OK
    claims: list[Claim] = field(default_factory=list)
    named: AttesterOutcome = AttesterOutcome.OK
    objected: ObjectOutcome = ObjectOutcome.OK
    attested: AttestOutcome = AttestOutcome.OK
    until: date | None = date(2026, 12, 22)
    sources: tuple[str, ...] = ("claim", "claim", "house", "decision_table")
    heard: list[tuple[object, ...]] = field(default_factory=list)

    async def claim(
        self,
        person_id: str,
        first_day: date,
        last_day: date,
        call_key: str,
        *,
        kind: str = "sickness",
        attester_code: str = "",
    ) -> ClaimResult:
        heard = (person_id, first_day, last_day, call_key)
        self.heard.append(heard if kind == "sickness" else (*heard, kind, attester_code))
        if self.outcome is ClaimOutcome.OK:
            return ClaimResult(self.outcome, claim("S-12345674", ClaimState.SUBMITTED))
        return ClaimResult(self.outcome, days_max=30 if self.outcome is ClaimOutcome.TOO_LONG else None)

    async def claims_of(self, _person_id: str) -> list[Claim]:
        return self.claims

    async def attester(self, _person: Person, kind: str, code: str) -> tuple[AttesterOutcome, Attester | None]:
        self.heard.append(("attester", kind, code))
        found = KnownAttester(code, AttesterSort.EMPLOYER, "Saipa", "+989120000077", "fa")
        return self.named, found if self.named is AttesterOutcome.OK else None

    async def own_claim(self, _person_id: str, digits: str) -> Claim | None:
        return next((one for one in self.claims if one.number.endswith(digits)), None)

    async def evidence(self, claim_id: str) -> list[Evidence]:
        return [Evidence(1, Datum(source, "1", source), NOW) for source in self.sources if claim_id]

    async def object_to(self, person_id: str, digits: str) -> ObjectOutcome:
        self.heard.append(("object_to", person_id, digits))
        return self.objected

    def objection_until(self, _claim: Claim) -> date | None:
        return self.until

    async def attest_open(self, msisdn: str, code: str) -> Attested:
        self.heard.append(("open", msisdn, code))
        ok = self.attested is AttestOutcome.OK
        return Attested(self.attested, claim("W-12345674", ClaimState.ATTESTING) if ok else None, "Maryam")

    async def attest_seen(self, msisdn: str, number: str, *, agrees: bool) -> Attested:
        self.heard.append(("seen", msisdn, number, agrees))
        return Attested(self.attested)


@dataclass(frozen=True)
class MadeCode:
    code: str = "83520417"
    valid_s: int = 600


@dataclass
class FakeTokens:
    asked: int = 0

    async def activation_code(self, _person_id: str) -> MadeCode:
        self.asked += 1
        return MadeCode()


@dataclass
class FakeLedger:
    own: Balances | None = field(default_factory=lambda: Balances(300, 1_000, 100, 0, 7))
    lines: list[Movement] = field(default_factory=list)
    holds: list[LogRow] = field(default_factory=list)

    async def balances(self, _account: AccountId) -> Balances | None:
        return self.own

    async def movements(self, _account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        return [line for line in self.lines if before is None or line.position < before][:limit]

    async def open_holds(self, _account: AccountId) -> list[LogRow]:
        return self.holds


NO_BALANCES = Balances(0, 0, 0, 0, 0)


def transfer(position: int, minor: int, code: TransferCode, kind: TransferKind) -> Transfer:
    cause = "tap_01K0000000000000000000000A"
    wallet, merchant = CHART.id("wallet", "per_01"), CHART.id("merchant_payable", "mer_01")
    return Transfer(transfer_id(cause, str(position)), wallet, merchant, irr(minor), code, cause, kind)


def movement(position: int, minor: int, code: TransferCode, kind: TransferKind, *, is_debit: bool) -> Movement:
    one = transfer(position, minor, code, kind)
    return Movement(position, one, NOW, is_debit, NO_BALANCES, one.credit)


def hold(position: int, minor: int) -> LogRow:
    one = transfer(position, minor, TransferCode.TAP, TransferKind.HOLD)
    return LogRow(position, one, NOW, BalancesAfter(NO_BALANCES, NO_BALANCES))


@dataclass(frozen=True)
class Made:
    number: str
    is_new: bool


@dataclass
class FakeTickets:
    is_new: bool = True
    heard: list[tuple[str, ...]] = field(default_factory=list)

    async def dispute(
        self, transfer: str, about: str, text: str, *, msisdn: str, person_id: str, language: str
    ) -> Made:
        self.heard.append(("dispute", transfer, about, text, msisdn, person_id, language))
        return Made("C-12345674", self.is_new)

    async def call_back(self, cause: str, *, msisdn: str, person_id: str, language: str) -> Made:
        self.heard.append(("call_back", cause, msisdn, person_id, language))
        return Made("C-12345674", self.is_new)


@dataclass
class FakeMailbox:
    kept: dict[str, Kept] = field(default_factory=lambda: {"mbx_01": Kept("Benefit paid", "It has been paid.", NOW)})

    async def titles(self, person_id: str, *, limit: int = 20) -> list[Title]:
        assert person_id == "per_01"
        return [Title(id_, one.title, one.put_at, unread=True) for id_, one in self.kept.items()][:limit]

    async def read(self, person_id: str, message_id: str) -> Kept | None:
        assert person_id == "per_01"
        return self.kept.get(message_id)


@dataclass(frozen=True)
class FakeToSign:
    id: str
    title: str


@dataclass
class FakeSigning:
    sheets: list[FakeToSign] = field(default_factory=lambda: [FakeToSign("doc_01", "Batch B7")])
    sent: Sent = field(default_factory=lambda: Sent(SendOutcome.ASKED, "TXN-KDRK"))
    heard: list[tuple[str, str, str]] = field(default_factory=list)

    async def waiting(self, msisdn: str) -> list[FakeToSign]:
        return self.sheets

    async def send(self, msisdn: str, document_id: str, form_key: str) -> Sent:
        self.heard.append((msisdn, document_id, form_key))
        return self.sent


IBAN = "IR062960000000100324200001"
PAID_TO_BANK = PayeeAccount("per_01", AccountKind.IBAN, IBAN, "Maryam Ahmadi", NOW, NOW)


@dataclass
class FakeTapControls:
    allowed_: Allowed | None = field(default_factory=lambda: Allowed(on=True, day_max=irr(500_000), barred=False))
    kept: bool = True
    heard: list[tuple[object, ...]] = field(default_factory=list)

    async def allowed(self, _person_id: str) -> Allowed | None:
        return self.allowed_

    async def switch(self, person_id: str, *, on: bool) -> bool:
        self.heard.append((person_id, on))
        return self.kept

    async def limit(self, person_id: str, day_max: Money | None) -> bool:
        self.heard.append((person_id, day_max))
        return self.kept


@dataclass
class FakePayees:
    account: PayeeAccount | None = PAID_TO_BANK
    outcome: PayeeOutcome = PayeeOutcome.OK
    heard: list[tuple[str, ...]] = field(default_factory=list)

    async def resolve(self, _person_id: str) -> PayeeAccount | None:
        return self.account

    async def offer(self, person_id: str, iban: str) -> PayeeResult:
        return self._heard("offer", person_id, iban)

    async def keep(self, person_id: str, *, call_key: str) -> PayeeResult:
        return self._heard("keep", person_id, call_key)

    async def unlink(self, person_id: str, *, by: str, call_key: str) -> PayeeResult:
        return self._heard("unlink", person_id, by, call_key)

    async def disown(self, person_id: str, *, by: str, change_id: str = "") -> PayeeResult:
        return self._heard("disown", person_id, by, change_id)

    def _heard(self, *what: str) -> PayeeResult:
        self.heard.append(what)
        return PayeeResult(self.outcome, self.account)
