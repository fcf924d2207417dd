"""The other side of every USSD wire: carriers, their forms and lines, their mishaps."""

from simulators.carriers.carrier import Carrier, Screen
from simulators.carriers.roster import AFRICAS_TALKING, FORMS, LATER, Contract, carrier_to

__all__ = ["AFRICAS_TALKING", "FORMS", "LATER", "Carrier", "Contract", "Screen", "carrier_to"]
