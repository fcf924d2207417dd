"""Loops that own no rules."""
