"""What is told to a person: a Notice of a class, for a cause, and what each class needs in order to be worded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.services.telling import NoticeValue


class NoticeClass(StrEnum):
    """Every kind of notice; each has a text in every language and a policy in `rules`."""

    ONE_TIME_CODE = "one_time_code"
    PIN_LOCKED = "pin_locked"
    UNLOCKED = "unlocked"
    PIN_CODE_ISSUED = "pin_code_issued"
    CLAIM_RECEIVED = "claim_received"
    CLAIM_UNCONFIRMED = "claim_unconfirmed"
    CLAIM_REFUSED_LATE = "claim_refused_late"
    CLAIM_REFUSED_UNCONFIRMED = "claim_refused_unconfirmed"
    CLAIM_REFUSED_PAPERS = "claim_refused_papers"
    CLAIM_REFUSED_CONTRIBUTIONS = "claim_refused_contributions"
    CLAIM_REFUSED_OTHER = "claim_refused_other"
    CLAIM_REFUSED_AGAIN = "claim_refused_again"
    OBJECTION_RECEIVED = "objection_received"
    ATTEST_EMPLOYER = "attest_employer"
    ATTEST_PROVIDER = "attest_provider"
    BENEFIT_PAID = "benefit_paid"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_TO_BANK = "payout_to_bank"
    PAYOUT_NOT_ARRIVED = "payout_not_arrived"
    PAYOUT_ACCOUNT_WANTED = "payout_account_wanted"
    CASH_IN = "cash_in"
    CONTRIBUTION_PAID = "contribution_paid"
    MONEY_SENT = "money_sent"
    MONEY_RECEIVED = "money_received"
    CLAIM_CODE = "claim_code"
    CLAIM_CODE_REDEEMED = "claim_code_redeemed"
    CLAIM_CODE_RETURNED = "claim_code_returned"
    TAP_PAID = "tap_paid"
    TAP_REFUNDED = "tap_refunded"
    TAP_DECLINED_FUNDS = "tap_declined_funds"
    TAP_DECLINED_UNLOCK = "tap_declined_unlock"
    TAP_DECLINED_LIMIT = "tap_declined_limit"
    TAP_DECLINED_OFF = "tap_declined_off"
    TAP_DECLINED_RULES = "tap_declined_rules"
    TAP_DECLINED_PHONE = "tap_declined_phone"
    TAP_DECLINED_LOCKED = "tap_declined_locked"
    TAP_DECLINED_SAFETY = "tap_declined_safety"
    TAP_DECLINED_LATER = "tap_declined_later"
    PHONE_KEY = "phone_key"
    PHONES_LOCKED = "phones_locked"
    PHONES_UNLOCKED = "phones_unlocked"
    PHONE_MOVED = "phone_moved"
    PHONE_ENDS = "phone_ends"
    LATE_ANSWER = "late_answer"
    STAFF_MESSAGE = "staff_message"
    CAMPAIGN = "campaign"
    DEBT_NOTICE = "debt_notice"
    INVOICE = "invoice"
    FORWARDED_MAIL = "forwarded_mail"
    STATEMENT = "statement"
    REPLY_HELP = "reply_help"
    REPLY_BALANCE = "reply_balance"
    REPLY_DUE = "reply_due"
    REPLY_NOTHING_DUE = "reply_nothing_due"
    REPLY_NOT_ENROLLED = "reply_not_enrolled"
    REPLY_CLAIM_WAITING = "reply_claim_waiting"
    REPLY_CLAIM_PAID = "reply_claim_paid"
    REPLY_CLAIM_DECIDED = "reply_claim_decided"
    REPLY_CLAIM_UNKNOWN = "reply_claim_unknown"
    REPLY_STOPPED = "reply_stopped"
    REPLY_STARTED = "reply_started"
    REPLY_THANKS = "reply_thanks"
    REPLY_CHOOSE = "reply_choose"
    REPLY_ATTESTED = "reply_attested"
    REPLY_NOT_ATTESTED = "reply_not_attested"
    REPLY_ATTEST_WRONG = "reply_attest_wrong"
    REPLY_ATTEST_LATE = "reply_attest_late"
    REPLY_COMPLAINT = "reply_complaint"
    REPLY_COMPLAINT_HOW = "reply_complaint_how"
    REPLY_COMPLAINT_MANY = "reply_complaint_many"
    REPLY_PIN_TYPED = "reply_pin_typed"
    REPLY_INCOMPLETE = "reply_incomplete"
    COMPLAINT_ANSWERED = "complaint_answered"
    DISPUTE_OPENED = "dispute_opened"
    VISIT_OPENED = "visit_opened"
    VISIT_WITHOUT_YOU = "visit_without_you"
    VISIT_TO_BILL = "visit_to_bill"
    SHARE_TAKEN = "share_taken"
    SHARE_AT_DESK = "share_at_desk"
    FEE_OWED = "fee_owed"
    PROVIDER_STATEMENT = "provider_statement"
    PAYEE_IBAN = "payee_iban"
    PAYEE_WALLET = "payee_wallet"
    PAYEE_FROZEN = "payee_frozen"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person.

    Attributes:
        cause: Prefixed business id; one cause tells one person one class of notice once, whoever asks how often.
        class_: What kind.
        msisdn: Where to, `+989…`.
        person_id: Whom; '' for a number that belongs to nobody here, which is then told once by its number.
        language: `en`, `fa`, `fr` or `ar`; another one is told in English.
        values: What the text names; `NEEDS` says which values a class must have, others are ignored.
        secrets: What nobody else may read, such as `code`. A class that needs one is sealed at rest, wiped after
            sending, and never goes by e-mail.
        email: Where receipts go besides; '' for nowhere.
    """

    cause: str
    class_: NoticeClass
    msisdn: str
    person_id: str
    language: str
    values: Mapping[str, NoticeValue] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    email: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """The values and secrets that a class's texts may name."""

    values: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


