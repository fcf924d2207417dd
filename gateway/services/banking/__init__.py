"""Banking: orders to the bank and what it says of them; statements as they came, each once."""

from gateway.services.banking.banking import Banking
from gateway.services.banking.model import (
    BankOrder,
    BankPayment,
    FileRow,
    FileState,
    Finding,
    Imported,
    ImportOutcome,
    News,
    OrderRow,
    OrderState,
    PaymentNews,
    Scheme,
    StatementRow,
)
from gateway.services.banking.ports import Arrived, Bank, NewsTaker, OrderBook

__all__ = [
    "Arrived",
    "Bank",
    "BankOrder",
    "BankPayment",
    "Banking",
    "FileRow",
    "FileState",
    "Finding",
    "ImportOutcome",
    "Imported",
    "News",
    "NewsTaker",
    "OrderBook",
    "OrderRow",
    "OrderState",
    "PaymentNews",
    "Scheme",
    "StatementRow",
]
