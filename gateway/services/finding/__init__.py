"""Finding: one box for phone numbers, references and ids, whole or in part."""

from gateway.services.finding.finding import Finding, Parts
from gateway.services.finding.index import TailIndex
from gateway.services.finding.looked import Looked, Tables
from gateway.services.finding.model import Findings, FindOutcome, Found, FoundBy, FoundKind
from gateway.services.finding.ports import Looker

__all__ = [
    "FindOutcome",
    "Finding",
    "Findings",
    "Found",
    "FoundBy",
    "FoundKind",
    "Looked",
    "Looker",
    "Parts",
    "Tables",
    "TailIndex",
]
