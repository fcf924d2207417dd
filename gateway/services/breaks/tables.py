"""Tables of breaks: what stands open, its rows, its history, files, and what was posted for it."""

from sqlalchemy import Column, Index, UniqueConstraint, type_coerce

from gateway.store import table
from wallet.types import Blob, Day, Flag, Int64, JsonText, Moment, Text

FLOWS = table(
    "breaks_flows",
    Column("flow", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
)
"""The run that breaks were taken from last; whoever takes a page holds the row, so that two runs have an order."""

BREAKS = table(
    "breaks_breaks",
    Column("id", Text, primary_key=True),
    Column("flow", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("opened_on", Day, nullable=False),
    Column("due_on", Day, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("row_count", Int64, nullable=False),
    Column("shape", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("posting_id", Text, nullable=False),
    Column("resolved_at", Moment),
    Column("resolution", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    # Whether its rows are its own now: it is not resolved, or it is while an undo of what resolved it is proposed.
    Column("standing", Flag, nullable=False),
    Column("overdue", Flag, nullable=False),
    # Another break that has taken rows of this one in the run that is being read.
    Column("lost_to", Text, nullable=False),
    Index("breaks_breaks_state", "state", "id"),
    Index("breaks_breaks_standing", "standing", "opened_on"),
    Index("breaks_breaks_due", "standing", "overdue", "due_on"),
    Index("breaks_breaks_flow", "flow", "standing", "id"),
    Index("breaks_breaks_owner", "owner", "id"),
    Index("breaks_breaks_group", "group_id"),
)
"""`shape` names type, amount and rows of the group: a proposal holds for one shape only."""
STANDING = type_coerce(BREAKS.c.standing, Int64) == 1
OVERDUE = type_coerce(BREAKS.c.overdue, Int64) == 1

ROWS = table(
    "breaks_rows",
    Column("break_id", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("row_key", Text, nullable=False),
    Column("standing_key", Text, unique=True),
    Column("minor", Int64, nullable=False),
    Column("on", Day, nullable=False),
    Column("own", Text, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("back", Flag, nullable=False),
    Index("breaks_rows_key", "row_key"),
)
"""`row_key` is flow, side and id; `standing_key` the same while the break stands: no row is in two of them."""

HISTORY = table(
    "breaks_history",
    Column("break_id", Text, primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("what", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("after", JsonText, nullable=False),
    Index("breaks_history_at", "at", "break_id"),
)
"""`after` is what the break was then: how it stood at any moment follows from these rows, which never change."""

EVIDENCE = table(
    "breaks_evidence",
    Column("break_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sha256", Blob, nullable=False),
    Column("size", Int64, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("octets", Blob, nullable=False),
    UniqueConstraint("break_id", "sha256"),
    Index("breaks_evidence_at", "at", "break_id"),
)

POSTINGS = table(
    "breaks_postings",
    Column("id", Text, primary_key=True),
    Column("break_id", Text, nullable=False),
    Column("number", Int64, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("debit_role", Text, nullable=False),
    Column("debit_owner", Text, nullable=False),
    Column("credit_role", Text, nullable=False),
    Column("credit_owner", Text, nullable=False),
    Column("minor", Int64, nullable=False),
    Column("back_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("corrects", Text, nullable=False),
    Column("undoes", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("approval_id", Text, nullable=False),
    Column("effective_on", Day),
    Column("shape", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("finished_at", Moment),
    # The moment from which the sweep looks at it, while anything is to be done that no person does.
    Column("due_at", Moment),
    UniqueConstraint("break_id", "number"),
    Index("breaks_postings_due", "due_at"),
)
"""`back_minor` is what a correction takes back; `was` the break's state before it was proposed."""

BOOKED = table(
    "breaks_booked",
    Column("transfer_id", Text, primary_key=True),
    Column("posting_id", Text, nullable=False),
    Column("number", Int64, nullable=False),
    Column("break_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("minor", Int64, nullable=False),
    Column("rail_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("on", Day, nullable=False),
    Column("undoes", Text, nullable=False),
    Index("breaks_booked_posting", "posting_id", "number"),
    Index("breaks_booked_flow", "flow", "on", "transfer_id"),
)
"""What stands in the ledger for breaks; `minor` as the flow counts it, 0 for what is none of it; `rail_minor` what the
rail's book lacks to say the same from then on, which no rail will ever add."""
