"""A mobile signature service after ETSI TS 102 204 and the phones whose SIMs sign."""

from simulators.mssp.authority import Authority
from simulators.mssp.codes import Code
from simulators.mssp.phone import Habit, KeyKind, Prompt, Said, SignPhone
from simulators.mssp.server import Mssp
from simulators.mssp.service import Contract, Service

__all__ = ["Authority", "Code", "Contract", "Habit", "KeyKind", "Mssp", "Prompt", "Said", "Service", "SignPhone"]
