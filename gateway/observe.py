"""What the house tells about itself: JSON log lines without personal data, and metrics.

A log line names things by their ids. The redaction processor is the second fence, not the first: it blanks fields that
must never be logged and masks what looks like a card or telephone number inside any text.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.errors import Fault
from wallet.errors import WalletFault

SECRET_FIELDS = frozenset(
    {
        "pin",
        "pan",
        "password",
        "code",
        "otc",
        "secret",
        "key",
        "totp",
        "text",
        "body",
        "token",
        "cookie",
        "authorization",
    }
)
CAUSES_MAX = 5
"""Exceptions of a chain, or of a group, that a line tells."""
_LONG_DIGITS = re.compile(r"(?<![0-9A-Za-z_])\+?\d{4,}(?=\d{4}(?!\d))")


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank secret fields; keep only the last four digits of runs of eight and more."""
    for name, value in event.items():
        if name in SECRET_FIELDS:
            event[name] = "***"
        elif isinstance(value, str) and name not in {"timestamp", "level"}:
            event[name] = _LONG_DIGITS.sub("***", value)
    return event


def trace_of(problem: BaseException) -> str:
    """Where an exception and those that led to it were raised, the first one first, each under its name.

    Only texts of ours are told: others quote what they could not read, as `int` does, which may be a PIN.
    """
    parts: list[str] = []
    at: BaseException | None = problem
    while at is not None and len(parts) < CAUSES_MAX:
        said = f": {at}" if isinstance(at, (Fault, WalletFault, AssertionError)) else ""
        within = [trace_of(one) for one in at.exceptions[:CAUSES_MAX]] if isinstance(at, BaseExceptionGroup) else []
        name = f"{type(at).__module__}.{type(at).__qualname__}{said}"
        parts.append("\n".join(["".join(traceback.format_tb(at.__traceback__)).rstrip(), name, *within]))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n\n".join(reversed(parts))


def _trace(exc_info: structlog.typing.ExcInfo) -> str:
    return trace_of(exc_info[1])


class LastingStream:
    """A stream for log lines: what cannot be written is lost, and whoever logs goes on.

    A full disk or a reader that has gone must cost log lines, never an answer about money that has moved.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        """Hand on what was written, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def set_up_logging(level: str) -> None:
    """One JSON line an event, on standard error; the libraries' own loggers join it from warning up."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_trace),
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", LastingStream(sys.stderr))),
        cache_logger_on_first_use=True,
    )


@contextmanager
def logs_aside() -> Iterator[None]:
    """While a command runs whose standard output somebody reads, what is logged goes to standard error."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)


