"""Messages of terminals, each answered once with the same bytes for ever."""

from gateway.services.answered.answered import Key, Seen, put_answer, seen_of, seen_query, settle, take

__all__ = ["Key", "Seen", "put_answer", "seen_of", "seen_query", "settle", "take"]
