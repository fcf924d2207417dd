"""What is found of approvals."""

from gateway.services.approvals.tables import approvals
from gateway.services.finding import FoundKind, Looked

LOOKED = (
    Looked(
        FoundKind.APPROVAL,
        approvals.c.id,
        "apr",
        tails=True,
        at=approvals.c.proposed_at,
        minor=approvals.c.amount,
        asset=approvals.c.asset,
        name=approvals.c.kind,
    ),
)
