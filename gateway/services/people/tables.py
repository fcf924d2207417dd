"""Tables of people: who they are, codes that prove a phone, PINs, codes that a branch hands out, and limits of tries.

A national number is found by a keyed hash and read from a sealed copy; codes and PINs are kept as keyed hashes only.
"""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Blob, Flag, Int64, Moment, Text

persons = table(
    "people_persons",
    Column("id", Text, primary_key=True),
    Column("msisdn", Text, nullable=False, unique=True),
    Column("national_mac", Blob, nullable=False, unique=True),
    Column("national_sealed", Blob, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_fa", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("email", Text, nullable=False),
    # The status code with which a letter came back for good; '' while letters arrive.
    Column("email_bounced", Text, nullable=False, server_default=""),
    # The branch at whose desk the papers were seen last; '' for none.
    Column("branch", Text, nullable=False, server_default=""),
    # How pages are shown: ussd_menus.Style.
    Column("digits", Text, nullable=False, server_default="own"),
    Column("toman", Flag, nullable=False, server_default="0"),
    Column("easy", Flag, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Index("people_persons_state", "state", "id"),
)

codes = table(
    "people_codes",
    Column("person_id", Text, ForeignKey("people_persons.id"), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("mac", Blob, nullable=False),
    Column("tries", Int64, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
"""The one open code of a person and purpose; a new one takes the place of the old, a used one is deleted."""

pins = table(
    "people_pins",
    Column("person_id", Text, ForeignKey("people_persons.id"), primary_key=True),
    Column("salt", Blob),
    Column("hash", Blob),
    Column("offered_salt", Blob),
    Column("offered_hash", Blob),
    Column("offered_at", Moment),
    Column("failures", Int64, nullable=False),
    Column("tried_at", Moment),
    Column("locked_at", Moment),
    Column("changed_at", Moment),
    Column("unlocked_by", Text, nullable=False),
)

branch_codes = table(
    "people_branch_codes",
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("mac", Blob, nullable=False),
    Column("national_mac", Blob, nullable=False),
    Column("national_sealed", Blob, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_fa", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("branch", Text, nullable=False, server_default=""),
    Column("tries", Int64, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("people_branch_codes_number", "msisdn", "purpose"),
)

limits = table(
    "people_limits",
    Column("what", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("taken", Int64, nullable=False),
)
"""How often something was done for a subject since the window began."""
