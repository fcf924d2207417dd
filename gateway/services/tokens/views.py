"""What staff see of tokens, and phones of their own; never a PAN."""

import re

from sqlalchemy import select

from gateway.services.tokens.model import Account, Assurance, KeyView, Method, Token, TokenEvent
from gateway.services.tokens.states import TokenState, locks_of
from gateway.services.tokens.tables import accounts, assurances, history, limited_keys, tokens
from gateway.services.tokens.vault import Vault, key_of, token_of
from gateway.store import Many

FOUND_MAX = 50
_BY_PAN = Many(tokens, "pan_mac")
_ID = re.compile(r"tok_[0-9A-Za-z]{2,40}", re.ASCII)
_DIGITS = {4: tokens.c.last4, 8: tokens.c.number}


class Views(Vault):
    """Reads."""

    async def find_by_pan(self, pan: str) -> Token | None:
        """The token with this PAN."""
        rows = await self._store.find_by(_BY_PAN, (await self._pan_mac(pan),))
        return token_of(rows[0]) if rows else None

    async def token(self, token_id: str) -> Token | None:
        """The token with this id."""
        return await self._one(select(tokens).where(tokens.c.id == token_id))

    async def of_person(self, person_id: str) -> list[Token]:
        """A person's tokens, oldest first."""
        query = select(tokens).where(tokens.c.person_id == person_id).order_by(tokens.c.id)
        return [token_of(row) for row in await self._store.read(query)]

    async def by_par(self, par: str) -> list[Token]:
        """All tokens of the account with this reference, oldest first."""
        query = select(tokens).where(tokens.c.par == par).order_by(tokens.c.id)
        return [token_of(row) for row in await self._store.read(query)]

    async def recent(self, limit: int, before: str = "~") -> list[Token]:
        """Tokens, newest first, of ids below `before`."""
        query = select(tokens).where(tokens.c.id < before).order_by(tokens.c.id.desc()).limit(limit)
        return [token_of(row) for row in await self._store.read(query)]

    async def search(self, text: str, *, limit: int = FOUND_MAX) -> list[Token]:
        """By the PAN's last four digits, the short number, the account's reference, or the beginning of an id."""
        text = text.strip()
        if text.isascii() and text.isdecimal() and len(text) in _DIGITS:
            found = _DIGITS[len(text)] == text
        elif text.startswith("TDPL"):
            found = tokens.c.par == text
        elif _ID.fullmatch(text):
            found = tokens.c.id.startswith(text, autoescape=True)
        else:
            return []
        rows = await self._store.read(select(tokens).where(found).order_by(tokens.c.id.desc()).limit(limit))
        return [token_of(row) for row in rows]

    async def history(self, token_id: str) -> list[TokenEvent]:
        """Everything that happened to the token, oldest first."""
        query = select(history).where(history.c.token_id == token_id).order_by(history.c.number)
        return [
            TokenEvent(row.event, TokenState(row.state), row.actor, row.actor_class, row.reason, row.at)
            for row in await self._store.read(query)
        ]

    async def assurances(self, token_id: str) -> list[Assurance]:
        """How the holder was identified when the token was made."""
        query = select(assurances).where(assurances.c.token_id == token_id).order_by(assurances.c.method.desc())
        return [Assurance(Method(row.method), row.actor, row.at) for row in await self._store.read(query)]

    async def keys_of(self, token_id: str) -> list[KeyView]:
        """The token's limited-use keys, newest first."""
        query = select(limited_keys).where(limited_keys.c.token_id == token_id).order_by(limited_keys.c.id.desc())
        return [key_of(row) for row in await self._store.read(query)]

    async def account(self, person_id: str) -> Account:
        """The account behind a person's tokens; one that was never touched has no lock."""
        rows = await self._store.read(select(accounts).where(accounts.c.person_id == person_id))
        if not rows:
            return Account(person_id, await self._par(person_id), frozenset(), "", "", "", None)
        row = rows[0]
        return Account(person_id, row.par, locks_of(row.locks), row.actor, row.actor_class, row.reason, row.at)
