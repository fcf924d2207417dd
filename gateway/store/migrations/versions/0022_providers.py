"""Providers, prices, visits and fees."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "providers_providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("till", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("till"),
        sa.UniqueConstraint("msisdn"),
        sqlite_strict=True,
    )
    op.create_table(
        "providers_price_lists",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("effective_on", t.Day(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("providers_price_lists_kind", "providers_price_lists", ["kind", "number"], unique=True)
    op.create_table(
        "providers_prices",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("price_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("cover_percent", t.Int64, nullable=False),
        sa.Column("quantity_max", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "code"),
        sa.ForeignKeyConstraint(["list_id"], ["providers_price_lists.id"]),
        sqlite_strict=True,
    )
    op.create_table(
        "providers_visits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cap_minor", t.Int64, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("call_key"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers_providers.id"]),
        sqlite_strict=True,
    )
    op.create_index("providers_visits_person", "providers_visits", ["person_id", "id"])
    op.create_index("providers_visits_provider", "providers_visits", ["provider_id", "id"])
    op.create_index("providers_visits_state", "providers_visits", ["state", "expires_at"])
    op.create_table(
        "providers_fees",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("asked_minor", t.Int64, nullable=False),
        sa.Column("covered_minor", t.Int64, nullable=False),
        sa.Column("share_minor", t.Int64, nullable=False),
        sa.Column("co_payment", sa.Text(), nullable=False),
        sa.Column("submitted_at", t.Moment(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", t.Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("paid_at", t.Moment(), nullable=True),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("due_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("visit_id"),
        sa.ForeignKeyConstraint(["visit_id"], ["providers_visits.id"]),
        sa.ForeignKeyConstraint(["provider_id"], ["providers_providers.id"]),
        sqlite_strict=True,
    )
    op.create_index("providers_fees_due", "providers_fees", ["due_at"])
    op.create_index("providers_fees_provider", "providers_fees", ["provider_id", "id"])
    op.create_index("providers_fees_state", "providers_fees", ["state", "id"])
    op.create_table(
        "providers_fee_lines",
        sa.Column("fee_id", sa.Text(), nullable=False),
        sa.Column("number", t.Int64, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", t.Int64, nullable=False),
        sa.Column("asked_minor", t.Int64, nullable=False),
        sa.Column("adjusted_minor", t.Int64, nullable=False),
        sa.Column("approved_minor", t.Int64, nullable=False),
        sa.Column("covered_minor", t.Int64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fee_id", "number"),
        sa.ForeignKeyConstraint(["fee_id"], ["providers_fees.id"]),
        sqlite_strict=True,
    )
    op.create_table(
        "providers_drafts",
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("quantity", t.Int64, nullable=False),
        sa.Column("asked_minor", t.Int64, nullable=False),
        sa.Column("added_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", "call_key"),
        sa.ForeignKeyConstraint(["visit_id"], ["providers_visits.id"]),
        sqlite_strict=True,
    )
    op.create_table(
        "providers_changes",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("seq", t.Int64, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "seq"),
        sqlite_strict=True,
    )
