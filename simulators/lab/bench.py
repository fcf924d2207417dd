"""What stands on the lab's bench, and what each device shows at the moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulators.bank import Bank
from simulators.faults import Faults
from simulators.mssp import SignPhone
from simulators.nfc_phone import NfcPhone, Provisioned
from simulators.phone import Network, Phone
from simulators.terminal import TapResult, Terminal
from simulators.trace import Trace

ANSWER_DELAY_S = 4.0
"""How long "delay the answer" holds an answer back: longer than patience, shorter than the carrier's timer."""

RELAY_MS = 700
"""How long a relay holds back each answer of a phone: longer than the house believes in."""


class FaultButton(StrEnum):
    """The fault buttons, in the order of the wires from phone to ledger."""

    DROP_SESSION = "drop_session"
    ANSWER_DELAY = "answer_delay"
    CALLBACK_TWICE = "callback_twice"
    CARRIER_REPEATS = "carrier_repeats"
    CARRIER_REORDERS = "carrier_reorders"
    CARRIER_BEGINS_AGAIN = "carrier_begins_again"
    CARRIER_REDIALS = "carrier_redials"
    CARRIER_LOSES = "carrier_loses"
    CARRIER_GARBLES = "carrier_garbles"
    CARRIER_WRITES_SLOWLY = "carrier_writes_slowly"
    CARRIER_READS_SLOWLY = "carrier_reads_slowly"
    BANK_DOWN = "bank_down"
    BANK_LOSES = "bank_loses"
    BANK_REJECTS = "bank_rejects"
    BANK_RETURNS = "bank_returns"
    BANK_SILENT = "bank_silent"
    BANK_SAYS_TWICE = "bank_says_twice"
    BANK_BOOKS_WRONG = "bank_books_wrong"
    BANK_STRANGER = "bank_stranger"
    SMSC_DOWN = "smsc_down"
    SMSC_THROTTLES = "smsc_throttles"
    SMSC_LOSES = "smsc_loses"
    SMSC_RECEIPT_FIRST = "smsc_receipt_first"
    SMSC_SLOW = "smsc_slow"
    SMSC_HEX_IDS = "smsc_hex_ids"
    TERMINAL_LINE_CUT = "terminal_line_cut"
    TILL_LOSES_REQUEST = "till_loses_request"
    TILL_LOSES_ANSWER = "till_loses_answer"
    TILL_LATE = "till_late"
    TILL_TWICE = "till_twice"
    TILL_OVERTAKEN = "till_overtaken"
    TILL_BREAKS_OFF = "till_breaks_off"
    TILL_HALF_OPEN = "till_half_open"
    TILL_BAD_MAC = "till_bad_mac"
    TILL_BAD_ANSWER = "till_bad_answer"
    TILL_CLOCK = "till_clock"
    PHONE_RELAYED = "phone_relayed"
    MSSP_SLOW = "mssp_slow"
    MSSP_DROPS = "mssp_drops"
    MSSP_GARBLES = "mssp_garbles"
    MSSP_OTHER_TEXT = "mssp_other_text"
    MSSP_OTHER_SIGNER = "mssp_other_signer"
    MSSP_REPLAYS = "mssp_replays"
    MSSP_CLOCK = "mssp_clock"


class KeyWay(StrEnum):
    """How an NFC phone comes to its next key."""

    PULL = "pull"
    SMS = "sms"
    USSD = "ussd"


