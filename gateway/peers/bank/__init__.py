"""The bank's file door: over HTTPS by the house's own profile, or two folders that somebody carries to the bank."""

from gateway.peers.bank.folder import FolderBank
from gateway.peers.bank.http import HttpBank
from gateway.peers.bank.open import open_bank
from gateway.peers.bank.watched import WatchedBank

__all__ = ["FolderBank", "HttpBank", "WatchedBank", "open_bank"]
