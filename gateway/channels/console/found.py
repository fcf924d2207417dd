"""Where what was found has its page."""

from typing import assert_never

from gateway.services.finding import Found, FoundKind


def path_of(found: Found) -> str | None:
    """The path below `/console`; None of what has no page of its own."""
    match found.kind:
        case FoundKind.PERSON:
            return f"/people/{found.id}"
        case FoundKind.CLAIM:
            return f"/claims/{found.id}"
        case FoundKind.PAYOUT_BATCH:
            return f"/payouts/{found.id}"
        case FoundKind.BANK_ORDER:
            return "/bank/orders"
        case FoundKind.STATEMENT | FoundKind.STATEMENT_LINE:
            return f"/bank/statements/{found.id}"
        case FoundKind.TAP:
            return f"/taps/{found.id}"
        case FoundKind.TOKEN:
            return f"/tokens/{found.id}"
        case FoundKind.TERMINAL:
            return f"/merchants/terminals/{found.id}"
        case FoundKind.TERMINAL_BATCH:
            return f"/merchants/batches/{found.id}"
        case FoundKind.CYCLE:
            return f"/merchants/cycles/{found.id}"
        case FoundKind.MERCHANT:
            return f"/merchants/{found.id}"
        case FoundKind.PROVIDER:
            return f"/providers/{found.id}"
        case FoundKind.FEE:
            return f"/fees/{found.id}"
        case FoundKind.VISIT:
            return None
        case FoundKind.DOCUMENT:
            return f"/signing/{found.id}"
        case FoundKind.APPROVAL:
            return f"/approvals/{found.id}"
        case FoundKind.BREAK:
            return f"/breaks/{found.id}"
        case FoundKind.DAY_CLOSE:
            return f"/close/{found.id}"
        case FoundKind.TRANSFER:
            return f"/cause/{found.cause}"
        case (
            FoundKind.PAYMENT
            | FoundKind.INVOICE
            | FoundKind.CLAIM_CODE
            | FoundKind.CASH_IN
            | FoundKind.PAYOUT_ITEM
            | FoundKind.REFUND
            | FoundKind.MERCHANT_DUE
            | FoundKind.CAUSE
        ):
            return f"/cause/{found.id}"
    assert_never(found.kind)
