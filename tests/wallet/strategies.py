"""Hypothesis strategies of good and bad transfers over a small world, so that ids, holds and accounts meet often."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from hypothesis import strategies as st

from wallet.accounts import Account, AccountKind, Chart, Limits, NormalSide
from wallet.ids import AccountId, TransferId, account_id
from wallet.money import EUR, IRR, Money
from wallet.transfers import Transfer, TransferCode, TransferKind

CHART = Chart.load()
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
STRANGER = AccountId(UUID(int=7))


def world(tag: str) -> list[Account]:
    """Two wallets, two free accounts, one that must stay on its debit side, one in another asset."""
    return [
        CHART.account("wallet", f"per_a{tag}"),
        CHART.account("wallet", f"per_b{tag}"),
        CHART.account("branch_cash", f"c{tag}"),
        CHART.account("branch_cash", f"d{tag}"),
        Account(
            account_id("till", tag, "IRR"), "till", tag, IRR, AccountKind.ASSET, NormalSide.DEBIT,
            Limits(credit_excess_max=0),
        ),
        CHART.account("wallet", f"per_a{tag}", EUR),
    ]  # fmt: skip


def transfers(accounts: Sequence[Account], ids: Sequence[TransferId]) -> st.SearchStrategy[Transfer]:
    """Mostly sensible, often repeated, sometimes absurd."""
    small = st.integers(1, 30)
    sound = _any(accounts, ids, small).map(lambda transfer: _sound(transfer, accounts))
    holding = st.builds(
        lambda transfer, which: _holding(transfer, which, (accounts, ids)),
        _any(accounts, ids, small),
        st.integers(0, 2),
    )
    absurd = _any(accounts, ids[:6], st.sampled_from([1, 0, -1, 2**62, 2**62 + 1, 2**70]))
    return st.one_of(sound, sound, holding, holding, holding, absurd)


def _any(
    accounts: Sequence[Account], ids: Sequence[TransferId], minors: st.SearchStrategy[int]
) -> st.SearchStrategy[Transfer]:
    # Numbers that stand for things: Hypothesis would print the things again and again.
    account = st.integers(0, len(accounts)).map(lambda n: accounts[n].id if n < len(accounts) else STRANGER)
    fresh_id = st.integers(0, len(ids) - 1).map(lambda n: ids[n])
    used_id = st.integers(0, min(len(ids), 6) - 1).map(lambda n: ids[n])
    return st.builds(
        Transfer,
        id=st.one_of(fresh_id, fresh_id, fresh_id, used_id),
        debit=account,
        credit=account,
        amount=st.builds(Money, minors, st.sampled_from([IRR, IRR, IRR, EUR])),
        code=st.sampled_from([TransferCode.SEND, TransferCode.TAP]),
        cause=st.sampled_from(["pay_1", "pay_2"]),
        kind=st.sampled_from(list(TransferKind)),
        hold_id=st.one_of(st.none(), used_id),
        expires_at=st.sampled_from([None, *(START + timedelta(seconds=s) for s in (30, 90, -1))]),
        effective_on=st.sampled_from([None, None, date(2026, 11, 20)]),
        linked=st.sampled_from([False, False, False, False, True]),
    )


def calls(accounts: Sequence[Account], ids: Sequence[TransferId]) -> st.SearchStrategy[list[Transfer]]:
    """One call's transfers."""
    return st.lists(transfers(accounts, ids), min_size=1, max_size=4)


def _sound(transfer: Transfer, accounts: Sequence[Account]) -> Transfer:
    """A plain transfer between two of the first accounts."""
    first = [account.id for account in accounts[:4]]
    debit = transfer.debit if transfer.debit in first else first[0]
    credit = transfer.credit if transfer.credit in first and transfer.credit != debit else first[1]
    credit = first[2] if credit == debit else credit
    plain = replace(transfer, debit=debit, credit=credit, amount=Money(transfer.amount.minor, IRR))
    return replace(plain, kind=TransferKind.POST, expires_at=None, hold_id=None)


def _holding(transfer: Transfer, which: int, world: tuple[Sequence[Account], Sequence[TransferId]]) -> Transfer:
    """One of three holds of 10, or an end of one of them that fits: left to chance alone they would hardly meet."""
    accounts, ids = world
    amount = Money(transfer.amount.minor % 12 + 1, IRR)
    fitting = replace(transfer, debit=accounts[which].id, credit=accounts[(which + 1) % 3].id, amount=amount)
    if transfer.kind is TransferKind.CAPTURE:
        return replace(fitting, hold_id=ids[which], expires_at=None)
    if transfer.kind is TransferKind.VOID:
        return replace(fitting, amount=Money(10, IRR), hold_id=ids[which], expires_at=None)
    expires_at = START + timedelta(seconds=60)
    hold = replace(fitting, id=ids[which], kind=TransferKind.HOLD, amount=Money(10, IRR), hold_id=None)
    return replace(hold, code=TransferCode.TAP, cause="pay_1", expires_at=expires_at, effective_on=None)


PAUSES_S = st.sampled_from([0, 0, 0, 0, 5, 40])
"""Seconds between two calls; holds of `transfers` last until a minute after START."""


def funding(accounts: Sequence[Account], tag: str) -> list[Transfer]:
    """A little money in both wallets, so that some transfers can be paid."""
    own_ids = ids(f"funding {tag}", 2)
    return [
        Transfer(own_ids[number], accounts[2].id, accounts[number].id, Money(40, IRR), TransferCode.OPENING, "opn_1")
        for number in range(2)
    ]


def ids(tag: str, count: int = 200) -> list[TransferId]:
    """A few ids, so that they are used again."""
    return [TransferId(uuid5(NAMESPACE_OID, f"{tag} {number}")) for number in range(count)]
