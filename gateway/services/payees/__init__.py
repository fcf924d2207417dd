"""Payees: where each person wants to be paid, who changed that and when."""
