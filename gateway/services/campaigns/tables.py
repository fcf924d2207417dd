"""Tables of campaigns: what is said to whom, which rows of a file could not be used, and who wants no campaign."""

from sqlalchemy import Column, UniqueConstraint

from gateway.store import table
from wallet.types import Int64, JsonText, Moment, Text

CAMPAIGNS = table(
    "campaigns_campaigns",
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("templates", JsonText, nullable=False),
    Column("source", Text, nullable=False),
    Column("hours", Int64, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("approval_id", Text, nullable=False),
    Column("total", Int64, nullable=False),
    Column("bad", Int64, nullable=False),
    Column("parts", Int64, nullable=False),
    Column("ucs2", Int64, nullable=False),
    Column("reached", Text, nullable=False),
    Column("queued_to", Int64, nullable=False),
    Column("paced", Int64, nullable=False),
    Column("paced_from", Moment),
    Column("taken_to", Int64, nullable=False),
    Column("counts", JsonText, nullable=False),
    Column("counted_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("released_at", Moment),
    Column("finished_at", Moment),
)
"""`reached` is the last line of the file, or the last invoice, that was read; `queued_to` the last row that was given
to the outbox since the last start, `paced` how many were since `paced_from`; `taken_to` the last row that a pause or
cancel has looked at, -1 when it has looked at all."""

ROWS = table(
    "campaigns_rows",
    Column("campaign_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("notice_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("parts", Int64, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("campaign_id", "msisdn", name="campaigns_rows_once"),
)
"""`number` is the line of the file, or the place of the invoice, from 1; `text` is what was approved."""

BAD_ROWS = table(
    "campaigns_bad_rows",
    Column("campaign_id", Text, primary_key=True),
    Column("line", Int64, primary_key=True),
    Column("fault", Text, nullable=False),
    Column("column", Text, nullable=False),
)
