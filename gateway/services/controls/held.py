"""What was counted for the accounts of several payments, held while one after the other is decided."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.services.controls import velocity
from gateway.services.controls.model import Control
from gateway.services.controls.rules import Account, Rule
from gateway.services.controls.tables import controls, programmes
from gateway.services.controls.windows import Used, Windows
from gateway.store import Many

_CONTROLS, _PROGRAMMES = Many(controls, "subject"), Many(programmes, "merchant_id")


@dataclass(frozen=True, slots=True)
class Spending:
    """A payment that is to be counted: whose account and token, to which merchant, in which windows, and when."""

    par: str
    token_id: str
    merchant_id: str
    windows: Windows
    at: datetime


class Held:
    """Accounts whose counts nobody else moves. What is counted here is in the accounts that are asked for later."""

    def __init__(self, tx: Connection, spends: Sequence[Spending]) -> None:
        """Take hold of the accounts and tokens of all these payments."""
        self._tx = tx
        self._controls: defaultdict[str, list[tuple[str, Control]]] = defaultdict(list)
        for row in _CONTROLS.found(tx, [(subject,) for one in spends for subject in (one.par, one.token_id)]):
            self._controls[row.subject].append((row.party, Control.of(row.content)))
        for over in self._controls.values():
            over.sort(key=lambda one: one[0])
        since: dict[str, datetime] = {}
        for one in spends:
            since.setdefault(one.par, one.at)
            if self._is_summed(one.token_id):
                since.setdefault(one.token_id, one.at)
        self._standings = velocity.held(tx, since)
        asked = [one for one in spends if any(control.programme for _, control in self._over(one))]
        self._programmes: defaultdict[str, set[str]] = defaultdict(set)
        for row in _PROGRAMMES.found(tx, [(one.merchant_id,) for one in asked]):
            self._programmes[row.merchant_id].add(row.programme)
        self._counted: set[str] = set()

    def account(self, spending: Spending) -> Account:
        """The account as of this payment, with the rules over it and its token."""
        par, token_id = spending.par, spending.token_id
        standing = self._standings[par].at(spending.windows)
        token = self._standings[token_id].at(spending.windows) if self._is_summed(token_id) else None
        of_par = (Rule(f"account, {party}", control, standing) for party, control in self._controls.get(par, ()))
        of_token = (
            Rule(f"token, {party}", control, token or standing) for party, control in self._controls.get(token_id, ())
        )
        part_of = frozenset(self._programmes.get(spending.merchant_id, ()))
        return Account(par, token_id, (*of_par, *of_token), part_of, standing, token)

    def count(self, account: Account, amount_minor: int, *, verified: bool) -> None:
        """Count a payment of an account; `verified`: its holder was."""
        paid = Used(1, amount_minor)
        self._standings[account.par] = account.standing.plus(paid, verified=verified)
        self._counted.add(account.par)
        if account.token is not None:
            self._standings[account.token_id] = account.token.plus(paid, verified=verified)
            self._counted.add(account.token_id)

    def store(self) -> None:
        """Write what was counted; nobody asks for an account after that."""
        velocity.put(self._tx, {subject: self._standings[subject] for subject in self._counted})

    def _over(self, one: Spending) -> list[tuple[str, Control]]:
        return [*self._controls.get(one.par, ()), *self._controls.get(one.token_id, ())]

    def _is_summed(self, subject: str) -> bool:
        return any(control.sums for _, control in self._controls.get(subject, ()))
