"""Messages from people: what they write to our numbers, and what becomes of it."""

from gateway.services.messages.incoming import Incoming, Place
from gateway.services.messages.messages import Messages
from gateway.services.messages.model import Answer, Reader, Taken, Written
from gateway.services.messages.opt_outs import OptOuts
from gateway.services.messages.questions import NO, SCALE, YES, Question, QuestionHandler, Questions, Replied
from gateway.services.messages.rules import Limit
from gateway.services.messages.tickets import (
    ANSWER_MAX,
    SURVEY,
    Opened,
    Ticket,
    TicketKind,
    TicketOutcome,
    Tickets,
    TicketState,
)

__all__ = [
    "ANSWER_MAX",
    "NO",
    "SCALE",
    "SURVEY",
    "YES",
    "Answer",
    "Incoming",
    "Limit",
    "Messages",
    "Opened",
    "OptOuts",
    "Place",
    "Question",
    "QuestionHandler",
    "Questions",
    "Reader",
    "Replied",
    "Taken",
    "Ticket",
    "TicketKind",
    "TicketOutcome",
    "TicketState",
    "Tickets",
    "Written",
]
