"""Statements of wallets that people get by e-mail."""

from gateway.services.statements.statements import STATEMENTS_JOB, StatementOutcome, Statements, days_of

__all__ = ["STATEMENTS_JOB", "StatementOutcome", "Statements", "days_of"]
