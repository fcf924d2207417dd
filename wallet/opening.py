"""The first entry of a book: what the institution's bank holds, against what was put in."""

from wallet.accounts import Account, Chart
from wallet.ids import transfer_id
from wallet.ledger import Ledger
from wallet.money import Money
from wallet.transfers import PostResult, Transfer, TransferCode


def opening(debit: Account, credit: Account, amount: Money, cause: str) -> Transfer:
    """The transfer that opens two accounts with a balance; the same cause and accounts always give the same one."""
    own_id = transfer_id(cause, f"opening {debit.code} {credit.code}")
    return Transfer(own_id, debit.id, credit.id, amount, TransferCode.OPENING, cause)


async def open_books(ledger: Ledger, chart: Chart, amount: Money, cause: str) -> PostResult:
    """Open trust bank against funding with `amount`; asking again with the same cause moves nothing."""
    bank, funding = chart.account("trust_bank", asset=amount.asset), chart.account("funding", asset=amount.asset)
    await ledger.open_accounts(bank, funding)
    (result,) = await ledger.post(opening(bank, funding, amount, cause))
    return result
