"""Tables of signing: documents, requests to phones, signatures, signers and their enrolments, and what happened."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint

from gateway.store import table
from gateway.store.endings import ending
from wallet.types import Blob, Int64, JsonText, Moment, Text

documents = table(
    "signing_documents",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", Blob, nullable=False),
    Column("texts", JsonText, nullable=False),
    Column("title", Text, nullable=False),
    Column("made_by", JsonText, nullable=False),
    Column("roles", JsonText, nullable=False),
    Column("amount", Int64),
    Column("asset", Text),
    Column("need", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("current_key", Text, unique=True),
    Column("due", Text),
    Index("signing_documents_state", "state", "id"),
    Index("signing_documents_due", "due"),
)
"""`current_key` is kind and subject of the one document that counts; those before it are void and have none. `due` is
the id while something is still to be done about its end."""
Index("signing_documents_tail", ending(documents.c.id))

requests = table(
    "signing_requests",
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("digest", Blob, nullable=False),
    Column("code", Text, nullable=False),
    Column("digits", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("form_key", Text, unique=True),
    Column("phone_key", Text, unique=True),
    Column("handle_hash", Blob, unique=True),
    Column("due", Text),
    Column("leased_until", Moment),
    Index("signing_requests_due", "due"),
    Index("signing_requests_about", "about"),
)
"""Kept before a phone is asked: the id is the transaction id, so that who comes after a crash asks for the same one.
`about` is the document or enrolment; `phone_key` the number while it is asked, one request at a time; `handle_hash` who
may have the sign-in that comes of it; `state` is `asked`, then how it ended."""

signatures = table(
    "signing_signatures",
    Column("document_id", Text, ForeignKey("signing_documents.id"), primary_key=True),
    Column("principal", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("digest", Blob, nullable=False),
    Column("code", Text, nullable=False),
    Column("cms", Blob, nullable=False),
    Column("cms_hash", Blob, unique=True),
    Column("signed_at", Moment, nullable=False),
    UniqueConstraint("document_id", "staff_id"),
)
"""`cms` is empty where somebody signed by password; a signature of a phone counts once in all (`cms_hash`)."""

signers = table(
    "signing_signers",
    Column("staff_id", Text, primary_key=True),
    Column("msisdn", Text, nullable=False, unique=True),
    Column("serial", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("enrolled_at", Moment, nullable=False),
)

enrolments = table(
    "signing_enrolments",
    Column("id", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("open_key", Text, unique=True),
    Column("due", Text),
    Index("signing_enrolments_due", "due"),
)
"""`open_key` is the member of staff while it goes on; `due` the id while nobody has been asked to agree yet."""

events = table(
    "signing_events",
    Column("document_id", Text, ForeignKey("signing_documents.id"), primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
