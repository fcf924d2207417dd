"""Notices: what people are told, in their language, once per cause, through an outbox that survives everything."""

from gateway.services.notices.bounces import BounceKind, Bounces, Verdict, message_id
from gateway.services.notices.bulk import Bulk
from gateway.services.notices.fallback import Fallback, Reached
from gateway.services.notices.letters import Letter
from gateway.services.notices.mailbox import Kept, Mailbox, Title
from gateway.services.notices.notice import NEEDS, Notice, NoticeClass, Prepared
from gateway.services.notices.notices import Notices
from gateway.services.notices.outbox import Outbox
from gateway.services.notices.outgoing import (
    Carrier,
    Channel,
    Outgoing,
    PartResult,
    PartState,
    Receipt,
    ReceiptState,
    Report,
)
from gateway.services.notices.preferences import USUAL, Preferences
from gateway.services.notices.queue import Queue
from gateway.services.notices.rules import Lane, NoticeState, QuietHours
from gateway.services.notices.sheets import FeeLine, FeeSheet, Sheet, SheetLine
from gateway.services.notices.told import Told, told
from gateway.services.notices.words import Words
from gateway.services.telling import NoticeValue

__all__ = [
    "NEEDS",
    "USUAL",
    "BounceKind",
    "Bounces",
    "Bulk",
    "Carrier",
    "Channel",
    "Fallback",
    "FeeLine",
    "FeeSheet",
    "Kept",
    "Lane",
    "Letter",
    "Mailbox",
    "Notice",
    "NoticeClass",
    "NoticeState",
    "NoticeValue",
    "Notices",
    "Outbox",
    "Outgoing",
    "PartResult",
    "PartState",
    "Preferences",
    "Prepared",
    "Queue",
    "QuietHours",
    "Reached",
    "Receipt",
    "ReceiptState",
    "Report",
    "Sheet",
    "SheetLine",
    "Title",
    "Told",
    "Verdict",
    "Words",
    "message_id",
    "told",
]
