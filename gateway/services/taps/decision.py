"""The decision about a tap, as pure steps that each add what they checked.

`before_cryptogram`, `with_cryptogram`, the counter moves, `after_use`, the ledger is asked, `with_funds`. The first
check that fails decides the verdict, and nothing after it is looked at. A cryptogram that is not good ends it before
anything of the token or its account has moved.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from gateway.errors import BadInput
from gateway.services.controls import Account, Bound, Channel, Finding, Rule, Spend
from gateway.services.controls import rules as bounds
from gateway.services.taps import cvm, verification
from gateway.services.taps.checks import Check, CheckName, Decision
from gateway.services.taps.policy import TapPolicy
from gateway.services.taps.rules import Verdict
from gateway.services.taps.verification import Signals
from gateway.wire.emv import IccData


@dataclass(frozen=True, slots=True)
class Shop:
    """Where the terminal stands.

    Attributes:
        id: `mer_…`.
        number: DE42 as it is registered.
        category: Merchant category, four digits.
    """

    id: str
    number: str
    category: str
    city: str


@dataclass(frozen=True, slots=True)
class Held:
    """The token: its id, account reference and month (YYMM)."""

    id: str
    par: str
    expiry: str


@dataclass(frozen=True, slots=True)
class Case:
    """A purchase as it was asked, with what is known of its terminal and token.

    Attributes:
        at: Now, in the zone of business dates.
        channel: OFFLINE for an advice of what a terminal approved below its floor limit.
        merchant_number: DE42 of the message.
        entry_mode: DE22.
        expiry: DE14, YYMM.
        amount_minor: DE4.
        shop: None if the terminal is not registered.
        token: None if there is none with this number.
        signals: What DE55 says of its circumstances; None if that cannot be read.
    """

    at: datetime
    channel: Channel
    merchant_number: str
    entry_mode: str
    expiry: str = field(repr=False)
    amount_minor: int
    icc: IccData
    shop: Shop | None
    token: Held | None
    signals: Signals | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Read once what is looked at several times."""
        object.__setattr__(self, "signals", _signals(self.icc))

    @property
    def offline(self) -> bool:
        """Whether the terminal has approved it already."""
        return self.channel is Channel.OFFLINE

    @property
    def known(self) -> tuple[Held, Shop, Signals]:
        """Token, shop and signals, once nothing has been refused."""
        assert self.token is not None, "a decision that is not refused has a token"
        assert self.shop is not None, "a decision that is not refused has a shop"
        assert self.signals is not None, "a decision that is not refused could be read"
        return self.token, self.shop, self.signals

    @property
    def day(self) -> date:
        """Our day."""
        return self.at.date()


_ORDER = {name: place for place, name in enumerate(CheckName)}

_Step = tuple[CheckName, Verdict | None, str]
"""A check, why it refuses (None: passed) and its detail."""

_USE: Mapping[str, tuple[CheckName, Verdict, str]] = {
    "replayed": (CheckName.COUNTER, Verdict.REPLAYED, "seen, too old, or too far ahead"),
    "key_unknown": (CheckName.STATUS, Verdict.BAD_CRYPTOGRAM, "no such limited-use key"),
    "locked_by_holder": (CheckName.STATUS, Verdict.TOKEN_SUSPENDED, "locked by its holder"),
    "locked_by_staff": (CheckName.STATUS, Verdict.TOKEN_SUSPENDED, "locked by staff"),
    "locked_by_fraud": (CheckName.STATUS, Verdict.TOKEN_SUSPENDED, "locked for fraud"),
    "card_locked": (CheckName.STATUS, Verdict.TOKEN_SUSPENDED, "its account is locked"),
    "key_amount": (CheckName.STATUS, Verdict.KEY_USED_UP, "the limited-use key's amount is used up"),
    "key_channel": (CheckName.STATUS, Verdict.KEY_USED_UP, "not a channel of the limited-use key"),
    "not_active": (CheckName.STATUS, Verdict.TOKEN_SUSPENDED, "not active"),
    "expired": (CheckName.STATUS, Verdict.TOKEN_EXPIRED, "token or key expired"),
    "key_used_up": (CheckName.STATUS, Verdict.KEY_USED_UP, "limited-use key used up"),
}
"""What the use of a token says, by value of its UseOutcome; `ok` refuses nothing."""

