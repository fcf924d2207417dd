"""What staff see and note of people; nothing is shown or noted without its row in the access log."""

from sqlalchemy import Connection, func, or_, select, update

from gateway.errors import BadInput, NotFound
from gateway.languages import LANGUAGES
from gateway.services.msisdn import normal_msisdn
from gateway.services.people.model import Person, PersonView
from gateway.services.people.register import Register, person_of, style_columns
from gateway.services.people.rules import is_email, is_national_number
from gateway.services.people.tables import persons, pins
from gateway.services.shortnumber import ascii_digits
from ussd_menus import Style

FOUND_MAX = 20
SEARCH_LETTERS_MIN = 2


class Desk(Register):
    """Views for staff."""

    async def view(self, person_id: str, staff_id: str, reason: str) -> PersonView | None:
        """All about one person; leaves a row in the access log first."""
        query = select(persons, pins.c.failures, pins.c.locked_at, pins.c.changed_at)
        rows = await self._store.read(
            query.join(pins, pins.c.person_id == persons.c.id).where(persons.c.id == person_id)
        )
        if not rows:
            return None
        await self._log([person_id], staff_id, "person", reason)
        row = rows[0]
        number = await self._national_number(row)
        return PersonView(person_of(row), number, row.failures, row.locked_at, row.changed_at)

    async def search(self, text: str, staff_id: str) -> list[Person]:
        """People by number, national number or part of a name, 20 at most; a row in the access log for each."""
        text = text.strip()
        if len(text) < SEARCH_LETTERS_MIN:
            return []
        conditions = [
            func.lower(persons.c.name).contains(text.lower(), autoescape=True),
            persons.c.name_fa.contains(text, autoescape=True),
            persons.c.id == text,
        ]
        if is_national_number(digits := ascii_digits(text)):
            conditions.append(persons.c.national_mac == await self._national_mac(digits))
        if (msisdn := normal_msisdn(text)) is not None:
            conditions.append(persons.c.msisdn == msisdn)
        query = select(persons).where(or_(*conditions)).order_by(persons.c.name, persons.c.id).limit(FOUND_MAX)
        found = [person_of(row) for row in await self._store.read(query)]
        await self._log([person.id for person in found], staff_id, "search", "")
        return found

    async def by_msisdn_seen(self, msisdn: str, staff_id: str, reason: str) -> Person | None:
        """Whose number it is, in E.164; leaves a row in the access log first."""
        rows = await self._store.read(select(persons).where(persons.c.msisdn == msisdn))
        if not rows:
            return None
        await self._log([rows[0].id], staff_id, "search", reason)
        return person_of(rows[0])

    async def set_email(self, person_id: str, email: str, staff_id: str) -> None:
        """Note where receipts of money go besides the phone; '' for nowhere.

        Raises:
            BadInput: No address that every relay takes.
            NotFound: No such person.
        """
        if email and not is_email(email):
            raise BadInput("not an e-mail address")
        noted = update(persons).where(persons.c.id == person_id).values(email=email, email_bounced="")

        def work(tx: Connection) -> bool:
            if tx.execute(noted).rowcount != 1:
                return False
            reason = "set" if email else "removed"
            self._access.put(tx, staff_id=staff_id, person_id=person_id, what="email", reason=reason)
            return True

        if not await self._store.write(work):
            raise NotFound("no such person")

    async def set_reading(self, person_id: str, language: str, style: Style, staff_id: str) -> None:
        """Note in which language and how a person at the desk wants screens.

        Raises:
            BadInput: A language that nobody here speaks.
            NotFound: No such person.
        """
        if language not in LANGUAGES:
            raise BadInput("no such language")
        noted = update(persons).where(persons.c.id == person_id).values(language=language, **style_columns(style))

        def work(tx: Connection) -> bool:
            if tx.execute(noted).rowcount != 1:
                return False
            self._access.put(tx, staff_id=staff_id, person_id=person_id, what="reading", reason=language)
            return True

        if not await self._store.write(work):
            raise NotFound("no such person")

    async def _log(self, person_ids: list[str], staff_id: str, what: str, reason: str) -> None:
        def work(tx: Connection) -> None:
            for person_id in person_ids:
                self._access.put(tx, staff_id=staff_id, person_id=person_id, what=what, reason=reason)

        await self._store.write(work)
