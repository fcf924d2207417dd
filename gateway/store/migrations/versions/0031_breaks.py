"""Breaks: what does not agree, who looks after it, and its history."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, t.Int64, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, t.Moment(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, t.Day(), nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, t.Flag(), nullable=False)


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "breaks_flows", *map(_text, ("flow", "run_id")), sa.PrimaryKeyConstraint("flow"), sqlite_strict=True
    )
    _standing()
    _told()
    _posted()


def _standing() -> None:
    op.create_table(
        "breaks_breaks",
        *map(_text, ("id", "flow", "group_id", "type")),
        _whole("minor"),
        _text("asset"),
        *map(_day, ("opened_on", "due_on")),
        *map(_text, ("owner", "state", "reason", "note")),
        _whole("row_count"),
        *map(_text, ("shape", "run_id", "posting_id")),
        _moment("resolved_at", nullable=True),
        *map(_text, ("resolution", "resolved_by")),
        *map(_flag, ("standing", "overdue")),
        _text("lost_to"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("breaks_breaks_state", "breaks_breaks", ["state", "id"])
    op.create_index("breaks_breaks_standing", "breaks_breaks", ["standing", "opened_on"])
    op.create_index("breaks_breaks_due", "breaks_breaks", ["standing", "overdue", "due_on"])
    op.create_index("breaks_breaks_flow", "breaks_breaks", ["flow", "standing", "id"])
    op.create_index("breaks_breaks_owner", "breaks_breaks", ["owner", "id"])
    op.create_index("breaks_breaks_group", "breaks_breaks", ["group_id"])
    op.create_table(
        "breaks_rows",
        *map(_text, ("break_id", "side", "row_id", "row_key")),
        sa.Column("standing_key", sa.Text()),
        _whole("minor"),
        _day("on"),
        *map(_text, ("own", "end_to_end_id", "batch")),
        _flag("back"),
        sa.PrimaryKeyConstraint("break_id", "side", "row_id"),
        sa.UniqueConstraint("standing_key"),
        sqlite_strict=True,
    )
    op.create_index("breaks_rows_key", "breaks_rows", ["row_key"])


def _told() -> None:
    op.create_table(
        "breaks_history",
        _text("break_id"),
        _whole("seq"),
        *map(_text, ("what", "staff_id", "note", "run_id")),
        _moment("at"),
        sa.Column("after", t.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("break_id", "seq"),
        sqlite_strict=True,
    )
    op.create_index("breaks_history_at", "breaks_history", ["at", "break_id"])
    op.create_table(
        "breaks_evidence",
        _text("break_id"),
        _whole("number"),
        *map(_text, ("name", "kind")),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        _whole("size"),
        _text("staff_id"),
        _moment("at"),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("break_id", "number"),
        sa.UniqueConstraint("break_id", "sha256"),
        sqlite_strict=True,
    )
    op.create_index("breaks_evidence_at", "breaks_evidence", ["at", "break_id"])


def _posted() -> None:
    op.create_table(
        "breaks_postings",
        *map(_text, ("id", "break_id")),
        _whole("number"),
        *map(_text, ("action", "state", "debit_role", "debit_owner", "credit_role", "credit_owner")),
        *map(_whole, ("minor", "back_minor")),
        *map(_text, ("asset", "corrects", "undoes", "reason", "staff_id", "approval_id")),
        _day("effective_on", nullable=True),
        *map(_text, ("shape", "was", "outcome")),
        _moment("at"),
        *(_moment(name, nullable=True) for name in ("finished_at", "due_at")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("break_id", "number"),
        sqlite_strict=True,
    )
    op.create_index("breaks_postings_due", "breaks_postings", ["due_at"])
    op.create_table(
        "breaks_booked",
        *map(_text, ("transfer_id", "posting_id")),
        _whole("number"),
        *map(_text, ("break_id", "flow")),
        *map(_whole, ("minor", "rail_minor")),
        _text("asset"),
        _day("on"),
        _text("undoes"),
        sa.PrimaryKeyConstraint("transfer_id"),
        sqlite_strict=True,
    )
    op.create_index("breaks_booked_posting", "breaks_booked", ["posting_id", "number"])
    op.create_index("breaks_booked_flow", "breaks_booked", ["flow", "on", "transfer_id"])
