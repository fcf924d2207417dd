"""The NFC side of a phone: card application, cryptograms, keys and thresholds, and the ways by which a reader comes."""

from simulators.nfc.application import Setting
from simulators.nfc.device import KeyKind
from simulators.nfc.faults import CardFaults, TornOff
from simulators.nfc.personal import HOUSE, Entry, Kernel
from simulators.nfc.risk import Kind, Limits
from simulators.nfc.serve import PhoneServer, stay_in_slot
from simulators.nfc.token import Profile, Token
from simulators.nfc.transports import Card, Exchange, InProcess, TcpTransport, Timed, Transport

__all__ = [
    "HOUSE",
    "Card",
    "CardFaults",
    "Entry",
    "Exchange",
    "InProcess",
    "Kernel",
    "KeyKind",
    "Kind",
    "Limits",
    "PhoneServer",
    "Profile",
    "Setting",
    "TcpTransport",
    "Timed",
    "Token",
    "TornOff",
    "Transport",
    "stay_in_slot",
]
