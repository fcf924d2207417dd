"""Merkle blocks over committed groups."""
