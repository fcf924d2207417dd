"""Table of views. Rows are only ever added."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Moment, Text

views = table(
    "access_views",
    Column("id", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("access_views_person", "person_id", "id"),
    Index("access_views_staff", "staff_id", "id"),
)
