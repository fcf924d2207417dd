"""Tables of reconciliation: flows, runs, groups with their rows by name, what staff have said, changes, suggestions.

A group never changes. `made` and `ended` say from which generation of its flow it stands and from which it does not:
a run writes what it found under a later generation, page by page, and all of it stands at once when the flow's own
generation becomes that one.
"""

from sqlalchemy import Column, Index, UniqueConstraint, literal_column

from gateway.store import table
from wallet.types import Day, Flag, Int64, JsonText, Moment, Text

FOREVER = 2**62
"""`ended` of what stands; it fits what SQLite reads out of JSON, too."""

FLOWS = table(
    "reconciliation_flows",
    Column("flow", Text, primary_key=True),
    Column("generation", Int64, nullable=False),
    # How many decisions there are: the number of the last one.
    Column("decisions", Int64, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("totals", JsonText, nullable=False),
    # Which attempt works on the flow, until when it is believed to, and whether what stands must not change meanwhile.
    Column("owner", Text, nullable=False),
    Column("owner_until", Moment),
    Column("held", Flag, nullable=False),
)

RUNS = table(
    "reconciliation_runs",
    Column("id", Text, primary_key=True),
    Column("flow", Text, nullable=False),
    Column("first_on", Day, nullable=False),
    Column("through_on", Day, nullable=False),
    Column("sealed_on", Day, nullable=False),
    Column("state", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("position", Int64, nullable=False),
    Column("lines", JsonText, nullable=False),
    Column("groups", JsonText, nullable=False),
    Column("changes", Int64, nullable=False),
    Column("reason", Text, nullable=False),
    # What the other side had sent when it began.
    Column("mark", Text, nullable=False),
    Index("reconciliation_runs_flow", "flow", "id"),
    Index("reconciliation_runs_state", "flow", "state", "id"),
    Index("reconciliation_runs_sealed", "sealed_on", "id"),
)

GROUPS = table(
    "reconciliation_groups",
    Column("id", Text, primary_key=True),
    Column("flow", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    # By which decision it was made, '' for the run itself.
    Column("decision_id", Text, nullable=False),
    Column("sealed_on", Day, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("broken", Text, nullable=False),
    Column("difference_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("first_on", Day, nullable=False),
    Column("last_on", Day, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("made", Int64, nullable=False),
    Column("ended", Int64, nullable=False),
    Index("reconciliation_groups_verdict", "flow", "verdict", "id"),
    Index("reconciliation_groups_last", "flow", "last_on"),
    Index("reconciliation_groups_made", "flow", "made"),
    Index("reconciliation_groups_sealed", "sealed_on", "id"),
)
OPEN = GROUPS.c.verdict != literal_column("'matched'")
"""Said of every question about open ones: with a parameter for it, no database would see that the index answers it."""
ENDING = GROUPS.c.ended < literal_column(str(FOREVER))
Index(
    "reconciliation_groups_open", GROUPS.c.flow, GROUPS.c.ended, GROUPS.c.id, sqlite_where=OPEN, postgresql_where=OPEN
)
Index("reconciliation_groups_ended", GROUPS.c.flow, GROUPS.c.ended, sqlite_where=ENDING, postgresql_where=ENDING)

MEMBERS = table(
    "reconciliation_members",
    Column("group_id", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Index("reconciliation_members_row", "row_id", "side"),
)

DECISIONS = table(
    "reconciliation_decisions",
    Column("id", Text, primary_key=True),
    Column("flow", Text, nullable=False),
    Column("number", Int64, nullable=False),
    Column("what", Text, nullable=False),
    Column("keys", JsonText, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("sealed_on", Day, nullable=False),
    Column("run_id", Text, nullable=False),
    UniqueConstraint("flow", "number"),
    Index("reconciliation_decisions_staff", "flow", "staff_id", "number"),
    Index("reconciliation_decisions_sealed", "sealed_on", "id"),
)

SAID = table(
    "reconciliation_said",
    Column("decision_id", Text, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Index("reconciliation_said_row", "row_id", "side"),
)
"""Rows of decisions, to find these by."""

CHANGES = table(
    "reconciliation_changes",
    Column("run_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("was_id", Text, nullable=False),
)

SUGGESTIONS = table(
    "reconciliation_suggestions",
    Column("run_id", Text, primary_key=True),
    Column("place", Int64, primary_key=True),
    Column("score", Int64, nullable=False),
    Column("reasons", JsonText, nullable=False),
    Column("keys", JsonText, nullable=False),
)
