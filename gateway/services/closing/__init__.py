"""Closing: days proved, sealed, signed for, and proved again."""
