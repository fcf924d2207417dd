"""Tables of people and staff."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "access_views",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("access_views_person", "access_views", ["person_id", "id"], unique=False)
    op.create_index("access_views_staff", "access_views", ["staff_id", "id"], unique=False)
    op.create_table(
        "approvals_approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", t.JsonText(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_at", t.Moment(), nullable=False),
        sa.Column("checker", sa.Text(), nullable=False),
        sa.Column("decided_at", t.Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("due", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_key"),
        sqlite_strict=True,
    )
    op.create_index("approvals_approvals_due", "approvals_approvals", ["due"], unique=False)
    op.create_index("approvals_approvals_state", "approvals_approvals", ["state", "id"], unique=False)
    op.create_table(
        "people_branch_codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("national_mac", sa.LargeBinary(), nullable=False),
        sa.Column("national_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("tries", t.Int64, nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("closed_at", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("people_branch_codes_number", "people_branch_codes", ["msisdn", "purpose"], unique=False)
    op.create_table(
        "people_limits",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", t.Moment(), nullable=False),
        sa.Column("taken", t.Int64, nullable=False),
        sa.PrimaryKeyConstraint("what", "subject"),
        sqlite_strict=True,
    )
    op.create_table(
        "people_persons",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("msisdn", sa.Text(), nullable=False),
        sa.Column("national_mac", sa.LargeBinary(), nullable=False),
        sa.Column("national_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("msisdn"),
        sa.UniqueConstraint("national_mac"),
        sqlite_strict=True,
    )
    op.create_index("people_persons_state", "people_persons", ["state", "id"], unique=False)
    op.create_table(
        "staff_accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("roles", t.JsonText(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("password_phc", sa.Text(), nullable=False),
        sa.Column("totp_seed_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("totp_step_used", t.Int64, nullable=False),
        sa.Column("disabled", t.Flag(), nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("username"),
        sqlite_strict=True,
    )
    op.create_table(
        "staff_failures",
        sa.Column("name_mac", sa.LargeBinary(), nullable=False),
        sa.Column("failures", t.Int64, nullable=False),
        sa.Column("failed_at", t.Moment(), nullable=False),
        sa.Column("locked_until", t.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name_mac"),
        sqlite_strict=True,
    )
    op.create_table(
        "approvals_changes",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("seq", t.Int64, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["approvals_approvals.id"],
        ),
        sa.PrimaryKeyConstraint("approval_id", "seq"),
        sqlite_strict=True,
    )
    op.create_table(
        "people_codes",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("tries", t.Int64, nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people_persons.id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "purpose"),
        sqlite_strict=True,
    )
    op.create_table(
        "people_pins",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("offered_salt", sa.LargeBinary(), nullable=True),
        sa.Column("offered_hash", sa.LargeBinary(), nullable=True),
        sa.Column("offered_at", t.Moment(), nullable=True),
        sa.Column("failures", t.Int64, nullable=False),
        sa.Column("tried_at", t.Moment(), nullable=True),
        sa.Column("locked_at", t.Moment(), nullable=True),
        sa.Column("changed_at", t.Moment(), nullable=True),
        sa.Column("unlocked_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people_persons.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "staff_sign_ins",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("created_at", t.Moment(), nullable=False),
        sa.Column("seen_at", t.Moment(), nullable=False),
        sa.Column("expires_at", t.Moment(), nullable=False),
        sa.Column("revoked_at", t.Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
        sqlite_strict=True,
    )
    op.create_index("staff_sign_ins_by_staff", "staff_sign_ins", ["staff_id"], unique=False)