def log(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger with these fields on every line."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return logger


class Metrics:
    """The process's Prometheus metrics. One object, made in app.py and handed down; labels never hold personal data."""

    def __init__(self) -> None:  # noqa: PLR0915 - one statement for each metric
        self.registry = CollectorRegistry()
        self.hops = Counter("tapdial_ussd_hops", "USSD hops by wire and end", ["wire", "end"], registry=self.registry)
        self.sessions = Counter(
            "tapdial_ussd_sessions", "USSD sessions that are over, by wire and reason", ["wire", "end"],
            registry=self.registry,
        )  # fmt: skip
        self.pushes = Counter(
            "tapdial_ussd_pushes", "Pages shown or not shown unasked, by wire and outcome", ["wire", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.hop_seconds = Histogram("tapdial_ussd_hop_seconds", "Time to answer a hop", registry=self.registry)
        self.menus_broken = Gauge(
            "tapdial_menus_broken", "Releases in force that this build cannot serve", registry=self.registry
        )
        self.refused = Counter(
            "tapdial_refused_input", "Input refused at a door", ["door", "reason"], registry=self.registry
        )
        self.posted = Counter(
            "tapdial_transfers", "The ledger's answers to services, by outcome", ["outcome"], registry=self.registry
        )
        self.signatures = Counter(
            "tapdial_signatures", "Requests to phones of staff, by purpose and how they ended", ["purpose", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.breaks = Gauge(
            "tapdial_breaks", "Breaks that stand open, by age and asset", ["bucket", "asset"], registry=self.registry
        )
        self.breaks_minor = Gauge(
            "tapdial_breaks_minor", "Their amounts without signs, minor units", ["bucket", "asset"],
            registry=self.registry,
        )  # fmt: skip
        self.breaks_overdue = Gauge(
            "tapdial_breaks_overdue", "Breaks whose day is over and that stand open", registry=self.registry
        )
        self.outbox = Gauge(
            "tapdial_outbox_messages",
            "Notices that are ready, leased or uncertain, by state",
            ["state"],
            registry=self.registry,
        )
        self.outbox_oldest = Gauge(
            "tapdial_outbox_oldest_seconds", "How long the oldest notice of a lane has been due", ["lane"],
            registry=self.registry,
        )  # fmt: skip
        self.receipts_unmatched = Gauge(
            "tapdial_receipts_unmatched", "Receipts that no message of ours is known for", registry=self.registry
        )
        self.notices = Counter("tapdial_notices", "Notices by state reached", ["state"], registry=self.registry)
        self.messages = Counter(
            "tapdial_messages", "Messages from people by what became of them", ["end"], registry=self.registry
        )
        self.links = Gauge("tapdial_link_up", "Whether a link is bound", ["link"], registry=self.registry)
        self.bank_calls = Counter(
            "tapdial_bank_calls",
            "Calls to the bank's file door by outcome",
            ["call", "outcome"],
            registry=self.registry,
        )
        self.letters_in = Counter(
            "tapdial_mail_letters_in", "Letters taken by the mail door", ["what"], registry=self.registry
        )
        self.bounces = Counter(
            "tapdial_mail_bounces", "Reports on letters of ours, by what they say", ["kind"], registry=self.registry
        )
        self.pins = Counter("tapdial_pin_checks", "PIN checks by result", ["result"], registry=self.registry)
        self.payees = Counter(
            "tapdial_payee_changes", "Wishes to change where a person is paid, by outcome", ["outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.worker_failures = Counter("tapdial_worker_failures", "Failed ticks", ["worker"], registry=self.registry)
        self.worker_items = Counter("tapdial_worker_items", "Items done by workers", ["worker"], registry=self.registry)
        self.link_binds = Counter("tapdial_link_binds", "Binds by result", ["link", "result"], registry=self.registry)
        self.link_submits = Counter(
            "tapdial_link_submits", "submit_sm by command_status or what else became of it", ["link", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.link_submit_seconds = Histogram(
            "tapdial_link_submit_seconds", "Time to the answer of a submit_sm", ["link"], registry=self.registry
        )
        self.link_alarm = Gauge(
            "tapdial_link_alarm", "Whether a link cannot be bound without help", ["link"], registry=self.registry
        )
        self.link_window_used = Gauge(
            "tapdial_link_window_used", "submit_sm that wait for answers", ["link"], registry=self.registry
        )
        self.link_waiting = Gauge(
            "tapdial_link_waiting", "Parts that wait for their place", ["link"], registry=self.registry
        )
        self.link_throttle_ratio = Gauge(
            "tapdial_link_throttle_ratio", "Share of recent answers that were throttling", ["link"],
            registry=self.registry,
        )  # fmt: skip
        self.link_health = Gauge("tapdial_link_health", "0 to 100; 0 while down", ["link"], registry=self.registry)
        self.link_inbound = Counter(
            "tapdial_link_inbound", "deliver_sm and data_sm by what they are", ["link", "kind"], registry=self.registry
        )
        self.mssp_requests = Counter(
            "tapdial_mssp_requests", "Requests to the signature service, by outcome", ["operation", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.mssp_seconds = Histogram(
            "tapdial_mssp_seconds", "Time until a signature or its refusal", ["operation"], registry=self.registry
        )
        self.mssp_callbacks = Counter(
            "tapdial_mssp_callbacks", "Results that the signature service has posted", ["end"], registry=self.registry
        )
        self.mssp_up = Gauge("tapdial_mssp_up", "Whether the signature service answers", registry=self.registry)
        self._add_bank()
        self._add_taps()
        self._add_hsm()

    def _add_bank(self) -> None:
        self.recon_runs = Counter(
            "tapdial_recon_runs", "Reconciliations by flow and how they ended", ["flow", "state"],
            registry=self.registry,
        )  # fmt: skip
        self.recon_open = Gauge(
            "tapdial_recon_open_groups", "Groups that do not agree, by flow", ["flow"], registry=self.registry
        )
        self.recon_open_minor = Gauge(
            "tapdial_recon_open_minor", "Minor units in groups that do not agree, by flow", ["flow"],
            registry=self.registry,
        )  # fmt: skip
        self.bank_orders = Counter(
            "tapdial_bank_orders", "Orders to the bank by state reached", ["state"], registry=self.registry
        )
        self.payout_items = Gauge(
            "tapdial_payout_items", "Payments of batches that are released and not over, by state", ["state"],
            registry=self.registry,
        )  # fmt: skip
        self.bank_files = Counter(
            "tapdial_bank_files", "Files of the bank by what became of them", ["state"], registry=self.registry
        )
        self.cover = Gauge(
            "tapdial_cover_minor", "What is owed to people (float) and what lies at the bank (trust), minor units",
            ["asset", "side"], registry=self.registry,
        )  # fmt: skip
        self.cover_short = Gauge(
            "tapdial_cover_short_minor", "Minor units by which the float is above the trust account", ["asset"],
            registry=self.registry,
        )  # fmt: skip

    def _add_taps(self) -> None:
        self.taps = Counter(
            "tapdial_taps", "ISO 8583 requests by MTI and answer", ["mti", "de39"], registry=self.registry
        )
        self.tap_refusals_told = Counter(
            "tapdial_tap_refusals_told",
            "Refused taps, told to their person or not",
            ["outcome"],
            registry=self.registry,
        )

        self.token_alarms = Counter(
            "tapdial_token_alarms", "What should not come from a phone, by what it was", ["reason"],
            registry=self.registry,
        )  # fmt: skip

    def _add_hsm(self) -> None:
        self.hsm_operations = Counter(
            "tapdial_hsm_operations", "Operations of the hardware module by how they ended", ["operation", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.hsm_seconds = Histogram(
            "tapdial_hsm_seconds", "Time until the hardware module's answer, with the wait for its thread",
            ["operation"], registry=self.registry,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
        )  # fmt: skip
        self.hsm_up = Gauge("tapdial_hsm_up", "Whether the hardware module answers", registry=self.registry)