_PARTS: Mapping[FaultButton, tuple[str, str, float | bool]] = {
    FaultButton.CARRIER_REPEATS: ("carrier", "repeat_rate", 1.0),
    FaultButton.CARRIER_REORDERS: ("carrier", "reorder_rate", 1.0),
    FaultButton.CARRIER_BEGINS_AGAIN: ("carrier", "repeated_begin_rate", 1.0),
    FaultButton.CARRIER_REDIALS: ("carrier", "redial_rate", 1.0),
    FaultButton.CARRIER_LOSES: ("carrier", "lost_answer_rate", 1.0),
    FaultButton.CARRIER_GARBLES: ("carrier", "charset_rate", 1.0),
    FaultButton.CARRIER_WRITES_SLOWLY: ("carrier", "slow_write_rate", 1.0),
    FaultButton.CARRIER_READS_SLOWLY: ("carrier", "slow_read_rate", 1.0),
    FaultButton.BANK_DOWN: ("bank", "down", True),
    FaultButton.BANK_LOSES: ("bank", "lost_answer_rate", 1.0),
    FaultButton.BANK_REJECTS: ("bank", "reject_rate", 0.5),
    FaultButton.BANK_RETURNS: ("bank", "return_rate", 0.5),
    FaultButton.BANK_SILENT: ("bank", "silent_rate", 1.0),
    FaultButton.BANK_SAYS_TWICE: ("bank", "double_status_rate", 1.0),
    FaultButton.BANK_BOOKS_WRONG: ("bank", "wrong_amount_rate", 0.5),
    FaultButton.BANK_STRANGER: ("bank", "stray_credit", True),
    FaultButton.SMSC_THROTTLES: ("smsc", "throttle_every", 2),
    FaultButton.SMSC_LOSES: ("smsc", "lost_resp_rate", 1.0),
    FaultButton.SMSC_RECEIPT_FIRST: ("smsc", "receipt_first", True),
    FaultButton.SMSC_SLOW: ("smsc", "delay_ms", 3_000),
    FaultButton.SMSC_HEX_IDS: ("smsc", "hex_ids", True),
    FaultButton.TILL_LOSES_REQUEST: ("till", "drop", True),
    FaultButton.TILL_LOSES_ANSWER: ("till", "drop_answer", True),
    FaultButton.TILL_LATE: ("till", "delay", True),
    FaultButton.TILL_TWICE: ("till", "duplicate", True),
    FaultButton.TILL_OVERTAKEN: ("till", "reorder", True),
    FaultButton.TILL_BREAKS_OFF: ("till", "truncate", True),
    FaultButton.TILL_HALF_OPEN: ("till", "half_open", True),
    FaultButton.TILL_BAD_MAC: ("till", "corrupt_mac", True),
    FaultButton.TILL_BAD_ANSWER: ("till", "corrupt_answer", True),
    FaultButton.TILL_CLOCK: ("till", "clock_skew_s", 3 * 86_400),
    FaultButton.MSSP_SLOW: ("mssp", "slow_ms", 15_000),
    FaultButton.MSSP_DROPS: ("mssp", "drop_answer", True),
    FaultButton.MSSP_GARBLES: ("mssp", "malformed_answer", True),
    FaultButton.MSSP_OTHER_TEXT: ("mssp", "other_text", True),
    FaultButton.MSSP_OTHER_SIGNER: ("mssp", "other_signer", True),
    FaultButton.MSSP_REPLAYS: ("mssp", "replay", True),
    FaultButton.MSSP_CLOCK: ("mssp", "clock_skew_s", 600),
}
"""The part of the faults and its name that a button switches, and the value when it is on."""


@dataclass(slots=True)
class Bench:
    """The devices by their keys: phones by number, terminals by id; the carriers' networks by their wires' names."""

    service_code: str
    short_code: str
    carriers: Mapping[str, Network]
    phones: Mapping[str, Phone]
    nfc_phones: Mapping[str, NfcPhone]
    terminals: Mapping[str, Terminal]
    faults: Faults
    trace: Trace
    bank: Bank | None = None
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    keys: dict[str, Provisioned] = field(default_factory=dict)
    taps: dict[str, TapResult] = field(default_factory=dict)
    sign_phones: Mapping[str, SignPhone] = field(default_factory=dict)

    @property
    def first_nfc(self) -> str:
        """The number whose NFC phone the lab shows first."""
        marked = [msisdn for msisdn, phone in self.phones.items() if phone.person.nfc]
        return next((msisdn for msisdn in marked if msisdn in self.nfc_phones), next(iter(self.nfc_phones)))

    def carrier_of(self, phone: Phone) -> str:
        """Whose network the phone is in; '' if it is none of the bench's."""
        return next((name for name, network in self.carriers.items() if network is phone.network), "")

    def join(self, phone: Phone, carrier: str) -> None:
        """Put the phone into another network; an open dialogue ends.

        Raises:
            KeyError: No carrier of this name.
        """
        network = self.carriers[carrier]
        if network is not phone.network:
            phone.hang_up()
            phone.network = network

    def is_on(self, button: FaultButton) -> bool:
        """Whether the fault is switched on."""
        match button:
            case FaultButton.ANSWER_DELAY:
                return self.faults.answer_delay_s > 0
            case FaultButton.PHONE_RELAYED:
                return any(phone.faults.delay_ms for phone in self.nfc_phones.values())
            case _ if button in _PARTS:
                part, name, _ = _PARTS[button]
                return bool(getattr(getattr(self.faults, part), name))
            case _:
                return bool(getattr(self.faults, button.value))

    def toggle(self, button: FaultButton) -> None:
        """Switch the fault on or off; one that is on by a configuration goes off whatever its value is."""
        switched = not self.is_on(button)
        match button:
            case FaultButton.ANSWER_DELAY:
                self.faults.answer_delay_s = ANSWER_DELAY_S if switched else 0.0
            case FaultButton.PHONE_RELAYED:
                for phone in self.nfc_phones.values():
                    phone.faults.delay_ms = RELAY_MS if switched else 0
            case _ if button in _PARTS:
                part, name, value = _PARTS[button]
                setattr(getattr(self.faults, part), name, type(value)(value if switched else 0))
            case _:
                setattr(self.faults, button.value, switched)
