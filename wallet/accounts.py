"""Accounts and the chart of accounts, which is data: `chart.toml` beside this file.

An account plays a role of the chart for an opaque owner. Its id follows from role, owner and asset, so no service
has to remember which account is whose.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wallet.ids import AccountId, account_id
from wallet.money import ASSETS, IRR, Asset


class AccountKind(StrEnum):
    """The accounting category; asset and expense grow by debits, the others by credits."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"
    EQUITY = "equity"
    OFF_BALANCE = "off_balance"


class NormalSide(StrEnum):
    """The side on which an account usually stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class Constraint(StrEnum):
    """What an account may never do; open holds count as spent."""

    NONE = "none"
    DEBITS_WITHIN_CREDITS = "debits_within_credits"
    CREDITS_WITHIN_DEBITS = "credits_within_debits"


class AccountState(StrEnum):
    """Whether an account takes transfers."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Role:
    """A line of the chart: which accounts exist and how they behave."""

    name: str
    kind: AccountKind
    normal: NormalSide
    constraint: Constraint
    owned: bool
    """Whether there is one account for each owner, or one in all."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account to open: its id, its place in the chart, and whose it is (an opaque reference, '' for none)."""

    id: AccountId
    role: str
    owner: str
    asset: Asset
    kind: AccountKind
    normal: NormalSide
    constraint: Constraint

    @property
    def code(self) -> str:
        """Readable and unique: `liability:wallet:per_01K...:IRR`."""
        return ":".join(part for part in (self.kind.value, self.role, self.owner, self.asset.code) if part)


class Chart:
    """The roles by name. `Chart.load()` reads the shipped one."""

    def __init__(self, roles: dict[str, Role]) -> None:
        self.roles = roles

    @classmethod
    def load(cls, path: Path | None = None) -> "Chart":
        """Read a chart from TOML; without `path` the one that is shipped."""
        rows = tomllib.loads((path or Path(__file__).with_name("chart.toml")).read_text("utf-8"))["role"]
        return cls(
            {
                name: Role(
                    name=name,
                    kind=AccountKind(row["kind"]),
                    normal=NormalSide(row["normal"]),
                    constraint=Constraint(row.get("constraint", "none")),
                    owned=row.get("owned", False),
                )
                for name, row in rows.items()
            }
        )

    def account(self, role: str, owner: str = "", asset: Asset = IRR) -> Account:
        """The account that plays `role` for `owner`; opening it twice is harmless."""
        line = self.roles[role]
        assert line.owned == bool(owner), f"role {role} {'needs an' if line.owned else 'has no'} owner"
        return Account(account_id(role, owner, asset.code), role, owner, asset, line.kind, line.normal, line.constraint)

    def id(self, role: str, owner: str = "", asset: Asset = IRR) -> AccountId:
        """The id of that account."""
        return self.account(role, owner, asset).id


__all__ = [
    "ASSETS",
    "Account",
    "AccountKind",
    "AccountState",
    "Chart",
    "Constraint",
    "NormalSide",
    "Role",
]
