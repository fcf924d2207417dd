"""What is found of signing."""

from gateway.services.finding import FoundKind, Looked
from gateway.services.signing.tables import documents

LOOKED = (
    Looked(
        FoundKind.DOCUMENT,
        documents.c.id,
        "doc",
        tails=True,
        at=documents.c.asked_at,
        minor=documents.c.amount,
        asset=documents.c.asset,
        name=documents.c.title,
    ),
)
