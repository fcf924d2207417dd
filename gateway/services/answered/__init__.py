"""Messages of terminals, each answered once with the same bytes for ever."""

from gateway.services.answered.answered import SEEN, Key, Seen, put_answer, seen_of, seen_query, settle, take
from gateway.services.answered.content import content_of
from gateway.services.answered.days import nearest_day

__all__ = ["SEEN", "Key", "Seen", "content_of", "nearest_day", "put_answer", "seen_of", "seen_query", "settle", "take"]
