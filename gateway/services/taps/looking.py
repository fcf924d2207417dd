"""What is found of taps."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.taps.tables import refunds, taps

LOOKED = (
    Looked(
        FoundKind.TAP,
        taps.c.id,
        "tap",
        references={FoundBy.RRN: taps.c.rrn, FoundBy.APPROVAL_CODE: taps.c.approval, FoundBy.STAN: taps.c.stan},
        at=taps.c.made_at,
        minor=taps.c.amount_minor,
    ),
    Looked(
        FoundKind.REFUND,
        refunds.c.id,
        "rfd",
        references={FoundBy.RRN: refunds.c.rrn, FoundBy.APPROVAL_CODE: refunds.c.approval},
        at=refunds.c.made_at,
        minor=refunds.c.amount_minor,
    ),
)
