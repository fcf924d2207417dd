"""Banking: orders to the bank and what it says of them; statements as they came, each once."""

from gateway.services.banking.banking import Banking
from gateway.services.banking.book import Parts
from gateway.services.banking.booked import BookedLine, BookedLines, Known
from gateway.services.banking.days import BankDays, BankLeaf, DayStatement
from gateway.services.banking.model import (
    BankOrder,
    BankPayment,
    FileRow,
    FileState,
    Finding,
    Gap,
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
from gateway.services.banking.profile import BankProfile, read_bank_profile
from gateway.services.banking.unpacking import FILE_MAX

__all__ = [
    "FILE_MAX",
    "Arrived",
    "Bank",
    "BankDays",
    "BankLeaf",
    "BankOrder",
    "BankPayment",
    "BankProfile",
    "Banking",
    "BookedLine",
    "BookedLines",
    "DayStatement",
    "FileRow",
    "FileState",
    "Finding",
    "Gap",
    "ImportOutcome",
    "Imported",
    "Known",
    "News",
    "NewsTaker",
    "OrderBook",
    "OrderRow",
    "OrderState",
    "Parts",
    "PaymentNews",
    "Scheme",
    "StatementRow",
    "read_bank_profile",
]
