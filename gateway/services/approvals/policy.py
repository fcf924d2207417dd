"""The policy as data: by kind and amount, how many makers and checkers of which roles, and how a document is signed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from gateway.errors import SettingsFault
from gateway.settings import read_table
from wallet.money import ASSETS, IRR, MINOR_MAX, Money

NEEDS = ("none", "pin", "mobile", "two_mobile")
"""How a document may have to be signed; the last one asks for most."""
NEED_ELSE = "mobile"
"""Of kinds that the policy does not name: nothing passes unsigned because a line was forgotten."""
PEOPLE_MAX = 5
COOL_DOWN_MAX_H = 24 * 31
BANDS_MAX = 20
SHIPPED = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True, slots=True)
class Band:
    """What holds for amounts of one kind up to a bound; frozen into an approval when it is proposed.

    Attributes:
        up_to: Highest amount in minor units of `asset`; None: without bound.
        asset: Of the bound.
        makers: How many propose together.
        maker_roles: Roles of which a maker who joins must have one.
        checkers: How many must agree.
        roles: Roles of which each checker must have one.
        need: How a document is signed, see NEEDS.
        cool_down_h: Hours between the proposal and the first vote.
    """

    up_to: int | None = None
    asset: str = IRR.code
    makers: int = 1
    maker_roles: tuple[str, ...] = ()
    checkers: int = 1
    roles: tuple[str, ...] = ()
    need: str = NEED_ELSE
    cool_down_h: int = 0

    @property
    def bound(self) -> Money | None:
        """Its highest amount, or None."""
        return None if self.up_to is None else Money(self.up_to, ASSETS[self.asset])

    @property
    def cool_down(self) -> timedelta:
        """Between the proposal and the first vote."""
        return timedelta(hours=self.cool_down_h)

    def holds(self, amount: Money | None) -> bool:
        """Whether an amount falls into it, those below it put aside."""
        bound = self.bound
        if bound is None:
            return True
        return amount is not None and amount.asset == bound.asset and amount.minor <= bound.minor

    def frozen(self) -> dict[str, Any]:
        """As it is kept with an approval."""
        return asdict(self)

    @classmethod
    def thawed(cls, kept: Mapping[str, Any]) -> "Band":
        """From how it was kept."""
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in kept.items()}
        return cls(**values)


class Policy:
    """Bands by kind. `Policy.load` reads and verifies; `Policy.of_roles` is one maker and one checker for each kind."""

    def __init__(self, bands: Mapping[str, Sequence[Band]]) -> None:
        self._bands = bands

    @classmethod
    def of_roles(cls, roles: Mapping[str, str]) -> "Policy":
        """One maker and one checker, of this role."""
        return cls({kind: (Band(roles=(role,)),) for kind, role in roles.items()})

    @classmethod
    def load(cls, file: str, roles: Mapping[str, str], known: Collection[str]) -> "Policy":
        """The policy that is shipped, with the lists of `file` in place of its own.

        Args:
            file: Of the setting `policy_file`; '' for none.
            roles: The checker's role of each kind whose bands name none.
            known: Every role that there is.

        Raises:
            SettingsFault: A file cannot be read, or something in it is wrong; the text says where and what.
        """
        lists = dict(_read(SHIPPED, known))
        if file:
            own = _read(Path(file), known)
            # A kind that is misspelt would leave the weaker list in force, and nobody would know.
            if strange := sorted(own.keys() - lists.keys() - roles.keys()):
                raise SettingsFault(f"{file}: there is no kind {strange[0]}; there are {_listed(lists, roles)}")
            lists |= own
        named = {kind: (Band(roles=(role,)),) for kind, role in roles.items()}
        return cls({**named, **{kind: _with_role(bands, roles.get(kind)) for kind, bands in lists.items()}})

    def band(self, kind: str, amount: Money | None) -> Band | None:
        """The band of an approval; None if nobody may decide this kind."""
        found = self._found(kind, amount)
        return found if found is not None and found.roles else None

    def need(self, kind: str, amount: Money | None) -> str:
        """How a document of this kind is signed."""
        found = self._found(kind, amount)
        return found.need if found is not None else NEED_ELSE

    def roles(self, kind: str) -> frozenset[str]:
        """Every role that a checker of this kind may have in one band or another."""
        return frozenset(role for band in self._bands.get(kind, ()) for role in band.roles)

    def _found(self, kind: str, amount: Money | None) -> Band | None:
        return next((band for band in self._bands.get(kind, ()) if band.holds(amount)), None)


def _listed(*kinds: Collection[str]) -> str:
    return ", ".join(sorted({kind for some in kinds for kind in some}))


def _with_role(bands: Sequence[Band], role: str | None) -> tuple[Band, ...]:
    return tuple(band if band.roles or role is None else replace(band, roles=(role,)) for band in bands)


def _read(path: Path, known: Collection[str]) -> dict[str, tuple[Band, ...]]:
    return {kind: _bands(f"{path}: {kind}", rows, known) for kind, rows in read_table(path).items()}


def _bands(where: str, rows: object, known: Collection[str]) -> tuple[Band, ...]:
    if not isinstance(rows, list) or not 1 <= len(rows) <= BANDS_MAX:
        raise SettingsFault(f"{where} must be a list of 1 to {BANDS_MAX} bands, as [[kind]]")
    bands = [_band(f"{where}, band {number}", row, known) for number, row in enumerate(rows, 1)]
    if bands[-1].up_to is not None:
        raise SettingsFault(f"{where}: the last band must have no up_to, so that every amount falls into one")
    for number, (lower, higher) in enumerate(pairwise(bands), 1):
        if lower.up_to is None:
            raise SettingsFault(f"{where}, band {number}: only the last band may be without up_to")
        if lower.asset != bands[0].asset:
            raise SettingsFault(f"{where}, band {number}: all bands of a kind have one asset")
        if higher.up_to is not None and higher.up_to <= lower.up_to:
            raise SettingsFault(f"{where}, band {number + 1}: up_to must be higher than that of the band before")
        if any(more < less for less, more in zip(_asks(lower), _asks(higher), strict=True)):
            raise SettingsFault(
                f"{where}, band {number + 1} asks for less than the band before, which has lower amounts"
            )
    return tuple(bands)


def _asks(band: Band) -> tuple[int, ...]:
    return band.makers, band.checkers, NEEDS.index(band.need), band.cool_down_h


def _band(where: str, row: object, known: Collection[str]) -> Band:
    fields = Band.__dataclass_fields__
    if not isinstance(row, dict):
        raise SettingsFault(f"{where} is no table")
    if unknown := sorted(set(row) - set(fields)):
        raise SettingsFault(f"{where}: {unknown[0]} is not one of {', '.join(fields)}")
    for name, low, high in (
        ("up_to", 0, MINOR_MAX),
        ("makers", 1, PEOPLE_MAX),
        ("checkers", 1, PEOPLE_MAX),
        ("cool_down_h", 0, COOL_DOWN_MAX_H),
    ):
        if name in row and not (type(row[name]) is int and low <= row[name] <= high):
            raise SettingsFault(f"{where}: {name} must be a whole number from {low} to {high}")
    for name, allowed in (("need", NEEDS), ("asset", tuple(ASSETS))):
        if name in row and row[name] not in allowed:
            raise SettingsFault(f"{where}: {name} must be one of {', '.join(allowed)}")
    for name in ("roles", "maker_roles"):
        _check_roles(f"{where}: {name}", row.get(name, []), known)
    if row.get("makers", 1) > 1 and not row.get("maker_roles"):
        raise SettingsFault(f"{where}: more than one maker needs maker_roles")
    return Band.thawed(row)


def _check_roles(where: str, roles: object, known: Collection[str]) -> None:
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise SettingsFault(f"{where} must be a list of names of roles")
    if unknown := [role for role in roles if role not in known]:
        raise SettingsFault(f"{where}: there is no role {unknown[0]}; there are {', '.join(sorted(known))}")
