"""What is found of banking."""

from gateway.services.banking.tables import LINES, ORDERS, QUOTED, STATEMENTS
from gateway.services.finding import FoundBy, FoundKind, Looked

_BYS = (FoundBy.BANK_REFERENCE, FoundBy.END_TO_END, FoundBy.MESSAGE, FoundBy.PAYMENT_INFORMATION)

LOOKED = (
    Looked(
        FoundKind.BANK_ORDER,
        ORDERS.c.id,
        references={FoundBy.MESSAGE: ORDERS.c.id},
        at=ORDERS.c.created_at,
        minor=ORDERS.c.minor,
        asset=ORDERS.c.asset,
    ),
    Looked(
        FoundKind.STATEMENT,
        STATEMENTS.c.id,
        "stm",
        references={FoundBy.NUMBER: STATEMENTS.c.statement_id},
        at=STATEMENTS.c.at,
        name=STATEMENTS.c.statement_id,
    ),
    Looked(
        FoundKind.STATEMENT_LINE,
        LINES.c.statement_id,
        references={by: LINES.c[name] for by, name in zip(_BYS, QUOTED, strict=True)},
        sparse=frozenset(_BYS),
        number=LINES.c.number,
        on=LINES.c.booked_on,
        minor=LINES.c.minor,
        name=LINES.c.counterparty,
    ),
)
