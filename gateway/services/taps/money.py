"""What a step of a tap asks of the ledger."""

from typing import assert_never

from gateway.services.taps.model import Tap
from gateway.services.taps.rules import Step
from wallet.accounts import Chart
from wallet.ids import transfer_id
from wallet.transfers import Transfer, TransferCode, TransferKind


def transfer_for(tap: Tap, step: Step, chart: Chart) -> Transfer:
    """The transfer of one step; the same tap and step always give the same one.

    Source: design, "intent, post, outcome": the id follows from the tap, so that asking again is harmless.
    """
    wallet, clearing = chart.id("wallet", tap.person_id), chart.id("merchant_clearing", tap.merchant_id)
    own_id, hold_id = transfer_id(tap.id, step), transfer_id(tap.id, Step.HOLD)
    captured = tap.captured or tap.amount
    tap_code = TransferCode.TAP
    match step:
        case Step.HOLD:
            kind = TransferKind.HOLD
            return Transfer(own_id, wallet, clearing, tap.amount, tap_code, tap.id, kind, expires_at=tap.expires_at)
        case Step.CAPTURE:
            return Transfer(own_id, wallet, clearing, captured, tap_code, tap.id, TransferKind.CAPTURE, hold_id)
        case Step.VOID:
            return Transfer(own_id, wallet, clearing, tap.amount, tap_code, tap.id, TransferKind.VOID, hold_id)
        case Step.LATE:
            return Transfer(own_id, wallet, clearing, captured, tap_code, tap.id)
        case Step.REFUND:
            again = transfer_id(tap.id, step, tap.refund_attempt)
            return Transfer(again, clearing, wallet, captured, TransferCode.TAP_REFUND, tap.id)
        case unreachable:
            assert_never(unreachable)
