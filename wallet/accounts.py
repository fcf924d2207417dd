"""Accounts and the chart of accounts, which is data: `chart.toml` beside this file.

An account plays a role of the chart for an opaque owner. Its id follows from role, owner and asset, so no service
has to remember which account is whose.
"""

import tomllib
from dataclasses import dataclass
from enum import Enum, StrEnum
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
    """What the accounts of a role may never do unless they get limits of their own; open holds count as spent."""

    NONE = "none"
    DEBITS_WITHIN_CREDITS = "debits_within_credits"
    CREDITS_WITHIN_DEBITS = "credits_within_debits"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one side of an account may exceed the other, in minor units, its open holds counted; None for no bound.

    A wallet that may not be overdrawn has `debit_excess_max=0`; a credit line raises it, and `credit_excess_max` is
    the most that the wallet may hold.
    """

    debit_excess_max: int | None = None
    credit_excess_max: int | None = None


NO_LIMITS = Limits()
_LIMITS = {
    Constraint.NONE: NO_LIMITS,
    Constraint.DEBITS_WITHIN_CREDITS: Limits(debit_excess_max=0),
    Constraint.CREDITS_WITHIN_DEBITS: Limits(credit_excess_max=0),
}


class AccountState(StrEnum):
    """Whether an account takes transfers."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class ChangeOutcome(Enum):
    """Every answer to a change of an account's state or limits; the first that applies wins."""

    CHANGED = "changed"
    UNKNOWN = "unknown"
    """There is no such account."""
    NOT_EMPTY = "not_empty"
    """It cannot be closed while it has a balance or an open hold."""
    BEYOND = "beyond"
    """Its balances break the new limits already."""


@dataclass(frozen=True, slots=True)
class AccountChange:
    """A new state or new limits for an account; None leaves that part as it is.

    `cause` leads back to who decided it and why, as that of a transfer.
    """

    account: AccountId
    cause: str
    state: AccountState | None = None
    limits: Limits | None = None


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
    limits: Limits = NO_LIMITS

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
        return Account(
            account_id(role, owner, asset.code), role, owner, asset, line.kind, line.normal, _LIMITS[line.constraint]
        )

    def id(self, role: str, owner: str = "", asset: Asset = IRR) -> AccountId:
        """The id of that account."""
        return self.account(role, owner, asset).id


__all__ = [
    "ASSETS",
    "NO_LIMITS",
    "Account",
    "AccountChange",
    "AccountKind",
    "AccountState",
    "ChangeOutcome",
    "Chart",
    "Constraint",
    "Limits",
    "NormalSide",
    "Role",
]
