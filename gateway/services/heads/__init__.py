"""Published heads of the ledger: signed, stored, and written to a file that can be copied away."""

from gateway.services.heads.file import HEADS_FILE, HeadFile
from gateway.services.heads.heads import LISTED_MAX, Heads
from gateway.services.heads.sealing import SEALED

__all__ = ["HEADS_FILE", "LISTED_MAX", "SEALED", "HeadFile", "Heads"]
