"""USSD dialogues: durable sessions that any process can answer, each delivery exactly once."""

from gateway.services.dialogues.counts import SessionCounts, Traced
from gateway.services.dialogues.events import (
    Action,
    Actions,
    Caller,
    Callers,
    Event,
    EventKind,
    HopEnd,
    LateAnswer,
    Letters,
    Person,
    Reply,
)
from gateway.services.dialogues.hops import Hops, Profiles
from gateway.services.dialogues.menus import Menus
from gateway.services.dialogues.records import EndReason, SessionView, Status
from gateway.services.dialogues.rules import DialogueSettings
from gateway.services.dialogues.service import Dialogues
from gateway.services.dialogues.texts import Closing, closing_text
from gateway.services.dialogues.trail import Step, Trails

__all__ = [
    "Action",
    "Actions",
    "Caller",
    "Callers",
    "Closing",
    "DialogueSettings",
    "Dialogues",
    "EndReason",
    "Event",
    "EventKind",
    "HopEnd",
    "Hops",
    "LateAnswer",
    "Letters",
    "Menus",
    "Person",
    "Profiles",
    "Reply",
    "SessionCounts",
    "SessionView",
    "Status",
    "Step",
    "Traced",
    "Trails",
    "closing_text",
]
