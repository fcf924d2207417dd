"""Tables of benefits, payments and jobs."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "benefits_claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("first_day", t.Day(), nullable=False),
        sa.Column("last_day", t.Day(), nullable=False),
        sa.Column("days", t.Int64, nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("submitted_at", t.Moment(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", t.Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("paid_at", t.Moment(), nullable=True),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("due_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_key"),
        sa.UniqueConstraint("number"),
        sqlite_strict=True,
    )
    op.create_index("benefits_claims_due", "benefits_claims", ["due_at"], unique=False)
    op.create_index("benefits_claims_person", "benefits_claims", ["person_id", "id"], unique=False)
    op.create_index("benefits_claims_state", "benefits_claims", ["state", "id"], unique=False)
    op.create_table(
        "jobs_jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", t.JsonText(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("done", t.Int64, nullable=False),
        sa.Column("total", t.Int64, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("started_at", t.Moment(), nullable=True),
        sa.Column("updated_at", t.Moment(), nullable=False),
        sa.Column("finished_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("jobs_jobs_state", "jobs_jobs", ["state", "id"], unique=False)
    op.create_table(
        "payments_codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("redeemer_id", sa.Text(), nullable=False),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("return_from", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("payments_codes_mac", "payments_codes", ["mac"], unique=False)
    op.create_index("payments_codes_return", "payments_codes", ["state", "return_from"], unique=False)
    op.create_table(
        "payments_invoices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", t.Moment(), nullable=False),
        sa.Column("paid_at", t.Moment(), nullable=True),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "period"),
        sqlite_strict=True,
    )
    op.create_index("payments_invoices_made_by", "payments_invoices", ["made_by"], unique=False)
    op.create_table(
        "payments_payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("amount_minor", t.Int64, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("attempt", t.Int64, nullable=False),
        sa.Column("payee_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("balance_minor", t.Int64, nullable=True),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("settled_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_key"),
        sa.UniqueConstraint("reference"),
        sqlite_strict=True,
    )
    op.create_index("payments_payments_cause", "payments_payments", ["cause"], unique=False)
    op.create_index("payments_payments_person", "payments_payments", ["person_id", "id"], unique=False)
    op.create_index("payments_payments_state", "payments_payments", ["state", "created_at"], unique=False)
    op.create_table(
        "payments_tries",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.Column("taken", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "benefits_changes",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("seq", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["benefits_claims.id"],
        ),
        sa.PrimaryKeyConstraint("claim_id", "seq"),
        sqlite_strict=True,
    )
    op.create_table(
        "benefits_days",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["benefits_claims.id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "day"),
        sqlite_strict=True,
    )