_BOUNDS: Mapping[Bound, tuple[CheckName, Verdict]] = {
    Bound.SWITCH: (CheckName.SWITCH, Verdict.SWITCHED_OFF),
    Bound.CHANNEL: (CheckName.CHANNEL, Verdict.CHANNEL_REFUSED),
    Bound.MERCHANT: (CheckName.MERCHANT, Verdict.MERCHANT_REFUSED),
    Bound.CATEGORY: (CheckName.CATEGORY, Verdict.CATEGORY_REFUSED),
    Bound.PLACE: (CheckName.PLACE, Verdict.PLACE_REFUSED),
    Bound.HOURS: (CheckName.HOURS, Verdict.HOURS_REFUSED),
    Bound.PROGRAMME: (CheckName.PROGRAMME, Verdict.PROGRAMME_REFUSED),
    Bound.TAP_AMOUNT: (CheckName.TAP_AMOUNT, Verdict.AMOUNT_LIMIT),
    Bound.DAY_AMOUNT: (CheckName.DAY_AMOUNT, Verdict.AMOUNT_LIMIT),
    Bound.DAY_COUNT: (CheckName.DAY_COUNT, Verdict.COUNT_LIMIT),
    Bound.WEEK_AMOUNT: (CheckName.WEEK_AMOUNT, Verdict.AMOUNT_LIMIT),
    Bound.WEEK_COUNT: (CheckName.WEEK_COUNT, Verdict.COUNT_LIMIT),
    Bound.MONTH_AMOUNT: (CheckName.MONTH_AMOUNT, Verdict.AMOUNT_LIMIT),
    Bound.MONTH_COUNT: (CheckName.MONTH_COUNT, Verdict.COUNT_LIMIT),
}


def before_cryptogram(case: Case, policy: TapPolicy) -> Decision:
    """What the message alone refuses. Its MAC was good and it could be read, or nobody would ask."""
    start = Decision(Verdict.APPROVED, case.amount_minor, ())
    return _extended(start, _first_steps(case, policy), noted_from=None)


def with_cryptogram(decision: Decision, *, good: bool) -> Decision:
    """With the verdict of the key store on the cryptogram. After a refusal of this nothing of the token may move."""
    step: _Step = (CheckName.CRYPTOGRAM, None if good else Verdict.BAD_CRYPTOGRAM, "")
    return _extended(decision, [step], noted_from=None)


def after_use(decision: Decision, case: Case, use: str, account: Account, policy: TapPolicy) -> Decision:
    """What token, phone, controls and limits say, once the counter has moved.

    Args:
        decision: After `with_cryptogram`; not refused.
        case: As in `before_cryptogram`.
        use: What `use` of the token answered (a value of UseOutcome).
        account: The controls over the account and its token, and what was counted for them.
        policy: As in `before_cryptogram`.
    """
    steps = _later_steps(case, use, account, policy)
    # What was approved offline is gone with its buyer: only what shows that it was no good tap may refuse it.
    return _extended(decision, steps, noted_from=CheckName.STATUS if case.offline else None)


def with_funds(decision: Decision, verdict: Verdict, approved_minor: int) -> Decision:
    """With the ledger's answer: APPROVED or PARTIAL with the amount that it holds, or why it holds none."""
    approved = verdict in {Verdict.APPROVED, Verdict.PARTIAL}
    check = Check(CheckName.FUNDS, approved, "a part" if verdict is Verdict.PARTIAL else "" if approved else verdict)
    return Decision(verdict, approved_minor if approved else 0, (*decision.checks, check))


def verified(case: Case) -> bool:
    """Whether the phone verified its holder, for what is counted as unverified."""
    _, _, signals = case.known
    return cvm.verified(signals)


def _extended(decision: Decision, steps: Iterable[_Step], *, noted_from: CheckName | None) -> Decision:
    """With steps added, up to the first that refuses; from the check `noted_from` on they only note what failed."""
    first = len(_ORDER) if noted_from is None else _ORDER[noted_from]
    checks = list(decision.checks)
    for name, verdict, detail in steps:
        noted = _ORDER[name] >= first
        checks.append(Check(name, verdict is None, detail, noted=noted and verdict is not None))
        if verdict is not None and not noted:
            return Decision(verdict, 0, tuple(checks))
    return replace(decision, checks=tuple(checks))


