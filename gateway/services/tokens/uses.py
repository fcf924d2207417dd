"""The use of tokens by taps, inside the caller's unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, select

from gateway.services.tokens.rules import ATC_AHEAD_ONLINE, ATC_WINDOW, AtcWindow, is_expired
from gateway.services.tokens.states import TokenState, is_living
from gateway.services.tokens.tables import limited_keys, tokens, uses
from gateway.services.tokens.thresholds import Channel, Limits, UseOutcome, refused_by_lock
from gateway.store import Many, find

_TOKENS = Many(tokens, columns=("id", "state", "expiry", "locks", "card_locks", "atc_high", "atc_seen", "atc_proved"))
_KEYS, _USES, _SPENT = Many(limited_keys), Many(uses), Many(uses, columns=("token_id", "atc"))
_LATER = (
    select(limited_keys.c.id)
    .where(limited_keys.c.token_id == bindparam("of_token"), limited_keys.c.id > bindparam("after_key"))
    .limit(1)
)


class Tapped(Protocol):
    """One tap whose cryptogram was good."""

    @property
    def token_id(self) -> str:
        """`tok_…`."""
        ...

    @property
    def luk_id(self) -> bytes:
        """The limited-use key that it used."""
        ...

    @property
    def atc(self) -> int:
        """Its counter."""
        ...

    @property
    def amount_minor(self) -> int:
        """What is to be paid."""
        ...

    @property
    def channel(self) -> str:
        """A value of Channel."""
        ...

    @property
    def at(self) -> datetime:
        """When it came."""
        ...

    @property
    def ac(self) -> bytes:
        """The cryptogram, b"" where nobody hands it on; kept as what the phone may name as proof of its last use."""
        ...


@dataclass(frozen=True, slots=True)
class Use:
    """The same as a value."""

    token_id: str
    luk_id: bytes
    atc: int
    amount_minor: int
    channel: str
    at: datetime
    ac: bytes = field(default=b"", repr=False)


def use_all(tx: Connection, taps: Sequence[Tapped]) -> list[UseOutcome]:
    """Move the counters of tokens whose cryptograms were good, and say whether each tap may go on.

    A counter moves whatever else is refused: the cryptogram proves that the phone spent it. Taps of one token come one
    after the other in this order; its row is held until the end of the unit, and with it its keys and uses.
    """
    held = _Held(tx, taps)
    outcomes = [held.use(tap) for tap in taps]
    held.store()
    return outcomes


@dataclass(slots=True)
class _Key:
    """A limited-use key; `push` as its row has it."""

    limits: Limits
    push: str


class _Held:
    """Tokens that are held, with what of them some taps move."""

    def __init__(self, tx: Connection, taps: Sequence[Tapped]) -> None:
        self._tx = tx
        self._tokens = {row.id: row for row in _TOKENS.locked(tx, [(tap.token_id,) for tap in taps])}
        self._windows = {id_: AtcWindow.stored(row.atc_high, row.atc_seen) for id_, row in self._tokens.items()}
        self._spent = {tuple(row) for row in _SPENT.found(tx, [(tap.token_id, tap.atc) for tap in taps])}
        # Held too, since what is sent to the phone is noted without holding its token.
        keys = _KEYS.locked(tx, [(tap.token_id, tap.luk_id) for tap in taps])
        self._keys = {(row.token_id, row.id): _Key(limits_of(row), row.push) for row in keys}
        self._marks: list[dict[str, object]] = []
        self._moved: set[str] = set()
        self._used: set[tuple[str, bytes]] = set()

    def use(self, tap: Tapped) -> UseOutcome:
        row, mark = self._tokens[tap.token_id], (tap.token_id, tap.atc)
        ahead = ATC_AHEAD_ONLINE if tap.channel == Channel.TAP else ATC_WINDOW
        window = self._windows[tap.token_id].advanced(tap.atc, ahead=ahead, proved=row.atc_proved)
        if window is None or mark in self._spent:
            return UseOutcome.REPLAYED
        self._windows[tap.token_id] = window
        self._moved.add(tap.token_id)
        self._spent.add(mark)
        self._marks.append(
            {"token_id": tap.token_id, "atc": tap.atc, "luk_id": tap.luk_id, "at": tap.at, "ac": tap.ac or None}
        )
        if not is_living(TokenState(row.state)):
            return UseOutcome.NOT_ACTIVE
        refused = refused_by_lock(row.locks, row.card_locks)
        if refused is not None:
            return refused
        if is_expired(row.expiry, tap.at):
            return UseOutcome.EXPIRED
        return self._use_key(tap)

    def _use_key(self, tap: Tapped) -> UseOutcome:
        mine = tap.token_id, tap.luk_id
        key = self._keys.get(mine)
        if key is None:
            return UseOutcome.KEY_UNKNOWN
        before = key.limits
        outcome = before.check(tap.amount_minor, Channel(tap.channel), tap.at)
        if outcome is UseOutcome.OK:
            spent = before.amount_minor + tap.amount_minor
            key.limits = replace(before, uses=before.uses + 1, amount_minor=spent)
        short = key.limits.uses > 0 and (outcome is UseOutcome.KEY_AMOUNT or key.limits.is_near)
        if short and not key.push and not self._is_followed(tap):
            key.push = "due"
        self._used.add(mine)
        return outcome

    def _is_followed(self, tap: Tapped) -> bool:
        return bool(find(self._tx, _LATER, {"of_token": tap.token_id, "after_key": tap.luk_id}))

    def store(self) -> None:
        """Write what has moved."""
        tx, windows, keys = self._tx, self._windows, self._keys
        went = _USES.put(tx, self._marks)
        assert all(went), "a token that is held is used by nobody else"
        moved = sorted(self._moved)
        _TOKENS.change(
            tx, [{"id": id_, "atc_high": windows[id_].high, "atc_seen": windows[id_].seen_signed} for id_ in moved]
        )
        used = [(key, keys[key]) for key in sorted(self._used)]
        _KEYS.change(
            tx,
            [
                {
                    "token_id": key[0],
                    "id": key[1],
                    "uses": now.limits.uses,
                    "amount_minor": now.limits.amount_minor,
                    "push": now.push,
                }
                for key, now in used
            ],
        )


def limits_of(key: Row[Any]) -> Limits:
    """The thresholds in a limited-use key's row."""
    return Limits(key.uses, key.uses_max, key.amount_minor, key.amount_max_minor, key.channels, key.valid_until)
