"""Payouts: batches of payments, from a decision to the day on which the bank says that the money arrived."""
