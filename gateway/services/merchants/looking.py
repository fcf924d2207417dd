"""What is found of merchants."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.merchants.tables import merchants, terminals

LOOKED = (
    Looked(
        FoundKind.MERCHANT,
        merchants.c.id,
        "mer",
        references={FoundBy.NUMBER: merchants.c.number},
        at=merchants.c.registered_at,
        name=merchants.c.name,
    ),
    Looked(
        FoundKind.TERMINAL,
        terminals.c.id,
        references={FoundBy.TERMINAL: terminals.c.id},
        at=terminals.c.registered_at,
        name=terminals.c.merchant_id,
    ),
)
