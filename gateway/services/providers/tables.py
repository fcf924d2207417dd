"""Tables of providers: who they are, price lists, visits, fees with their lines, and everything that happened."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from gateway.store.endings import ending
from wallet.types import Day, Int64, Moment, Text

providers = table(
    "providers_providers",
    Column("id", Text, primary_key=True),
    Column("till", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("msisdn", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("iban", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
)

lists = table(
    "providers_price_lists",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("number", Int64, nullable=False),
    Column("effective_on", Day, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Index("providers_price_lists_kind", "kind", "number", unique=True),
)

prices = table(
    "providers_prices",
    Column("list_id", Text, ForeignKey("providers_price_lists.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("price_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("cover_percent", Int64, nullable=False),
    Column("quantity_max", Int64, nullable=False),
)

visits = table(
    "providers_visits",
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("call_key", Text, nullable=False, unique=True),
    Column("provider_id", Text, ForeignKey("providers_providers.id"), nullable=False),
    Column("person_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cap_minor", Int64),
    Index("providers_visits_person", "person_id", "id"),
    Index("providers_visits_provider", "provider_id", "id"),
    Index("providers_visits_state", "state", "expires_at"),
)
Index("providers_visits_tail", ending(visits.c.id))

fees = table(
    "providers_fees",
    Column("id", Text, primary_key=True),
    Column("visit_id", Text, ForeignKey("providers_visits.id"), nullable=False, unique=True),
    Column("provider_id", Text, ForeignKey("providers_providers.id"), nullable=False),
    Column("person_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("asked_minor", Int64, nullable=False),
    Column("covered_minor", Int64, nullable=False),
    Column("share_minor", Int64, nullable=False),
    Column("co_payment", Text, nullable=False),
    Column("submitted_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("paid_at", Moment),
    Column("attempt", Int64, nullable=False),
    Column("due_at", Moment),
    Index("providers_fees_provider", "provider_id", "id"),
    Index("providers_fees_state", "state", "id"),
    Index("providers_fees_due", "due_at"),
)
"""`due_at` is set while money must still be moved without anybody asking."""
Index("providers_fees_tail", ending(fees.c.id))

lines = table(
    "providers_fee_lines",
    Column("fee_id", Text, ForeignKey("providers_fees.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("quantity", Int64, nullable=False),
    Column("asked_minor", Int64, nullable=False),
    Column("adjusted_minor", Int64, nullable=False),
    Column("approved_minor", Int64, nullable=False),
    Column("covered_minor", Int64, nullable=False),
    Column("reason", Text, nullable=False),
)

drafts = table(
    "providers_drafts",
    Column("visit_id", Text, ForeignKey("providers_visits.id"), primary_key=True),
    Column("call_key", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("quantity", Int64, nullable=False),
    Column("asked_minor", Int64, nullable=False),
    Column("added_at", Moment, nullable=False),
)
"""Lines of bills that are being typed on a phone; gone once the visit is no longer open."""

changes = table(
    "providers_changes",
    Column("subject_id", Text, primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("providers_changes_reached", "what", "at", "subject_id"),
)
"""The subject is a provider, a visit, a price list or a fee."""
