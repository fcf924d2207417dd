"""Who may bill, and by which prices. Both take effect only when a second person agrees."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select, update

from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.iban import masked_iban, normal_iban
from gateway.services.msisdn import normal_msisdn
from gateway.services.people.rules import is_email
from gateway.services.providers.book import Book, add_change, held, price_of, provider_of
from gateway.services.providers.model import ListState, Price, PriceList, Provider, ProviderKind, ProviderState
from gateway.services.providers.rules import QUANTITY_MAX, is_code
from gateway.services.providers.tables import lists, prices, providers
from gateway.services.shortnumber import new_digits
from gateway.store import insert_ignore
from wallet.ids import new_id
from wallet.money import MINOR_MAX

REGISTRATION_KIND = "provider_registration"
"""Kind of the approval by which a provider may bill; its subject is the provider's id."""
LIST_KIND = "price_list"
"""Kind of the approval that publishes a price list; its subject is the list's id."""
NAME_MAX = 60
TITLE_MAX = 80
PRICES_MAX = 10_000
TILL_DIGITS = 6
_DRAWS = 8


class Registry(Book):
    """Providers and price lists."""

    async def register(
        self,
        name: str,
        kind: ProviderKind,
        msisdn: str,
        iban: str,
        *,
        staff_id: str,
        language: str = "fa",
        email: str = "",
    ) -> Provider:
        """Enter a provider; proposes it to a second person, and until then it cannot bill.

        Raises:
            BadInput: A name, number, IBAN or e-mail address that is none.
            Conflict: The number is another provider's.
        """
        number, account = normal_msisdn(msisdn), normal_iban(iban)
        if not 0 < len(name.strip()) <= NAME_MAX:
            raise BadInput(f"a provider's name has 1 to {NAME_MAX} characters")
        if number is None:
            raise BadInput("not a mobile number")
        if account is None:
            raise BadInput("not an IBAN")
        if email and not is_email(email):
            raise BadInput("not an e-mail address")
        now = self._clock.now()
        row: dict[str, object] = {
            "id": new_id("prv", self._clock), "name": name.strip(), "kind": kind.value, "msisdn": number,
            "language": language, "email": email, "iban": account, "state": ProviderState.PROPOSED.value,
            "registered_by": staff_id, "registered_at": now,
        }  # fmt: skip

        def work(tx: Connection) -> Provider:
            if tx.execute(select(providers.c.id).where(providers.c.msisdn == number)).first() is not None:
                raise Conflict("this number is another provider's")
            for _ in range(_DRAWS):
                if insert_ignore(tx, providers, {**row, "till": new_digits(TILL_DIGITS)}):
                    add_change(tx, str(row["id"]), ProviderState.PROPOSED.value, staff_id, "", now)
                    return provider_of(tx.execute(select(providers).where(providers.c.id == row["id"])).one())
            raise Conflict("no free till was drawn; try again")

        made = await self._store.write(work)
        payload = {"name": made.name, "kind": made.kind.value, "till": made.till, "iban": masked_iban(made.iban)}
        await self._parts.proposals.propose(REGISTRATION_KIND, made.id, payload, staff_id)
        return made

    async def registered(self, provider_id: str, _approval_id: str) -> str:
        """The second person agrees. Executor of REGISTRATION_KIND; opens the account that fees go to."""
        await self._parts.ledger.open_accounts(self._parts.chart.account("provider_payable", provider_id))
        return await self._decide(providers, provider_id, ProviderState.ACTIVE)

    async def registration_refused(self, provider_id: str, _approval_id: str) -> str:
        """The second person does not. Refuser of REGISTRATION_KIND."""
        return await self._decide(providers, provider_id, ProviderState.REFUSED)

    async def set_suspended(self, provider_id: str, staff_id: str, reason: str, *, suspended: bool) -> bool:
        """Stop a provider from billing, or let it go on; whether anything changed."""
        before, after = ProviderState.ACTIVE, ProviderState.SUSPENDED
        if not suspended:
            before, after = after, before
        now = self._clock.now()

        def work(tx: Connection) -> bool:
            row = held(tx, providers, provider_id)
            if row is None or row.state != before:
                return False
            tx.execute(update(providers).where(providers.c.id == provider_id).values(state=after))
            add_change(tx, provider_id, after.value, staff_id, reason, now)
            return True

        return await self._store.write(work)

    async def by_id(self, provider_id: str) -> Provider | None:
        """The provider with this id."""
        return await self._provider(providers.c.id == provider_id)

    async def names(self, ids: Collection[str]) -> dict[str, str]:
        """What providers are called, by id; some hundreds at once."""
        rows = await self._store.read(select(providers.c.id, providers.c.name).where(providers.c.id.in_(ids)))
        return {row.id: row.name for row in rows}

    async def by_till(self, till: str) -> Provider | None:
        """The provider with this till."""
        return await self._provider(providers.c.till == till)

    async def by_msisdn(self, msisdn: str) -> Provider | None:
        """The provider whose phone this is."""
        return await self._provider(providers.c.msisdn == msisdn)

    async def providers(self, *, limit: int = 100, after: str = "") -> list[Provider]:
        """Providers in order of registration, from behind the id `after`."""
        query = select(providers).where(providers.c.id > after).order_by(providers.c.id).limit(limit)
        return [provider_of(row) for row in await self._store.read(query)]

    async def propose_prices(
        self, kind: ProviderKind, effective_on: date, rows: Sequence[Price], staff_id: str
    ) -> PriceList:
        """Enter the next version of a kind's prices; a second person publishes it.

        Raises:
            BadInput: No rows or too many, a code twice, or a value out of its bounds; names the code.
        """
        _check(rows)
        list_id, now = new_id("prl", self._clock), self._clock.now()

        def work(tx: Connection) -> int:
            last = tx.execute(select(func.max(lists.c.number)).where(lists.c.kind == kind)).scalar()
            number = int(last or 0) + 1
            tx.execute(
                insert(lists).values(
                    id=list_id, kind=kind.value, number=number, effective_on=effective_on,
                    state=ListState.PROPOSED.value, made_by=staff_id, made_at=now,
                )
            )  # fmt: skip
            tx.execute(
                insert(prices),
                [
                    {
                        "list_id": list_id, "code": row.code, "title": row.title, "price_minor": row.price.minor,
                        "asset": row.price.asset.code, "cover_percent": row.cover_percent,
                        "quantity_max": row.quantity_max,
                    }
                    for row in rows
                ],
            )  # fmt: skip
            add_change(tx, list_id, ListState.PROPOSED.value, staff_id, "", now)
            return number

        number = await self._store.write(work)
        payload = {"kind": kind.value, "number": str(number), "day": effective_on.isoformat(), "rows": str(len(rows))}
        await self._parts.proposals.propose(LIST_KIND, list_id, payload, staff_id)
        return PriceList(list_id, kind, number, effective_on, ListState.PROPOSED, tuple(rows), staff_id)

    async def published(self, list_id: str, _approval_id: str) -> str:
        """The second person agrees. Executor of LIST_KIND."""
        return await self._decide(lists, list_id, ListState.PUBLISHED)

    async def list_refused(self, list_id: str, _approval_id: str) -> str:
        """The second person does not. Refuser of LIST_KIND."""
        return await self._decide(lists, list_id, ListState.REFUSED)

    async def price_list(self, list_id: str) -> PriceList | None:
        """A version with its prices."""
        rows = await self._store.read(select(lists).where(lists.c.id == list_id))
        if not rows:
            return None
        row = rows[0]
        found = await self._store.read(select(prices).where(prices.c.list_id == list_id).order_by(prices.c.code))
        priced = tuple(price_of(one) for one in found)
        return PriceList(
            row.id, ProviderKind(row.kind), row.number, row.effective_on, ListState(row.state), priced, row.made_by
        )

    async def price_lists(self, kind: ProviderKind) -> list[PriceList]:
        """All versions of a kind, newest first, without their prices."""
        query = select(lists).where(lists.c.kind == kind).order_by(lists.c.number.desc())
        return [
            PriceList(row.id, kind, row.number, row.effective_on, ListState(row.state), (), row.made_by)
            for row in await self._store.read(query)
        ]

    async def prices_on(self, kind: ProviderKind, day: date) -> dict[str, Price]:
        """The prices of a kind on a day, by code: the newest published version that has begun."""
        begun = (lists.c.kind == kind) & (lists.c.state == ListState.PUBLISHED) & (lists.c.effective_on <= day)
        newest = select(lists.c.id).where(begun).order_by(lists.c.effective_on.desc(), lists.c.number.desc()).limit(1)
        found = await self._store.read(select(prices).where(prices.c.list_id == newest.scalar_subquery()))
        return {row.code: price_of(row) for row in found}

    async def _provider(self, which: ColumnElement[bool]) -> Provider | None:
        rows = await self._store.read(select(providers).where(which))
        return provider_of(rows[0]) if rows else None

    async def _decide(self, proposed: Table, id_: str, state: ProviderState | ListState) -> str:
        """What others have said of a provider or a price list that was proposed; what was said first stands."""
        now = self._clock.now()

        def work(tx: Connection) -> str:
            row = held(tx, proposed, id_)
            if row is None:
                raise NotFound("nothing was proposed under this id")
            if row.state != type(state).PROPOSED:
                return str(row.state)
            tx.execute(update(proposed).where(proposed.c.id == id_).values(state=state))
            add_change(tx, id_, state.value, "", "", now)
            return state.value

        return await self._store.write(work)


def _check(rows: Sequence[Price]) -> None:
    if not 0 < len(rows) <= PRICES_MAX:
        raise BadInput(f"a price list has 1 to {PRICES_MAX} rows")
    seen: set[str] = set()
    for row in rows:
        good = (
            is_code(row.code)
            and 0 < len(row.title) <= TITLE_MAX
            and 0 < row.price.minor <= MINOR_MAX // QUANTITY_MAX
            and 0 <= row.cover_percent <= 100
            and 0 < row.quantity_max <= QUANTITY_MAX
        )
        if not good:
            raise BadInput(f"price {row.code!a:.10}: a value is out of its bounds")
        if row.code in seen:
            raise BadInput(f"price {row.code}: twice in one list")
        seen.add(row.code)
