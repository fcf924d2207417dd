"""Every word of the console exists in every language, and numbers and dates are written as each reads them."""

import re
import string
import tomllib
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.channels import console
from gateway.channels.console.cues import Agreement, Cue
from gateway.channels.console.pages import campaigns, controls, exceptions, people, terminals, tokens
from gateway.channels.console.pages.jobs import ACTIONS
from gateway.channels.console.roles import MENU
from gateway.channels.console.words import Words, texts
from gateway.channels.nfc.framing import DropReason
from gateway.languages import LANGUAGES
from gateway.services.approvals import ApprovalOutcome, ApprovalState, DelegationOutcome, VoteKind
from gateway.services.approvals import ChangeKind as ApprovalChange
from gateway.services.banking import FileState, Finding, ImportOutcome, OrderState, Scheme
from gateway.services.benefits import ClaimState, DecisionOutcome
from gateway.services.breaks import (
    Action,
    BreakOutcome,
    BreakReason,
    BreakState,
    Counter,
    PostingState,
    Resolution,
)
from gateway.services.breaks import Event as BreakEvent
from gateway.services.campaigns import CampaignKind, CampaignOutcome, CampaignState, RowFault
from gateway.services.campaigns.model import RowState
from gateway.services.clearing import BatchState as TerminalBatchState
from gateway.services.clearing import CycleState, DueState, ExceptionState, ExceptionType, LineKind, ResolveOutcome
from gateway.services.controls import Channel as ControlChannel
from gateway.services.controls import Party
from gateway.services.dialogues import Status as SessionStatus
from gateway.services.jobs import JobOutcome, JobState
from gateway.services.merchants import IbanOutcome, TerminalState
from gateway.services.messages import TicketKind, TicketOutcome, TicketState
from gateway.services.notices import NoticeState
from gateway.services.payees import AccountKind as PayeeKind
from gateway.services.payees import ChangeKind as PayeeChangeKind
from gateway.services.payments import CodeState, InvoiceState, PaymentKind, PaymentState, PayOutcome
from gateway.services.payouts import BatchState, DeskState, Flag, HeldReason, ItemState, PayoutOutcome, Rail, Stop
from gateway.services.payouts import RowFault as PayoutFault
from gateway.services.people import Person, PersonState
from gateway.services.reconciliation import ChangeKind, FlowName, LinkOutcome, RunState, What
from gateway.services.releases import ReleaseState
from gateway.services.signing import (
    DocumentState,
    EnrolOutcome,
    EventKind,
    Need,
    ProofOutcome,
    SignerState,
    SignOutcome,
    StartOutcome,
)
from gateway.services.staff import Role, SignInOutcome, StaffRefusal
from gateway.services.taps import CheckName, HealOutcome, RefundKind, RefundState, Source, TapState, Verdict
from gateway.services.tokens import ActorClass, Method, StateOutcome, TokenState, Way
from gateway.services.tokens import Channel as TokenChannel
from wallet.accounts import AccountKind
from wallet.money import EUR, POINT, Money, irr
from wallet.reconciliation import BreakType, Bucket, Reason, Rule, Side
from wallet.reconciliation import Verdict as MatchVerdict
from wallet.transfers import TransferCode, TransferKind

