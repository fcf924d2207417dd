"""What is found of benefits."""

from gateway.services.benefits.tables import claims
from gateway.services.finding import FoundBy, FoundKind, Looked

LOOKED = (
    Looked(
        FoundKind.CLAIM,
        claims.c.id,
        "clm",
        tails=True,
        references={FoundBy.NUMBER: claims.c.number},
        at=claims.c.submitted_at,
        minor=claims.c.amount_minor,
        asset=claims.c.asset,
        name=claims.c.number,
    ),
)
