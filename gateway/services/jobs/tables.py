"""Table of jobs."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Int64, JsonText, Moment, Text

jobs = table(
    "jobs_jobs",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("params", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("done", Int64, nullable=False),
    Column("total", Int64, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("updated_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("jobs_jobs_state", "state", "id"),
)
"""`run_id` names the run that holds the job: a run that was given up for dead cannot write any more."""
