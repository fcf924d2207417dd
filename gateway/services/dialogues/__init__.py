"""USSD dialogues: durable sessions that any process can answer, each delivery exactly once."""

from gateway.services.dialogues.events import (
    Action,
    Actions,
    Caller,
    Callers,
    Event,
    EventKind,
    HopEnd,
    LateAnswer,
    LateTeller,
    Person,
    Reply,
)
from gateway.services.dialogues.hops import Hops
from gateway.services.dialogues.records import SessionView, Status
from gateway.services.dialogues.service import Dialogues, DialogueSettings, Menus
from gateway.services.dialogues.texts import Closing, closing_text

__all__ = [
    "Action",
    "Actions",
    "Caller",
    "Callers",
    "Closing",
    "DialogueSettings",
    "Dialogues",
    "Event",
    "EventKind",
    "HopEnd",
    "Hops",
    "LateAnswer",
    "LateTeller",
    "Menus",
    "Person",
    "Reply",
    "SessionView",
    "Status",
    "closing_text",
]
