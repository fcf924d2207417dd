"""Tables of payees: where each person is paid now, and every change.

An IBAN is read from a sealed copy, and found by a keyed hash: whose account is whose is nobody's to read from a dump.
"""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Blob, Flag, Moment, Text

accounts = table(
    "payees_accounts",
    Column("person_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sealed", Blob),
    Column("mac", Blob),
    # The last four digits of the IBAN, '' of a wallet.
    Column("tail", Text, nullable=False),
    # The name that the bank is given, where it is not the person's own; else ''.
    Column("name", Text, nullable=False),
    Column("since", Moment),
    Column("cool_until", Moment),
    Column("frozen", Flag, nullable=False),
    # What the phone has typed and not yet agreed to with the PIN.
    Column("offered_sealed", Blob),
    Column("offered_mac", Blob),
    Column("offered_tail", Text, nullable=False),
    Column("offered_at", Moment),
    Index("payees_accounts_mac", "mac"),
)

changes = table(
    "payees_changes",
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("call_key", Text, nullable=False, unique=True),
    Column("sealed", Blob),
    Column("mac", Blob),
    Column("tail", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("old_kind", Text, nullable=False),
    Column("old_sealed", Blob),
    Column("old_mac", Blob),
    Column("old_tail", Text, nullable=False),
    Column("old_name", Text, nullable=False),
    # The number at that time: it hears of the next change too.
    Column("msisdn", Text, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("cool_until", Moment),
    Index("payees_changes_person", "person_id", "id"),
)
