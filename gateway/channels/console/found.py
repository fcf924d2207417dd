"""Where something that was found leads; each page has its own right, the way there says nothing."""

from gateway.services.finding import Found, FoundKind

_PAGES = {
    FoundKind.PERSON: "/people/{id}?about=find",
    FoundKind.CLAIM: "/claims/{id}",
    FoundKind.PAYOUT_BATCH: "/payouts/{id}",
    FoundKind.PAYOUT_ITEM: "/payouts/items/{id}",
    FoundKind.BANK_ORDER: "/bank/orders",
    FoundKind.STATEMENT: "/bank/statements/{id}",
    FoundKind.STATEMENT_LINE: "/bank/statements/{id}?after={before}",
    FoundKind.TAP: "/taps/{id}",
    FoundKind.TOKEN: "/tokens/{id}",
    FoundKind.TERMINAL: "/merchants/terminals/{id}",
    FoundKind.TERMINAL_BATCH: "/merchants/batches/{id}",
    FoundKind.CYCLE: "/merchants/cycles/{id}",
    FoundKind.MERCHANT: "/merchants/{id}",
    FoundKind.PROVIDER: "/providers/{id}",
    FoundKind.FEE: "/fees/{id}",
    FoundKind.DOCUMENT: "/signing/{id}",
    FoundKind.APPROVAL: "/approvals/{id}",
    FoundKind.BREAK: "/breaks/{id}",
    FoundKind.DAY_CLOSE: "/close/{id}",
    FoundKind.TRANSFER: "/ledger/transfers/{id}",
}


def path_of(found: Found) -> str:
    """The page of it below `/console`; what has none leads to what it caused."""
    page = _PAGES.get(found.kind, "/cause/{id}")
    # A statement's page begins after a line, so that this one comes first.
    return page.format(id=found.id, before=max(0, found.number - 1))