def _first_steps(case: Case, policy: TapPolicy) -> Iterator[_Step]:
    yield CheckName.LINK, None, ""
    # What is read later must be there to be read: nothing may go wrong once counters have moved.
    yield CheckName.FORMAT, None if case.signals is not None else Verdict.BAD_FORMAT, ""
    known = case.entry_mode[:2] in policy.entry_modes
    yield CheckName.ENTRY_MODE, None if known else Verdict.ENTRY_MODE, case.entry_mode
    registered = case.shop is not None and case.shop.number == case.merchant_number
    yield CheckName.TERMINAL, None if registered else Verdict.MERCHANT_UNKNOWN, case.shop.id if case.shop else ""
    yield _amount(case)
    yield (
        CheckName.TOKEN,
        None if case.token is not None else Verdict.TOKEN_UNKNOWN,
        case.token.id if case.token else "",
    )


def _signals(icc: IccData) -> Signals | None:
    try:
        return Signals.of(icc)
    except BadInput:
        return None


def _amount(case: Case) -> _Step:
    if case.amount_minor < 1:
        return CheckName.AMOUNT, Verdict.BAD_AMOUNT, "nothing"
    if case.amount_minor != case.icc.amount_minor:
        return CheckName.AMOUNT, Verdict.BAD_AMOUNT, "not what the phone signed"
    if int(case.icc.values["9F03"].hex()):
        return CheckName.AMOUNT, Verdict.BAD_AMOUNT, "cash back"
    return CheckName.AMOUNT, None, ""


def _later_steps(case: Case, use: str, account: Account, policy: TapPolicy) -> Iterator[_Step]:
    _, shop, signals = case.known
    spend = _spend(case, shop, account)
    rules = (Rule("house", policy.control, account.standing), *account.rules)
    yield _used(CheckName.COUNTER, use)
    yield _phone(case)
    yield _used(CheckName.STATUS, use)
    yield from map(_bounded, bounds.domain(rules, spend))
    yield from _circumstances(case, signals, policy)
    lacking = cvm.missing(case.amount_minor, signals, account.unverified, policy)
    yield CheckName.CVM, Verdict.CVM_REQUIRED if lacking else None, lacking or _how(signals)
    yield from map(_bounded, bounds.limits(rules, spend))


def _spend(case: Case, shop: Shop, account: Account) -> Spend:
    return Spend(
        channel=case.channel,
        merchant_id=shop.id,
        category=shop.category,
        city=shop.city,
        programmes=account.programmes,
        amount_minor=case.amount_minor,
        at=case.at,
    )


def _bounded(finding: Finding) -> _Step:
    name, verdict = _BOUNDS[finding.bound]
    return name, None if finding.passed else verdict, finding.detail


def _used(name: CheckName, use: str) -> _Step:
    if use == "ok":
        return name, None, ""
    failed, verdict, detail = _USE[use]
    return (name, verdict, detail) if failed is name else (name, None, "")


def _phone(case: Case) -> _Step:
    token, _, _ = case.known
    if case.expiry != token.expiry:
        return CheckName.PHONE, Verdict.TOKEN_EXPIRED, "not the token's month"
    if case.icc.values["9F27"] != bytes([case.icc.iad.kind]):
        return CheckName.PHONE, Verdict.TAMPERED, "9F27 against CVR: what the phone answered"
    kind = case.icc.kind >> 6
    wanted = 1 if case.offline else 2
    names = ("declined (AAC)", "approved offline (TC)", "asks us (ARQC)", "unknown")
    return CheckName.PHONE, None if kind == wanted else Verdict.PHONE_DECLINED, names[kind]


def _circumstances(case: Case, signals: Signals, policy: TapPolicy) -> Iterator[_Step]:
    days_before = policy.offline_days_max if case.offline else policy.day_skew_max
    far = verification.far_day(signals, case.day, before_max=days_before, after_max=policy.day_skew_max)
    yield CheckName.DAY, Verdict.BAD_DATE if far else None, f"{signals.day}" if signals.day else "no day"
    refused = verification.refused_by_tvr(signals, offline=case.offline)
    yield CheckName.VERIFICATION, refused[0] if refused else None, refused[1] if refused else ""
    contradiction = verification.contradiction(signals)
    yield CheckName.AGREEMENT, Verdict.TAMPERED if contradiction else None, contradiction
    if signals.slowest_ms is not None and policy.relay_max_ms:
        slow = signals.slowest_ms > policy.relay_max_ms
        yield CheckName.RELAY, Verdict.RELAY if slow else None, f"{signals.slowest_ms} ms"


def _how(signals: Signals) -> str:
    return "on the phone" if cvm.verified(signals) else "none needed"
