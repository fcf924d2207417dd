"""The lab's HTML: templates filled with the state of the bench in one language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import jinja2

from simulators.lab.bench import Bench, FaultButton, KeyWay
from simulators.lab.words import LANGUAGES, ZONE, Words
from simulators.mssp import SignPhone
from simulators.nfc_phone import NfcPhone
from simulators.phone import Phone
from simulators.terminal import TapResult, Terminal
from simulators.trace import WireMessage

WIRES = ("ussd", "sms", "token", "apdu", "iso8583", "registry", "mail", "mssp", "bank")
ROWS_MAX = 200
PHONE_KEYS = (
    ("1", ""),
    ("2", "abc"),
    ("3", "def"),
    ("4", "ghi"),
    ("5", "jkl"),
    ("6", "mno"),
    ("7", "pqrs"),
    ("8", "tuv"),
    ("9", "wxyz"),
    ("*", ""),
    ("0", "+"),
    ("#", ""),
)
SMS_MAX = 1_000
"""Characters of an SMS that the lab takes; some seven parts."""
SIGN_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "")
TERMINAL_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "00", "0", "000")


@dataclass(frozen=True, slots=True)
class View:
    """What one request looks at: a language, whose feature phone, NFC phone and signing phone, which terminal.

    `refused` is the text key of what was wrong with a form, `amount` what was typed into the terminal,
    and `part` whether its merchant would sell a part.
    """

    words: Words
    phone: Phone
    nfc: NfcPhone
    terminal: Terminal | None
    signer: SignPhone | None = None
    refused: str = ""
    amount: str = ""
    part: bool = False


class Pages:
    """Fills the templates."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, view: View) -> str:
        """The whole page."""
        return self._fill("page.jinja", view)

    def part(self, name: str, view: View, *, oob: tuple[str, ...] = ()) -> str:
        """The part `name` (`handset`, `nfc`, `sign`, …: its template), and those of `oob` to be swapped too."""
        parts = [self._fill(f"{name}.jinja", view)]
        parts += [self._fill(f"{other}.jinja", view, oob=True) for other in oob]
        return "\n".join(parts)

    def live(self, view: View, after: int, message_count: int, shown: Mapping[str, str]) -> str:
        """What changed since the page last asked; empty when nothing did. `shown` are the marks of what it shows."""
        rows = self._bench.trace.since(after)
        parts = []
        if view.phone.message_count != message_count:
            parts.append(self._fill("inbox.jinja", view, oob=True))
        if shown.get("faults", "") != self.faults_seen():
            parts.append(self._fill("faults.jinja", view, oob=True))
        if view.terminal is not None and shown.get("line", "") != self.line_seen(view):
            parts.append(self._fill("line.jinja", view, oob=True))
        if view.signer is not None and shown.get("sign", "") != self.sign_seen(view):
            parts.append(self._fill("sign.jinja", view, oob=True))
        if not rows and not parts:
            return ""
        return "\n".join([self._fill("live.jinja", view, rows=newest_first(rows)), *parts])

    def faults_seen(self) -> str:
        """The fault buttons in a few characters, which the page sends back to learn whether they changed."""
        return "".join(str(int(self._bench.is_on(button))) for button in FaultButton)

    def line_seen(self, view: View) -> str:
        """The same of the terminal's line."""
        return _line_of(view.terminal) if view.terminal is not None else ""

    def sign_seen(self, view: View) -> str:
        """The same of the signing phone, and of the others that are asked."""
        asked = "".join(str(int(phone.busy)) for phone in self._bench.sign_phones.values())
        return f"{view.signer.seen}.{asked}" if view.signer is not None else ""

    def _fill(self, template: str, view: View, *, oob: bool = False, rows: list[WireMessage] | None = None) -> str:
        terminal, trace = view.terminal, self._bench.trace
        rows = newest_first(list(trace.messages)) if rows is None else rows
        return self._jinja.get_template(template).render(
            bench=self._bench,
            carrier=self._bench.carrier_of(view.phone),
            view=view,
            t=view.words,
            languages=LANGUAGES,
            oob=oob,
            phone_key=key_of(view.phone.person.msisdn),
            nfc_key=key_of(view.nfc.msisdn),
            nfc_name=self._name(view.words, view.nfc.msisdn),
            people=[
                (key_of(msisdn), self._name(view.words, msisdn), phone) for msisdn, phone in self._bench.phones.items()
            ],
            holders=[(key_of(msisdn), self._name(view.words, msisdn)) for msisdn in self._bench.nfc_phones],
            provisioned=self._bench.provisioned.get(view.nfc.msisdn),
            new_key=self._bench.keys.get(view.nfc.msisdn),
            key_ways=[way.value for way in KeyWay],
            tap=self._bench.taps.get(terminal.config.id) if terminal is not None else None,
            tap_reason=tap_reason,
            faults=[(button.value, self._bench.is_on(button)) for button in FaultButton],
            rows=rows,
            after=trace.messages[-1].number if trace.messages else 0,
            faults_seen=self.faults_seen(),
            line_seen=self.line_seen(view),
            sign_seen=self.sign_seen(view),
            signers=[
                (key_of(msisdn), phone.name_fa if view.words.direction == "rtl" else phone.name, phone.busy)
                for msisdn, phone in self._bench.sign_phones.items()
            ],
            sign_keys=SIGN_KEYS,
            query=query(view),
            wires=WIRES,
            sms_max=SMS_MAX,
            phone_keys=PHONE_KEYS,
            terminal_keys=TERMINAL_KEYS,
            day=_day,
        )

    def _name(self, words: Words, msisdn: str) -> str:
        person = self._bench.phones[msisdn].person
        return person.name_fa if words.direction == "rtl" else person.name


def key_of(msisdn: str) -> str:
    """A number as it stands in the lab's addresses: without its `+`."""
    return msisdn.removeprefix("+")


def query(view: View) -> str:
    """The part of an address that says whose devices are on the bench."""
    at = {"phone": key_of(view.phone.person.msisdn), "nfc": key_of(view.nfc.msisdn)}
    at |= {"signer": key_of(view.signer.msisdn)} if view.signer is not None else {}
    return urlencode(at | ({"terminal": view.terminal.config.id} if view.terminal is not None else {}))


def newest_first(rows: list[WireMessage]) -> list[WireMessage]:
    """The last rows, newest first."""
    return rows[: -ROWS_MAX - 1 : -1]


def tap_reason(words: Words, tap: TapResult) -> str:
    """The response code in words, or nothing when there was none or it is approval."""
    return "" if tap.de39 in ("", "00", "10") else words.first(f"de39.{tap.de39}", "de39.other")


def _line_of(terminal: Terminal) -> str:
    totals = terminal.totals
    counted = (terminal.batch_number, totals.debits, totals.debits_minor, totals.credits_minor)
    return ".".join(map(str, (int(terminal.online), terminal.owed_count, *counted)))


def _day(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(ZONE):%Y-%m-%d %H:%M}"
