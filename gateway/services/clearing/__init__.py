"""Clearing and settlement: terminal batches, cycles, fees, and what merchants are owed and paid."""

from gateway.services.clearing.calendar import Calendar, read_calendar
from gateway.services.clearing.clearing import Clearing
from gateway.services.clearing.fees import Schedule, read_schedule
from gateway.services.clearing.model import (
    DESK,
    BatchState,
    ClearingException,
    Cycle,
    CycleItem,
    CycleState,
    DueState,
    ExceptionState,
    ExceptionType,
    Kind,
    MerchantDue,
    ResolveOutcome,
    Share,
    TerminalBatch,
    Totals,
    Upload,
)
from gateway.services.clearing.ports import Parts, Taking, Takings
from gateway.services.clearing.returns import Returns
from gateway.services.clearing.settled import SettledItem, SettledItems
from gateway.services.clearing.sheets import csv_of, write_xlsx
from gateway.services.clearing.source import SOURCE, MerchantSource
from gateway.services.clearing.statements import LineKind, Statement, StatementLine
from gateway.services.clearing.views import BatchView, Views

__all__ = [
    "DESK",
    "SOURCE",
    "BatchState",
    "BatchView",
    "Calendar",
    "Clearing",
    "ClearingException",
    "Cycle",
    "CycleItem",
    "CycleState",
    "DueState",
    "ExceptionState",
    "ExceptionType",
    "Kind",
    "LineKind",
    "MerchantDue",
    "MerchantSource",
    "Parts",
    "ResolveOutcome",
    "Returns",
    "Schedule",
    "SettledItem",
    "SettledItems",
    "Share",
    "Statement",
    "StatementLine",
    "Taking",
    "Takings",
    "TerminalBatch",
    "Totals",
    "Upload",
    "Views",
    "csv_of",
    "read_calendar",
    "read_schedule",
    "write_xlsx",
]
