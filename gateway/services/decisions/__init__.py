"""Decision tables: rules as files that are proved, published by two people, and explain themselves."""

from gateway.services.decisions.cells import read_inputs
from gateway.services.decisions.checks import Difference, cases_of, check, differences, gap_of, overlap_of, said
from gateway.services.decisions.compiled import CompiledTable
from gateway.services.decisions.decisions import TABLE_KIND, Decision, Decisions, Version, VersionState
from gateway.services.decisions.model import (
    Column,
    Example,
    Finding,
    Found,
    Hit,
    InputRefused,
    Inputs,
    OneOf,
    Problem,
    Reason,
    Row,
    Sort,
    Span,
    Spans,
    Table,
    TableRefused,
    Value,
    shown,
)
from gateway.services.decisions.ports import Cases, Use
from gateway.services.decisions.reading import BYTES_MAX, fingerprint, is_valid, read_table

__all__ = [
    "BYTES_MAX",
    "TABLE_KIND",
    "Cases",
    "Column",
    "CompiledTable",
    "Decision",
    "Decisions",
    "Difference",
    "Example",
    "Finding",
    "Found",
    "Hit",
    "InputRefused",
    "Inputs",
    "OneOf",
    "Problem",
    "Reason",
    "Row",
    "Sort",
    "Span",
    "Spans",
    "Table",
    "TableRefused",
    "Use",
    "Value",
    "Version",
    "VersionState",
    "cases_of",
    "check",
    "differences",
    "fingerprint",
    "gap_of",
    "is_valid",
    "overlap_of",
    "read_inputs",
    "read_table",
    "said",
    "shown",
]
