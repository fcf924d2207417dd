"""Benefits of every kind, their attestation and their objections."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CLAIMS = "benefits_claims"
TEXTS = {
    "kind": "sickness",
    "attester_code": "",
    "attester_name": "",
    "attestation": "none",
    "proposal": "",
    "proposal_why": "",
    "why": "",
    "first_officer": "",
    "batch_id": "",
    "item_id": "",
}
"""What the claims that are there become: sickness, that nobody had to attest."""


def upgrade() -> None:
    """Forwards."""
    for name, before in TEXTS.items():
        op.add_column(CLAIMS, sa.Column(name, sa.Text(), nullable=False, server_default=before))
    # Who has refused a claim is the first to have done so: its person may object, and another officer decides.
    op.execute("UPDATE benefits_claims SET first_officer = decided_by, why = 'other' WHERE state = 'rejected'")
    op.create_index("benefits_claims_batch", CLAIMS, ["batch_id", "state", "id"], unique=False)
    op.create_table(
        "benefits_events",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", t.Day(), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["benefits_claims.id"]),
        sa.PrimaryKeyConstraint("person_id", "kind", "day"),
        sqlite_strict=True,
    )
    op.create_table(
        "benefits_evidence",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("round", t.Int64, nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["benefits_claims.id"]),
        sa.PrimaryKeyConstraint("claim_id", "round", "datum"),
        sqlite_strict=True,
    )
    op.create_table(
        "benefits_attesters",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        sqlite_strict=True,
    )
    op.create_table(
        "benefits_attestations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("tries", t.Int64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("seen_at", t.Moment(), nullable=True),
        sa.Column("answered_at", t.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["benefits_claims.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id"),
        sqlite_strict=True,
    )
    op.create_index("benefits_attestations_msisdn", "benefits_attestations", ["msisdn", "state"], unique=False)
