"""Float against trust: what is owed to people, and what stands behind it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gateway.services.closing.model import Cover
from gateway.services.owed import CASH, OWED, TRUST
from wallet.money import ASSETS, IRR, AssetKind
from wallet.transfers import RoleSum


def covers_of(sums: Iterable[RoleSum], bank: Mapping[str, int], at: datetime) -> list[Cover]:
    """The cover of each currency that is owed or held, rials first.

    A role that stands on its other side as a whole counts as nothing: what somebody owes us covers nobody.
    """
    owed, trust, cash = dict[str, int](), dict[str, int](), dict[str, int]()
    for row in sums:
        net = row.credits_posted - row.debits_posted
        if row.role in OWED:
            owed[row.asset] = owed.get(row.asset, 0) + max(0, net)
        elif row.role == TRUST:
            trust[row.asset] = trust.get(row.asset, 0) - net
        elif row.role == CASH:
            cash[row.asset] = cash.get(row.asset, 0) - net
    assets = [code for code in {IRR.code, *owed, *trust} if ASSETS[code].kind is AssetKind.CURRENCY]
    return [
        Cover(code, owed.get(code, 0), trust.get(code, 0), cash.get(code, 0), bank.get(code), at)
        for code in sorted(assets, key=lambda code: (code != IRR.code, code))
    ]


def of_sums(sums: Sequence[RoleSum]) -> list[list[object]]:
    """Sums as plain values."""
    return [[row.kind, row.role, row.asset, row.accounts, row.debits_posted, row.credits_posted] for row in sums]


def sums_of(plain: Iterable[Iterable[object]]) -> list[RoleSum]:
    """The sums that `of_sums` has made these of."""
    return [RoleSum(*row) for row in plain]  # type: ignore[arg-type]  # as they were put in
