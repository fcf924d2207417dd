"""What the house owes to people as money, and what stands behind it: roles of the chart of accounts."""

OWED = frozenset(
    {"wallet", "merchant_clearing", "merchant_payable", "provider_payable", "claim_codes", "rail_payable", "suspense"}
)
"""Roles whose accounts are owed to somebody outside: e-money and what became of it on its way out."""
TRUST, CASH = "trust_bank", "branch_cash"
