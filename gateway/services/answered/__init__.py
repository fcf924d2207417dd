"""Messages of terminals, each answered once with the same bytes for ever."""

from gateway.services.answered.answered import SEEN, Key, Seen, put_answer, seen_of, seen_query, settle, take

__all__ = ["SEEN", "Key", "Seen", "put_answer", "seen_of", "seen_query", "settle", "take"]
