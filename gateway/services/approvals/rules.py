"""Who may decide: pure."""

from gateway.services.approvals.model import ApprovalOutcome, ApprovalState, Checker


def refusal(state: ApprovalState, maker: str, checker: Checker, role: str | None) -> ApprovalOutcome | None:
    """Why this checker may not decide, or None if they may; the first reason of ApprovalOutcome's order.

    `role` is what the kind asks for, None if nobody may decide that kind.
    """
    if role is None or role not in checker.roles:
        return ApprovalOutcome.ROLE_MISSING
    if state is not ApprovalState.PENDING:
        return ApprovalOutcome.NOT_PENDING
    if checker.id == maker:
        return ApprovalOutcome.MAKER_IS_CHECKER
    return None
