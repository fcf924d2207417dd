"""CONVERSATION: screens, words and answers. Never money, SQL or HTTP."""

from ussd_menus.alphabet import gsm_septets, ucs2_units
from ussd_menus.draw import draw, mermaid
from ussd_menus.engine import begin, say, step
from ussd_menus.freeze import FrozenMenus, freeze
from ussd_menus.loader import load
from ussd_menus.model import (
    Amount,
    Begin,
    Call,
    End,
    Event,
    Finding,
    Input,
    MenusFault,
    Page,
    Phase,
    Profile,
    Reply,
    Result,
    Row,
    State,
    Value,
)
from ussd_menus.screens import Menus
from ussd_menus.verify import verify

__all__ = [
    "Amount",
    "Begin",
    "Call",
    "End",
    "Event",
    "Finding",
    "FrozenMenus",
    "Input",
    "Menus",
    "MenusFault",
    "Page",
    "Phase",
    "Profile",
    "Reply",
    "Result",
    "Row",
    "State",
    "Value",
    "begin",
    "draw",
    "freeze",
    "gsm_septets",
    "load",
    "mermaid",
    "say",
    "step",
    "ucs2_units",
    "verify",
]
