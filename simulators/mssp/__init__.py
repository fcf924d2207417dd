"""A mobile signature service after ETSI TS 102 204 and the phones whose SIMs sign."""

from simulators.mssp.authority import Authority
from simulators.mssp.codes import Code
from simulators.mssp.phone import Done, Habit, KeyKind, Prompt, Said, SignPhone
from simulators.mssp.server import Mssp
from simulators.mssp.service import Provider, Service

__all__ = [
    "Authority",
    "Code",
    "Done",
    "Habit",
    "KeyKind",
    "Mssp",
    "Prompt",
    "Provider",
    "Said",
    "Service",
    "SignPhone",
]
