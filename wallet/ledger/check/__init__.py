"""A second, independent reading of the log: it names the first row that cannot follow from the rows before it.

`fold` proves a run of blocks by itself and says what it took for granted about the book before; `standing` holds the
runs together, in order. Nothing here reads a database (`sources` apart) and nothing shares the writer's rules: rows are
plain tuples as the drivers give them, encodings of leaves are written down a second time.
"""

from wallet.ledger.check.finding import Finding, Progress, Verified

__all__ = ["Finding", "Progress", "Verified"]
