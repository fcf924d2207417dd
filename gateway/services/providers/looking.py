"""What is found of providers."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.providers.tables import fees, providers, visits

LOOKED = (
    Looked(
        FoundKind.PROVIDER,
        providers.c.id,
        "prv",
        references={FoundBy.NUMBER: providers.c.till, FoundBy.PHONE: providers.c.msisdn},
        at=providers.c.registered_at,
        name=providers.c.name,
    ),
    Looked(
        FoundKind.VISIT,
        visits.c.id,
        "vis",
        tails=True,
        references={FoundBy.NUMBER: visits.c.number},
        at=visits.c.opened_at,
        name=visits.c.number,
    ),
    Looked(
        FoundKind.FEE,
        fees.c.id,
        "fee",
        tails=True,
        at=fees.c.submitted_at,
        minor=fees.c.covered_minor,
        asset=fees.c.asset,
    ),
)