FOLDER = Path(console.__file__).parent
TEHRAN = ZoneInfo("Asia/Tehran")
_WRITES = re.compile(r'(?:note\(tx, [^"{]*|each\(tx, [^{]*\{[^}]*\}, )"(\w+)"(?: if \w+ else "(\w+)")?')
_TOKENS = FOLDER.parents[1] / "services" / "tokens"
EVENTS = {name for path in _TOKENS.glob("*.py") for names in _WRITES.findall(path.read_text("utf-8")) for name in names}
"""What the service of tokens writes into their histories."""
LINKED = {"linked", "differs", "unlinked", "already"}
NOT_LINKED = {outcome.value for outcome in LinkOutcome} - LINKED
ENUMS: list[tuple[str, type[StrEnum], set[str]]] = [
    ("role.", Role, set()),
    ("sign_in.", SignInOutcome, set()),
    ("staff_refusal.", StaffRefusal, set()),
    ("tap_check.", CheckName, set()),
    ("tap_verdict.", Verdict, set()),
    ("claim_state.", ClaimState, set()),
    ("refused.claim_", DecisionOutcome, {"ok"}),
    ("ticket_state.", TicketState, set()),
    ("ticket_kind.", TicketKind, set()),
    ("refused.ticket_", TicketOutcome, {"ok"}),
    ("person_state.", PersonState, set()),
    ("approval_state.", ApprovalState, set()),
    ("approval_change.", ApprovalChange, set()),
    ("refused.approval_", ApprovalOutcome, {"approved", "rejected", "voted", "supported"}),
    ("approval_vote.", VoteKind, set()),
    ("job_state.", JobState, set()),
    ("campaign_state.", CampaignState, set()),
    ("release_state.", ReleaseState, set()),
    ("campaign_kind.", CampaignKind, set()),
    ("refused.campaign_", CampaignOutcome, {"ok"}),
    ("row_fault.", RowFault, set()),
    ("bank_order.", OrderState, set()),
    ("bank_scheme.", Scheme, set()),
    ("bank_file.", FileState, set()),
    ("bank_outcome.", ImportOutcome, set()),
    ("bank_finding.", Finding, set()),
    ("bank_advice.", Finding, set()),
    ("campaign_row.", NoticeState, set()),
    ("campaign_row.", RowState, {"queued"}),
    ("refused.job_", JobOutcome, {"ok"}),
    ("pay_outcome.", PayOutcome, set()),
    ("invoice_state.", InvoiceState, set()),
    ("code_state.", CodeState, set()),
    ("payment_state.", PaymentState, set()),
    ("cause.payment_", PaymentKind, set()),
    ("tap_state.", TapState, set()),
    ("refund_state.", RefundState, set()),
    ("session_state.", SessionStatus, set()),
    ("account_kind.", AccountKind, set()),
    ("need.", Need, set()),
    ("document_state.", DocumentState, set()),
    ("proof.", ProofOutcome, set()),
    ("sign_outcome.", SignOutcome, set()),
    ("sign_event.", EventKind, set()),
    ("signer_state.", SignerState, set()),
    ("refused.sign_", StartOutcome, {"ok"}),
    ("refused.enrol_", EnrolOutcome, {"asked"}),
    ("refused.delegation_", DelegationOutcome, {"ok"}),
    ("transfer_kind.", TransferKind, set()),
    ("batch_state.", BatchState, set()),
    ("item_state.", ItemState, set()),
    ("rail.", Rail, set()),
    ("refused.payout_", PayoutOutcome, {"ok"}),
    ("payout_fault.", PayoutFault, set()),
    ("payout_reason.", HeldReason, set()),
    ("payout_reason.", Stop, set()),
    ("payout_reason.", Flag, set()),
    ("payout_reason.", DeskState, set()),
    ("payee.", PayeeKind, set()),
    ("payee_change.", PayeeChangeKind, set()),
    ("refund_kind.", RefundKind, set()),
    ("refund_source.", Source, set()),
    ("token_state.", TokenState, set()),
    ("actor_class.", ActorClass, set()),
    ("refused.token_", StateOutcome, {"ok"}),
    ("key_way.", Way, set()),
    ("pay_channel.", TokenChannel, set()),
    ("pay_channel.", ControlChannel, set()),
    ("assurance.", Method, set()),
    ("party.", Party, set()),
    ("refused.iban_", IbanOutcome, {"ok"}),
    ("terminal_state.", TerminalState, set()),
    ("dropped.", DropReason, set()),
    ("terminal_batch_state.", TerminalBatchState, set()),
    ("exception_type.", ExceptionType, set()),
    ("exception_advice.", ExceptionType, set()),
    ("exception_state.", ExceptionState, set()),
    ("refused.exception_", ResolveOutcome, {"ok"}),
    ("cycle_state.", CycleState, set()),
    ("due_state.", DueState, set()),
    ("statement_line.", LineKind, set()),
    ("fate.", HealOutcome, set()),
    ("recon_flow.", FlowName, set()),
    ("recon_flow_about.", FlowName, set()),
    ("side.", Side, set()),
    ("verdict_of.", MatchVerdict, set()),
    ("recon_rule.", Rule, set()),
    ("recon_reason.", Reason, set()),
    ("recon_state.", RunState, set()),
    ("recon_change.", ChangeKind, set()),
    ("recon_said.", What, set()),
    ("said.recon_", LinkOutcome, NOT_LINKED),
    ("refused.recon_", LinkOutcome, LINKED),
    ("cue.", Cue, set()),
    ("agreement.", Agreement, set()),
    ("break_type.", BreakType, set()),
    ("break_advice.", BreakType, set()),
    ("break_state.", BreakState, set()),
    ("break_reason.", BreakReason, set()),
    ("break_event.", BreakEvent, set()),
    ("break_outcome.", BreakOutcome, set()),
    ("resolution.", Resolution, set()),
    ("counter.", Counter, set()),
    ("age_bucket.", Bucket, set()),
    ("posting_state.", PostingState, set()),
    ("posting_action.", Action, set()),
]


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_key_and_place_of_english_exists_in_each_language(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert set(english) == set(other)
    assert {key: places(text) for key, text in english.items()} == {key: places(text) for key, text in other.items()}
    assert all(text.strip() for text in other.values())


def test_every_key_that_a_page_names_exists() -> None:
    """Keys stand as t("a.b"), as Column("x"), as field("y"), and as keys of empty tables."""
    wanted: set[str] = set()
    parts = _parts()
    for path in [*FOLDER.rglob("*.jinja"), *FOLDER.rglob("*.py")]:
        text = path.read_text("utf-8")
        wanted |= {key for key in re.findall(r'"([a-z_]+\.[a-z_0-9]+)"', text) if key.split(".")[0] in parts}
        wanted = {key for key in wanted if key.rpartition(".")[2] not in {"jinja", "xlsx", "css", "js"}}
        wanted |= {f"column.{key}" for key in re.findall(r'(?:Column\(\s*|column=)"(\w+)"', text)}
        wanted |= {f"field.{key}" for key in re.findall(r'parts\.field\("(\w+)"', text)}
        wanted |= {f"said.{key}" for key in re.findall(r'said="(\w+)"', text)}
        wanted |= {f"refused.{key}" for key in re.findall(r'refused="(\w+)"', text)}
        wanted |= {f"table.{key}" for key in re.findall(r'name="(\w+)",\s+columns=', text)}
    assert len(wanted) > 150
    assert wanted - set(texts("en")) == set()


def _parts() -> set[str]:
    return set(tomllib.loads((FOLDER / "texts" / "en.toml").read_text("utf-8")))


@pytest.mark.parametrize(("prefix", "enum", "without"), ENUMS, ids=[prefix for prefix, _, _ in ENUMS])
def test_every_member_that_a_page_may_show_has_its_words(prefix: str, enum: type[StrEnum], without: set[str]) -> None:
    wanted = {f"{prefix}{member.value}" for member in enum if member.value not in without}
    assert wanted - set(texts("en")) == set()


def test_codes_of_transfers_menu_and_actions_have_their_words() -> None:
    wanted = {f"transfer_code.{code.name.lower()}" for code in TransferCode}
    wanted |= {f"nav.{item.name}" for item in MENU}
    wanted |= {f"jobs.{action}" for actions in ACTIONS.values() for action in actions}
    wanted |= {f"campaigns.{action}" for actions in campaigns.ACTIONS.values() for action in actions}
    wanted |= {f"channel.{name}" for name in people.CHANNELS}
    somebody = Person("", "", "", "", "fa", PersonState.ACTIVE, "", datetime.now(UTC))
    for field, _, choices in people.reading(somebody):
        wanted |= {f"reading.{field}", *(f"reading.{field}_{choice}" for choice in choices)}
    bounds = (*controls.LISTS, *controls.AMOUNTS, *controls.COUNTS)
    wanted |= {f"column.{name}" for name in ("switch", "channels", *bounds)}
    wanted |= {f"controls.{name}_hint" for name in controls.LISTS}
    for place, said, actions in (("tokens", "token", tokens.ACTIONS), ("terminals", "terminal", terminals.ACTIONS)):
        wanted |= {f"{place}.{name}" for name in actions} | {f"said.{said}_{name}" for name in actions}
    wanted |= {f"column.found_{name}" for name in exceptions.FOUND}
    wanted |= {f"tap_class.c{mti}" for mti in ("0100", "0120", "0200", "0220")}
    assert {"made", "resumed", "card_locked", "relinked"} < EVENTS
    wanted |= {f"token_event.{name}" for name in EVENTS if name}
    wanted |= {f"branch_code.{code}" for code in ("bad_input", "not_found", "conflict")}
    assert wanted - set(texts("en")) == set()


@pytest.mark.parametrize(
    ("language", "amount", "shown"),
    [
        ("en", irr(27_000_000), "27,000,000\N{NO-BREAK SPACE}IRR"),
        ("fa", irr(27_000_000), "۲۷٬۰۰۰٬۰۰۰\N{NO-BREAK SPACE}ریال"),
        ("fr", irr(1_000), "1\N{NARROW NO-BREAK SPACE}000\N{NO-BREAK SPACE}IRR"),
        ("en", Money(-123_456, EUR), "\N{MINUS SIGN}1,234.56\N{NO-BREAK SPACE}EUR"),
        ("fa", Money(5, EUR), "۰٫۰۵\N{NO-BREAK SPACE}EUR"),
        ("fa", irr(-5), "\N{LEFT-TO-RIGHT MARK}\N{MINUS SIGN}۵\N{NO-BREAK SPACE}ریال"),
        ("ar", Money(-123_456, EUR), "\N{LEFT-TO-RIGHT MARK}\N{MINUS SIGN}١٬٢٣٤٫٥٦\N{NO-BREAK SPACE}EUR"),
        ("ar", irr(27_000_000), "٢٧٬٠٠٠٬٠٠٠\N{NO-BREAK SPACE}ريال"),
        ("fr", Money(7, POINT), "7\N{NO-BREAK SPACE}PTS"),
    ],
)
def test_an_amount_is_written_as_its_readers_write(language: str, amount: Money, shown: str) -> None:
    assert Words(language, TEHRAN).money(amount) == shown


def test_days_and_moments_are_those_of_the_institution() -> None:
    moment = datetime(2026, 11, 21, 22, 0, 5, tzinfo=UTC)
    assert Words("en", TEHRAN).moment(moment) == "2026-11-22 01:30:05"
    assert Words("fr", TEHRAN).moment(moment) == "22/11/2026 01:30:05"
    assert Words("ar", TEHRAN).moment(moment) == "٢٠٢٦/١١/٢٢ ٠١:٣٠:٠٥"
    assert Words("fa", TEHRAN).moment(moment) == "۱۴۰۵/۰۹/۰۱ ۰۱:۳۰:۰۵"
    assert Words("fa", TEHRAN).day(date(2026, 3, 21)) == "۱۴۰۵/۰۱/۰۱"