# Its writer has worded it already.
_WORDED = Needs(frozenset({"text"}))
_MONEY = Needs(frozenset({"amount", "at"}))
_AMOUNT = Needs(frozenset({"amount"}))
_NUMBER = Needs(frozenset({"number"}))
_REFUSED = Needs(frozenset({"number", "until"}))
_ATTEST = Needs(frozenset({"name", "number", "first_day", "last_day", "valid_until"}), frozenset({"code"}))
_WORD = Needs(frozenset({"word"}))
_HELP = Needs(frozenset({"word_balance", "word_pay", "word_claim", "word_complaint", "word_stop"}))

NEEDS: Mapping[NoticeClass, Needs] = {
    NoticeClass.ONE_TIME_CODE: Needs(secrets=frozenset({"code"})),
    NoticeClass.PIN_LOCKED: Needs(),
    NoticeClass.UNLOCKED: Needs(),
    NoticeClass.PIN_CODE_ISSUED: Needs(),
    NoticeClass.CLAIM_RECEIVED: Needs(frozenset({"number"})),
    NoticeClass.CLAIM_UNCONFIRMED: _NUMBER,
    NoticeClass.CLAIM_REFUSED_LATE: _REFUSED,
    NoticeClass.CLAIM_REFUSED_UNCONFIRMED: _REFUSED,
    NoticeClass.CLAIM_REFUSED_PAPERS: _REFUSED,
    NoticeClass.CLAIM_REFUSED_CONTRIBUTIONS: _REFUSED,
    NoticeClass.CLAIM_REFUSED_OTHER: _REFUSED,
    NoticeClass.CLAIM_REFUSED_AGAIN: _NUMBER,
    NoticeClass.OBJECTION_RECEIVED: _NUMBER,
    NoticeClass.ATTEST_EMPLOYER: _ATTEST,
    NoticeClass.ATTEST_PROVIDER: _ATTEST,
    NoticeClass.BENEFIT_PAID: _MONEY,
    NoticeClass.PAYOUT_PAID: _MONEY,
    NoticeClass.PAYOUT_TO_BANK: Needs(frozenset({"amount", "account", "at"})),
    NoticeClass.PAYOUT_NOT_ARRIVED: Needs(frozenset({"amount", "account"})),
    NoticeClass.PAYOUT_ACCOUNT_WANTED: Needs(frozenset({"amount", "account"})),
    NoticeClass.CASH_IN: _MONEY,
    NoticeClass.CONTRIBUTION_PAID: _MONEY,
    NoticeClass.MONEY_SENT: _MONEY,
    NoticeClass.MONEY_RECEIVED: _MONEY,
    NoticeClass.CLAIM_CODE: Needs(frozenset({"amount", "valid_until"}), frozenset({"code"})),
    NoticeClass.CLAIM_CODE_REDEEMED: _MONEY,
    NoticeClass.CLAIM_CODE_RETURNED: _MONEY,
    NoticeClass.TAP_PAID: _MONEY,
    NoticeClass.TAP_REFUNDED: _MONEY,
    NoticeClass.TAP_DECLINED_FUNDS: _AMOUNT,
    NoticeClass.TAP_DECLINED_UNLOCK: _AMOUNT,
    NoticeClass.TAP_DECLINED_LIMIT: _AMOUNT,
    NoticeClass.TAP_DECLINED_OFF: _AMOUNT,
    NoticeClass.TAP_DECLINED_RULES: _AMOUNT,
    NoticeClass.TAP_DECLINED_PHONE: _AMOUNT,
    NoticeClass.TAP_DECLINED_LOCKED: _AMOUNT,
    NoticeClass.TAP_DECLINED_SAFETY: _AMOUNT,
    NoticeClass.TAP_DECLINED_LATER: _AMOUNT,
    # Nobody but its phone can read it, yet whoever holds it may know that the phone is out of keys.
    NoticeClass.PHONE_KEY: Needs(secrets=frozenset({"text"})),
    NoticeClass.PHONES_LOCKED: Needs(),
    NoticeClass.PHONES_UNLOCKED: Needs(),
    NoticeClass.PHONE_MOVED: Needs(),
    NoticeClass.PHONE_ENDS: Needs(),
    NoticeClass.LATE_ANSWER: Needs(secrets=frozenset({"text"})),
    NoticeClass.STAFF_MESSAGE: _WORDED,
    NoticeClass.CAMPAIGN: _WORDED,
    NoticeClass.DEBT_NOTICE: _WORDED,
    NoticeClass.INVOICE: _WORDED,
    NoticeClass.FORWARDED_MAIL: Needs(secrets=frozenset({"text"})),
    NoticeClass.STATEMENT: Needs(frozenset({"first", "last"})),
    NoticeClass.REPLY_HELP: _HELP,
    NoticeClass.REPLY_BALANCE: Needs(),
    NoticeClass.REPLY_DUE: Needs(frozenset({"amount", "period"})),
    NoticeClass.REPLY_NOTHING_DUE: Needs(),
    NoticeClass.REPLY_NOT_ENROLLED: Needs(),
    NoticeClass.REPLY_CLAIM_WAITING: _NUMBER,
    NoticeClass.REPLY_CLAIM_PAID: _NUMBER,
    NoticeClass.REPLY_CLAIM_DECIDED: _NUMBER,
    NoticeClass.REPLY_CLAIM_UNKNOWN: Needs(),
    NoticeClass.REPLY_STOPPED: _WORD,
    NoticeClass.REPLY_STARTED: _WORD,
    NoticeClass.REPLY_THANKS: Needs(),
    NoticeClass.REPLY_CHOOSE: Needs(frozenset({"options"})),
    NoticeClass.REPLY_ATTESTED: _NUMBER,
    NoticeClass.REPLY_NOT_ATTESTED: _NUMBER,
    NoticeClass.REPLY_ATTEST_WRONG: Needs(),
    NoticeClass.REPLY_ATTEST_LATE: Needs(),
    NoticeClass.REPLY_COMPLAINT: _NUMBER,
    NoticeClass.REPLY_COMPLAINT_HOW: _WORD,
    NoticeClass.REPLY_COMPLAINT_MANY: Needs(),
    NoticeClass.REPLY_PIN_TYPED: Needs(),
    NoticeClass.REPLY_INCOMPLETE: Needs(),
    NoticeClass.COMPLAINT_ANSWERED: Needs(frozenset({"number", "answer"})),
    NoticeClass.DISPUTE_OPENED: _NUMBER,
    NoticeClass.VISIT_OPENED: _NUMBER,
    NoticeClass.VISIT_WITHOUT_YOU: _NUMBER,
    NoticeClass.VISIT_TO_BILL: Needs(frozenset({"number", "valid_until"})),
    NoticeClass.SHARE_TAKEN: Needs(frozenset({"amount"})),
    NoticeClass.SHARE_AT_DESK: Needs(frozenset({"amount"})),
    NoticeClass.PROVIDER_STATEMENT: Needs(frozenset({"first", "last", "amount"})),
    NoticeClass.FEE_OWED: Needs(frozenset({"amount", "number"})),
    NoticeClass.PAYEE_IBAN: Needs(frozenset({"number", "at"})),
    NoticeClass.PAYEE_WALLET: Needs(frozenset({"at"})),
    NoticeClass.PAYEE_FROZEN: Needs(),
}
"""`amount` is Money, `account` the last digits of one (`…0001`), `at` the moment it moved, `number` a str,
`valid_until` a moment, `code` a str.

`word` and its like are keywords that a person may write, `options` the answers that a question takes, `period` a month
as `1405-08`, `answer` what staff wrote.

`until` is the last day on which a person may object to a refusal. `name`, `first_day` and `last_day` are what an
employer or a provider is asked to confirm, and until when.

`text` of LATE_ANSWER is a screen that came too late for its USSD session, of FORWARDED_MAIL what the sender of a letter
wrote, shown as it is; it may hold a balance, so it is a secret. The `text` of a staff message or a campaign is what its
writer wrote. `first` and `last` are the days of a statement.
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A notice that is worded and sealed, ready to be put into the outbox by a unit of work of the caller's."""

    rows: tuple[Mapping[str, object], ...] = field(repr=False)
    """One row a channel: SMS first, then e-mail if there is an address and the class goes by e-mail."""
    letter: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What goes into the mailbox instead."""
    chosen: bool = False
    """The person has chosen how to be told, so that another channel may have told this before."""
