"""What of signing is sealed with a day: what was asked for, who signed it with which phone, and what happened."""

from gateway.services.signing.tables import documents, enrolments, events, signatures
from gateway.store.octets import Dated

SEALED = (
    # How a document ends is told by its events.
    Dated(
        documents, documents.c.asked_at, but=frozenset({"state", "reason", "ended_at", "current_key", "due"}),
    ),
    Dated(signatures, signatures.c.signed_at),
    Dated(events, events.c.at),
    Dated(enrolments, enrolments.c.asked_at, but=frozenset({"state", "open_key", "due"})),
)  # fmt: skip
