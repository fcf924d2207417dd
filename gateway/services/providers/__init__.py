"""Providers: doctors and health centres, their prices, visits, claim lines and what they are owed."""

from gateway.services.providers.model import (
    AskedLine,
    BillOutcome,
    BillResult,
    Change,
    CoPayment,
    Drafted,
    Fee,
    FeeLine,
    FeeOutcome,
    FeeState,
    LineOutcome,
    LineReason,
    ListState,
    Price,
    PriceList,
    Provider,
    ProviderKind,
    ProviderState,
    Visit,
    VisitOutcome,
    VisitResult,
    VisitState,
)
from gateway.services.providers.owing import OwedFee, OwedFees
from gateway.services.providers.ports import Parts
from gateway.services.providers.providers import Providers
from gateway.services.providers.registry import LIST_KIND, REGISTRATION_KIND
from gateway.services.providers.sheets import HEADS, PriceChange, differences, read_prices
from gateway.services.providers.statements import STATEMENTS_JOB, ProviderStatements

__all__ = [
    "HEADS",
    "LIST_KIND",
    "REGISTRATION_KIND",
    "STATEMENTS_JOB",
    "AskedLine",
    "BillOutcome",
    "BillResult",
    "Change",
    "CoPayment",
    "Drafted",
    "Fee",
    "FeeLine",
    "FeeOutcome",
    "FeeState",
    "LineOutcome",
    "LineReason",
    "ListState",
    "OwedFee",
    "OwedFees",
    "Parts",
    "Price",
    "PriceChange",
    "PriceList",
    "Provider",
    "ProviderKind",
    "ProviderState",
    "ProviderStatements",
    "Providers",
    "Visit",
    "VisitOutcome",
    "VisitResult",
    "VisitState",
    "differences",
    "read_prices",
]
