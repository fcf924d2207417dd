"""Messages of terminals, each answered once with the same bytes for ever."""

from gateway.services.answered.answered import (
    MESSAGES,
    Key,
    Seen,
    Taking,
    put_answer,
    put_answers,
    seen_all,
    seen_of,
    settle,
    take,
    take_all,
)
from gateway.services.answered.content import content_of
from gateway.services.answered.days import nearest_day

__all__ = [
    "MESSAGES",
    "Key",
    "Seen",
    "Taking",
    "content_of",
    "nearest_day",
    "put_answer",
    "put_answers",
    "seen_all",
    "seen_of",
    "settle",
    "take",
    "take_all",
]
