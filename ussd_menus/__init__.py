"""CONVERSATION: screens, words and answers. Never money, SQL or HTTP."""

from ussd_menus.alphabet import gsm_septets, ucs2_units
from ussd_menus.draw import draw, html, mermaid
from ussd_menus.engine import begin, say, step
from ussd_menus.freeze import FrozenMenus, freeze
from ussd_menus.inspection import inspect, inspect_files
from ussd_menus.loader import files_of, load, load_files
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
    Style,
    Value,
    smallest,
)
from ussd_menus.record import record
from ussd_menus.screens import Menus
from ussd_menus.shortcuts import Plan, dialled, onward, renote
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
    "Plan",
    "Profile",
    "Reply",
    "Result",
    "Row",
    "State",
    "Style",
    "Value",
    "begin",
    "dialled",
    "draw",
    "files_of",
    "freeze",
    "gsm_septets",
    "html",
    "inspect",
    "inspect_files",
    "load",
    "load_files",
    "mermaid",
    "onward",
    "record",
    "renote",
    "say",
    "smallest",
    "step",
    "ucs2_units",
    "verify",
]
