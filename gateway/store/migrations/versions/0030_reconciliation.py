"""Reconciliation: runs, groups, and what staff have decided of rows; payments and fees by when they came to a state."""

import sqlalchemy as sa
from alembic import op

import wallet.types as t

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FLOWS, RUNS, GROUPS = "reconciliation_flows", "reconciliation_runs", "reconciliation_groups"
FOREVER = 2**62


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, t.Int64, nullable=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, t.Day(), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, t.JsonText(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, t.Moment(), nullable=nullable)


def upgrade() -> None:
    """Forwards."""
    _runs()
    _groups()
    _said()
    op.create_index("payouts_changes_reached", "payouts_changes", ["state", "at", "batch_id", "number"])
    op.create_index("payouts_changes_first", "payouts_changes", ["batch_id", "state", "first"])
    op.create_index("providers_changes_reached", "providers_changes", ["what", "at", "subject_id"])
    op.create_index("clearing_cycles_opened", "clearing_cycles", ["opened_at"])


def _runs() -> None:
    op.create_table(
        FLOWS,
        _text("flow"),
        _whole("generation"),
        _whole("decisions"),
        _text("run_id"),
        _json("totals"),
        _text("owner"),
        _moment("owner_until", nullable=True),
        sa.Column("held", t.Flag(), nullable=False),
        sa.PrimaryKeyConstraint("flow"),
        sqlite_strict=True,
    )
    op.create_table(
        RUNS,
        *map(_text, ("id", "flow")),
        *map(_day, ("first_on", "through_on", "sealed_on")),
        *map(_text, ("state", "staff_id")),
        _moment("started_at"),
        _moment("finished_at", nullable=True),
        _whole("position"),
        *map(_json, ("lines", "groups")),
        _whole("changes"),
        *map(_text, ("reason", "mark")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("reconciliation_runs_flow", RUNS, ["flow", "id"])
    op.create_index("reconciliation_runs_state", RUNS, ["flow", "state", "id"])
    op.create_index("reconciliation_runs_sealed", RUNS, ["sealed_on", "id"])


def _groups() -> None:
    op.create_table(
        GROUPS,
        *map(_text, ("id", "flow", "run_id", "decision_id")),
        _day("sealed_on"),
        *map(_text, ("verdict", "rule", "broken")),
        _whole("difference_minor"),
        _text("asset"),
        *map(_day, ("first_on", "last_on")),
        *map(_text, ("content", "digest")),
        *map(_whole, ("made", "ended")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("reconciliation_groups_verdict", GROUPS, ["flow", "verdict", "id"])
    op.create_index("reconciliation_groups_last", GROUPS, ["flow", "last_on"])
    op.create_index("reconciliation_groups_made", GROUPS, ["flow", "made"])
    op.create_index("reconciliation_groups_sealed", GROUPS, ["sealed_on", "id"])
    is_open, ending = sa.text("verdict != 'matched'"), sa.text(f"ended < {FOREVER}")
    op.create_index(
        "reconciliation_groups_open",
        GROUPS,
        ["flow", "ended", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "reconciliation_groups_ended", GROUPS, ["flow", "ended"], sqlite_where=ending, postgresql_where=ending
    )
    op.create_table(
        "reconciliation_members",
        *map(_text, ("group_id", "side", "row_id")),
        sa.PrimaryKeyConstraint("group_id", "side", "row_id"),
        sqlite_strict=True,
    )
    op.create_index("reconciliation_members_row", "reconciliation_members", ["row_id", "side"])
    op.create_table(
        "reconciliation_changes",
        _text("run_id"),
        _whole("number"),
        *map(_text, ("kind", "side", "row_id", "group_id", "was_id")),
        sa.PrimaryKeyConstraint("run_id", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "reconciliation_suggestions",
        _text("run_id"),
        *map(_whole, ("place", "score")),
        *map(_json, ("reasons", "keys")),
        sa.PrimaryKeyConstraint("run_id", "place"),
        sqlite_strict=True,
    )


def _said() -> None:
    decisions = "reconciliation_decisions"
    op.create_table(
        decisions,
        *map(_text, ("id", "flow")),
        _whole("number"),
        _text("what"),
        _json("keys"),
        *map(_text, ("staff_id", "reason")),
        _moment("at"),
        _day("sealed_on"),
        _text("run_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flow", "number"),
        sqlite_strict=True,
    )
    op.create_index("reconciliation_decisions_staff", decisions, ["flow", "staff_id", "number"])
    op.create_index("reconciliation_decisions_sealed", decisions, ["sealed_on", "id"])
    op.create_table(
        "reconciliation_said",
        *map(_text, ("decision_id", "side", "row_id")),
        sa.PrimaryKeyConstraint("decision_id", "side", "row_id"),
        sqlite_strict=True,
    )
    op.create_index("reconciliation_said_row", "reconciliation_said", ["row_id", "side"])
