"""What an account and its tokens may pay: bounds set by holders and staff, and what was paid already."""

from gateway.services.controls.controls import Change, Controls
from gateway.services.controls.held import Held, Spending
from gateway.services.controls.model import ANY, Bound, Channel, Control, Finding, Party, Spend
from gateway.services.controls.rules import Account, Rule
from gateway.services.controls.windows import Standing, Used, Windows

__all__ = [
    "ANY",
    "Account",
    "Bound",
    "Change",
    "Channel",
    "Control",
    "Controls",
    "Finding",
    "Held",
    "Party",
    "Rule",
    "Spend",
    "Spending",
    "Standing",
    "Used",
    "Windows",
]
