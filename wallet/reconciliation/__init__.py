"""Reconciliation: what other books say, as values; matching and breaks over them are pure rules."""

from wallet.reconciliation.lines import BankStatement, LineKind, StatementLine

__all__ = ["BankStatement", "LineKind", "StatementLine"]
