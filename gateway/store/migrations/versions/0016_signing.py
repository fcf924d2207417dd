"""Documents, signatures and signers."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "signing_documents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("texts", t.JsonText(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("made_by", t.JsonText(), nullable=False),
        sa.Column("roles", t.JsonText(), nullable=False),
        sa.Column("amount", t.Int64, nullable=True),
        sa.Column("asset", sa.Text(), nullable=True),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("ended_at", t.Moment(), nullable=True),
        sa.Column("current_key", sa.Text(), nullable=True),
        sa.Column("due", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("current_key"),
        sqlite_strict=True,
    )
    op.create_index("signing_documents_state", "signing_documents", ["state", "id"], unique=False)
    op.create_index("signing_documents_due", "signing_documents", ["due"], unique=False)
    op.create_table(
        "signing_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("digits", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("ended_at", t.Moment(), nullable=True),
        sa.Column("form_key", sa.Text(), nullable=True),
        sa.Column("phone_key", sa.Text(), nullable=True),
        sa.Column("handle_hash", sa.LargeBinary(), nullable=True),
        sa.Column("due", sa.Text(), nullable=True),
        sa.Column("leased_until", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("form_key"),
        sa.UniqueConstraint("phone_key"),
        sa.UniqueConstraint("handle_hash"),
        sqlite_strict=True,
    )
    op.create_index("signing_requests_due", "signing_requests", ["due"], unique=False)
    op.create_index("signing_requests_about", "signing_requests", ["about"], unique=False)
    op.create_table(
        "signing_signatures",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cms", sa.LargeBinary(), nullable=False),
        sa.Column("cms_hash", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["signing_documents.id"]),
        sa.PrimaryKeyConstraint("document_id", "principal"),
        sa.UniqueConstraint("cms_hash"),
        sa.UniqueConstraint("document_id", "staff_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "signing_signers",
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("enrolled_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id"),
        sa.UniqueConstraint("msisdn"),
        sqlite_strict=True,
    )
    op.create_table(
        "signing_enrolments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("due", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_key"),
        sqlite_strict=True,
    )
    op.create_index("signing_enrolments_due", "signing_enrolments", ["due"], unique=False)
    op.create_table(
        "signing_events",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("seq", t.Int64, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["signing_documents.id"]),
        sa.PrimaryKeyConstraint("document_id", "seq"),
        sqlite_strict=True,
    )
