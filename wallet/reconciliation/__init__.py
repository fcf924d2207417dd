"""Reconciliation: what other books say, as values; matching and breaks over them are pure rules."""

from wallet.reconciliation.ageing import Bucket, bucket
from wallet.reconciliation.lines import BankStatement, LineKind, StatementLine
from wallet.reconciliation.matching import match
from wallet.reconciliation.rows import (
    BreakType,
    Decided,
    Group,
    Reason,
    Row,
    Rule,
    Side,
    Suggestion,
    Terms,
    Verdict,
)
from wallet.reconciliation.suggestions import suggest

__all__ = [
    "BankStatement",
    "BreakType",
    "Bucket",
    "Decided",
    "Group",
    "LineKind",
    "Reason",
    "Row",
    "Rule",
    "Side",
    "StatementLine",
    "Suggestion",
    "Terms",
    "Verdict",
    "bucket",
    "match",
    "suggest",
]
