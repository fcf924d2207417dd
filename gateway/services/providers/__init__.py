"""Providers: doctors and health centres, their prices, visits, claim lines and what they are owed."""

from gateway.services.providers.model import (
    AskedLine,
    BillOutcome,
    BillResult,
    Change,
    CoPayment,
    Fee,
    FeeLine,
    FeeOutcome,
    FeeState,
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
from gateway.services.providers.ports import Parts
from gateway.services.providers.providers import Providers
from gateway.services.providers.registry import LIST_KIND, REGISTRATION_KIND

__all__ = [
    "LIST_KIND",
    "REGISTRATION_KIND",
    "AskedLine",
    "BillOutcome",
    "BillResult",
    "Change",
    "CoPayment",
    "Fee",
    "FeeLine",
    "FeeOutcome",
    "FeeState",
    "LineReason",
    "ListState",
    "Parts",
    "Price",
    "PriceList",
    "Provider",
    "ProviderKind",
    "ProviderState",
    "Providers",
    "Visit",
    "VisitOutcome",
    "VisitResult",
    "VisitState",
]
