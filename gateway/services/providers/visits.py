"""Visits: opened by the patient's own phone and PIN, or without the patient, who is then told of it."""

from datetime import timedelta

from sqlalchemy import Connection, func, select, update

from gateway.errors import Conflict, NotFound
from gateway.services.providers.book import add_change, provider_of, visit_of
from gateway.services.providers.model import Provider, ProviderState, Visit, VisitOutcome, VisitResult, VisitState
from gateway.services.providers.ports import Patient
from gateway.services.providers.registry import Registry
from gateway.services.providers.tables import providers, visits
from gateway.services.shortnumber import ascii_digits, is_short_number, new_digits
from gateway.services.telling import NoticeValue, Tell
from gateway.store import insert_ignore
from wallet.ids import new_id
from wallet.money import Money

VISIT_DIGITS = 8
REASON_MAX = 200
SWEEP_PAGE = 200
_DRAWS = 8


class Visits(Registry):
    """Opens visits."""

    @property
    def open_hours(self) -> int:
        """How long a visit can be billed."""
        return self._settings.visit_open_hours

    async def till(self, person_id: str, typed: str) -> VisitResult:
        """Whose till a patient has typed, before the PIN is asked for; nothing is stored."""
        provider = await self._at(typed)
        refused = await self._refusal(provider, person_id)
        return VisitResult(refused or VisitOutcome.OK, provider=provider)

    async def open_visit(self, person_id: str, typed: str, call_key: str) -> VisitResult:
        """Open one; the caller has checked the patient's PIN. The same `call_key` again is the same visit.

        Raises:
            Conflict: That `call_key` belongs to another visit.
            NotFound: No such person.
        """
        provider = await self._at(typed)
        refused = await self._refusal(provider, person_id)
        if refused is not None or provider is None:
            return VisitResult(refused or VisitOutcome.UNKNOWN_TILL)
        return await self._open(provider, person_id, call_key, opened_by="", reason="", cap=None)

    async def break_glass(
        self, provider_id: str, person_id: str, reason: str, cap: Money, *, staff_id: str, form_key: str
    ) -> VisitResult:
        """Open one for a patient who cannot: unconscious, without a phone. The patient is told; an officer decides.

        Raises:
            Conflict: That `form_key` belongs to another visit.
            NotFound: No such person.
        """
        provider = await self.by_id(provider_id)
        refused = await self._refusal(provider, person_id)
        if refused is None and not 0 < len(reason.strip()) <= REASON_MAX:
            refused = VisitOutcome.REASON_MISSING
        if refused is None and not 0 < cap.minor <= self._settings.visit_cap_max_minor:
            refused = VisitOutcome.OVER_CAP
        if refused is not None or provider is None:
            return VisitResult(refused or VisitOutcome.UNKNOWN_TILL)
        return await self._open(provider, person_id, form_key, opened_by=staff_id, reason=reason.strip(), cap=cap)

    async def visit(self, visit_id: str) -> Visit | None:
        """The visit with this id."""
        rows = await self._store.read(select(visits).where(visits.c.id == visit_id))
        return visit_of(rows[0]) if rows else None

    async def visit_by_number(self, number: str) -> Visit | None:
        """The visit with this number, in whatever digits it is typed."""
        rows = await self._store.read(select(visits).where(visits.c.number == ascii_digits(number)))
        return visit_of(rows[0]) if rows else None

    async def visits_of(self, person_id: str, *, limit: int = 9) -> list[Visit]:
        """A patient's visits, newest first."""
        query = select(visits).where(visits.c.person_id == person_id).order_by(visits.c.id.desc()).limit(limit)
        return [visit_of(row) for row in await self._store.read(query)]

    async def expire_visits(self) -> int:
        """Close what nobody has billed in time; how many."""
        now = self._clock.now()
        late = (visits.c.state == VisitState.OPEN) & (visits.c.expires_at < now)
        rows = await self._store.read(select(visits.c.id).where(late).order_by(visits.c.id).limit(SWEEP_PAGE))
        ids = [row.id for row in rows]

        def work(tx: Connection) -> int:
            mine = update(visits).where(visits.c.id.in_(ids), visits.c.state == VisitState.OPEN)
            return tx.execute(mine.values(state=VisitState.EXPIRED)).rowcount

        return await self._store.write(work) if ids else 0

    async def _at(self, typed: str) -> Provider | None:
        digits = ascii_digits(typed)
        return await self.by_till(digits) if is_short_number(digits) else None

    async def _refusal(self, provider: Provider | None, person_id: str) -> VisitOutcome | None:
        if provider is None or provider.state in {ProviderState.PROPOSED, ProviderState.REFUSED}:
            return VisitOutcome.UNKNOWN_TILL
        if provider.state is ProviderState.SUSPENDED:
            return VisitOutcome.SUSPENDED
        patient = await self._patient(person_id)
        return VisitOutcome.SELF if patient.msisdn == provider.msisdn else None

    async def _patient(self, person_id: str) -> Patient:
        patient = await self._parts.patients.by_id(person_id)
        if patient is None:
            raise NotFound("no such person")
        return patient

    async def _open(
        self, provider: Provider, person_id: str, call_key: str, *, opened_by: str, reason: str, cap: Money | None
    ) -> VisitResult:
        now = self._clock.now()
        visit = Visit(
            new_id("vis", self._clock), new_digits(VISIT_DIGITS), provider.id, person_id, VisitState.OPEN, now,
            now + timedelta(hours=self._settings.visit_open_hours), opened_by, reason, cap,
        )  # fmt: skip
        tells = await self._tells(visit, provider)

        def work(tx: Connection) -> VisitResult | None:
            known = tx.execute(select(visits).where(visits.c.call_key == call_key)).one_or_none()
            if known is not None:
                return _again(visit_of(known), visit, provider)
            # The provider may have been suspended since it was looked up, and another visit opened.
            query = select(providers).where(providers.c.id == provider.id).with_for_update(key_share=True)
            if provider_of(tx.execute(query).one()).state is not ProviderState.ACTIVE:
                return VisitResult(VisitOutcome.SUSPENDED)
            open_ = (visits.c.person_id == person_id) & (visits.c.state == VisitState.OPEN)
            if tx.execute(select(func.count()).where(open_)).scalar_one() >= self._settings.visits_open_max:
                return VisitResult(VisitOutcome.TOO_MANY)
            if not insert_ignore(tx, visits, _row(visit, call_key)):
                return None
            add_change(tx, visit.id, VisitState.OPEN.value, opened_by, reason, now)
            for tell in tells:
                tell(tx)
            return VisitResult(VisitOutcome.OK, visit, provider)

        done = await self._store.write(work)
        if done is None:
            # The number or the call key was taken in the same moment.
            raise Conflict("the visit's number was taken in the same moment; try again")
        return done

    async def _tells(self, visit: Visit, provider: Provider) -> list[Tell]:
        patient = await self._patient(visit.person_id)
        opened = "visit_without_you" if visit.opened_by else "visit_opened"
        return [
            await self._to_patient(opened, visit.id, patient, number=visit.number),
            await self._to_provider(
                "visit_to_bill", visit.id, provider, number=visit.number, valid_until=visit.expires_at
            ),
        ]

    async def _to_patient(self, class_: str, cause: str, patient: Patient, **values: NoticeValue) -> Tell:
        whom = {"msisdn": patient.msisdn, "person_id": patient.id, "language": patient.language}
        return await self._parts.teller.prepared(class_, cause=cause, **whom, values=values, secrets={})

    async def _to_provider(self, class_: str, cause: str, provider: Provider, **values: NoticeValue) -> Tell:
        """By the number alone: a provider need be nobody's person."""
        whom = {"msisdn": provider.msisdn, "person_id": "", "language": provider.language}
        return await self._parts.teller.prepared(class_, cause=cause, **whom, values=values, secrets={})


def _again(known: Visit, asked: Visit, provider: Provider) -> VisitResult:
    if (known.person_id, known.provider_id, known.opened_by) != (asked.person_id, asked.provider_id, asked.opened_by):
        raise Conflict("this call key belongs to another visit")
    return VisitResult(VisitOutcome.OK, known, provider)


def _row(visit: Visit, call_key: str) -> dict[str, object]:
    return {
        "id": visit.id,
        "number": visit.number,
        "call_key": call_key,
        "provider_id": visit.provider_id,
        "person_id": visit.person_id,
        "state": visit.state.value,
        "opened_at": visit.opened_at,
        "expires_at": visit.expires_at,
        "opened_by": visit.opened_by,
        "reason": visit.reason,
        "cap_minor": visit.cap.minor if visit.cap else None,
    }
