"""What is found of clearing."""

from gateway.services.clearing.tables import BATCHES, CYCLES, DUES
from gateway.services.finding import FoundBy, FoundKind, Looked

LOOKED = (
    Looked(
        FoundKind.TERMINAL_BATCH,
        BATCHES.c.id,
        "tbt",
        references={FoundBy.BATCH_NUMBER: BATCHES.c.number},
        at=BATCHES.c.opened_at,
        name=BATCHES.c.terminal_id,
    ),
    Looked(FoundKind.CYCLE, CYCLES.c.id, "cyc", at=CYCLES.c.opened_at, minor=CYCLES.c.gross_minor),
    Looked(FoundKind.MERCHANT_DUE, DUES.c.id, "mrc", minor=DUES.c.amount_minor),
)
