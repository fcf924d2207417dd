"""What a step of a tap or a refund asks of the ledger."""

from typing import assert_never

from gateway.services.taps.model import Refund, Tap
from gateway.services.taps.refund_rules import RefundStep, Source
from gateway.services.taps.rules import Step
from wallet.accounts import Chart
from wallet.ids import transfer_id
from wallet.money import irr
from wallet.transfers import Balancing, Transfer, TransferCode, TransferKind


def transfers_for(tap: Tap, step: Step, chart: Chart) -> tuple[Transfer, ...]:
    """The transfers of one step, which stand or fall together; the same tap and step always give the same ones.

    Source: design, "intent, post, outcome": the ids follow from the tap, so that asking again is harmless.
    """
    wallet, clearing = chart.id("wallet", tap.person_id), chart.id("merchant_clearing", tap.merchant_id)
    code, held = TransferCode.TAP, irr(tap.hold_minor)
    hold_id = transfer_id(tap.id, Step.HOLD, tap.hold_number)
    captured = tap.captured or irr(tap.keep_minor)
    match step:
        case Step.HOLD:
            most = Balancing.DEBIT if tap.part else Balancing.NO
            kind, until = TransferKind.HOLD, tap.expires_at
            return (
                Transfer(hold_id, wallet, clearing, tap.amount, code, tap.id, kind, expires_at=until, balancing=most),
            )
        case Step.CAPTURE:
            own_id = transfer_id(tap.id, step)
            return (Transfer(own_id, wallet, clearing, captured, code, tap.id, TransferKind.CAPTURE, hold_id),)
        case Step.VOID:
            own_id = transfer_id(tap.id, step)
            return (Transfer(own_id, wallet, clearing, held, code, tap.id, TransferKind.VOID, hold_id),)
        case Step.SHRINK:
            lower, until, tries = irr(tap.shrink_minor), tap.expires_at, tap.refund_attempt
            own_id, new_id = transfer_id(tap.id, step, tries), transfer_id(tap.id, Step.HOLD, tries + 1)
            return (
                Transfer(own_id, wallet, clearing, held, code, tap.id, TransferKind.VOID, hold_id, linked=True),
                Transfer(new_id, wallet, clearing, lower, code, tap.id, TransferKind.HOLD, expires_at=until),
            )
        case Step.CHARGE:
            return (Transfer(transfer_id(tap.id, step, tap.refund_attempt), wallet, clearing, captured, code, tap.id),)
        case Step.REFUND:
            raise AssertionError("a refund is made in the store; its own steps move money")
        case unreachable:
            assert_never(unreachable)


def transfer_back(refund: Refund, step: RefundStep, chart: Chart) -> Transfer:
    """The transfer of one step of a refund."""
    # What a cycle has counted returns to where the next cycle finds it.
    role = Source.CLEARING if step is RefundStep.UNDO and refund.cycle_id else refund.source
    wallet, source = chart.id("wallet", refund.person_id), chart.id(role, refund.merchant_id)
    code, paid_id = TransferCode.TAP_REFUND, transfer_id(refund.id, RefundStep.PAY, refund.attempt)
    match step:
        case RefundStep.PAY:
            return Transfer(paid_id, source, wallet, refund.amount, code, refund.id)
        case RefundStep.UNDO:
            own_id = transfer_id(refund.id, step, refund.attempt)
            # To the person it is the purchase that stands again, and is told so.
            return Transfer(own_id, wallet, source, refund.amount, TransferCode.TAP, refund.id)
        case unreachable:
            assert_never(unreachable)
