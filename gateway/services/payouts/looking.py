"""What is found of payouts."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.payouts.tables import BATCHES, ITEMS

LOOKED = (
    Looked(
        FoundKind.PAYOUT_BATCH,
        BATCHES.c.id,
        "bat",
        tails=True,
        at=BATCHES.c.created_at,
        minor=BATCHES.c.total_minor,
        asset=BATCHES.c.asset,
        name=BATCHES.c.name,
    ),
    Looked(
        FoundKind.PAYOUT_ITEM,
        ITEMS.c.id,
        "itm",
        tails=True,
        references={FoundBy.END_TO_END: ITEMS.c.end_to_end_id, FoundBy.REFERENCE: ITEMS.c.reference},
        at=ITEMS.c.changed_at,
        minor=ITEMS.c.amount_minor,
        name=ITEMS.c.name,
    ),
)
