"""Breaks: what does not agree, and what is done about it."""
