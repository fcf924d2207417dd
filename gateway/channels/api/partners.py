"""Systems of other institutions: who asks (a bearer key, RFC 6750), how often, and the routes that are theirs."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, Protocol

from aiohttp import web

from gateway.channels.api.answers import Refused, in_time, within_rate
from gateway.channels.limiter import Limiter
from gateway.observe import log
from gateway.services.apikeys import ApiKey, Call, Scope
from gateway.services.payees import PayeeAccount, PayeeResult
from gateway.services.payouts.model import BadRow, Batch, Declared, Item, ItemState, PayoutResult, Progress
from wallet.clock import Clock

WINDOW = timedelta(minutes=10)
CALLS_PER_KEY = 3000
WRONG_KEYS_PER_ADDRESS = 30
_LOG = log(part="api")


class Keys(Protocol):
    """Satisfied by gateway.services.apikeys.ApiKeys."""

    async def check(self, secret: str) -> ApiKey | None:
        """The key, unless it is none."""
        ...

    async def began(self, key_id: str, call: str, body_sha256: str) -> Call:
        """Whether this call is the first of its idempotency key."""
        ...

    async def made(self, key_id: str, call: str, subject: str) -> None:
        """What it has made."""
        ...

    async def refused(self, key_id: str, call: str) -> None:
        """It has made nothing."""
        ...


class Someone(Protocol):
    """A person, as far as partners learn."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def msisdn(self) -> str:
        """The number."""
        ...


class People(Protocol):
    """Satisfied by gateway.services.people.People."""

    async def by_msisdns(self, msisdns: Collection[str]) -> Sequence[Someone]:
        """Who has these numbers."""
        ...


class Payees(Protocol):
    """Satisfied by gateway.services.payees.Payees."""

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        """Where these people are paid."""
        ...

    async def link(self, person_id: str, iban: str, *, by: str, call_key: str, name: str = "") -> PayeeResult:
        """To a bank account."""
        ...

    async def update(self, person_id: str, iban: str, *, by: str, call_key: str, name: str = "") -> PayeeResult:
        """To another one."""
        ...

    async def unlink(self, person_id: str, *, by: str, call_key: str) -> PayeeResult:
        """To the wallet."""
        ...


class Payouts(Protocol):
    """Satisfied by gateway.services.payouts.Payouts; nothing here lets money go."""

    async def create(self, name: str, *, line: str, staff_id: str, declared: Declared = ...) -> Batch:
        """A batch that waits for its file."""
        ...

    async def upload(self, batch_id: str, file: BinaryIO, *, staff_id: str = "", reason: str = "") -> PayoutResult:
        """Its file."""
        ...

    async def cancel(self, batch_id: str, staff_id: str, reason: str) -> PayoutResult:
        """Take it back."""
        ...

    async def by_id(self, batch_id: str) -> Batch | None:
        """The batch with this id."""
        ...

    async def progress(self, batch_id: str) -> Progress | None:
        """How far it is."""
        ...

    async def items(
        self, batch_id: str, *, limit: int, after: int = 0, states: frozenset[ItemState] = frozenset()
    ) -> list[Item]:
        """Its payments."""
        ...

    async def bad_rows(self, batch_id: str, *, limit: int, after: int = 0) -> list[BadRow]:
        """Lines that were not taken."""
        ...


class Gap(Protocol):
    """What does not fit between a statement and the one before it."""

    @property
    def statement_id(self) -> str:
        """The later one."""
        ...

    @property
    def account(self) -> str:
        """Whose."""
        ...

    @property
    def asset(self) -> str:
        """Code of both balances."""
        ...

    @property
    def before(self) -> int:
        """Number of the earlier one."""
        ...

    @property
    def number(self) -> int:
        """Of the later one."""
        ...

    @property
    def missing(self) -> tuple[int, int] | None:
        """First and last number between them."""
        ...

    @property
    def closing(self) -> int | None:
        """Of the earlier one."""
        ...

    @property
    def opening(self) -> int | None:
        """Of the later one."""
        ...


class Imported(Protocol):
    """What came of a file or a pack of the bank."""

    @property
    def outcome(self) -> str:
        """taken, already, partly, waiting, refused, too_large; of a member of a pack also beside."""
        ...

    @property
    def name(self) -> str:
        """Of a member of a pack."""
        ...

    @property
    def members(self) -> "Sequence[Imported]":
        """Of a pack."""
        ...

    @property
    def gaps(self) -> Sequence[Gap]:
        """What does not fit around the statements."""
        ...

    @property
    def statement_ids(self) -> Sequence[str]:
        """The statements in it."""
        ...

    @property
    def reason(self) -> str:
        """Why it was refused."""
        ...


class Statements(Protocol):
    """Satisfied by gateway.services.banking.Banking."""

    async def import_statement(self, octets: bytes, name: str, staff_id: str) -> Imported:
        """Take what a bank has written."""
        ...


@dataclass(frozen=True, slots=True)
class Partners:
    """What stands behind the routes of partners; without `statements` the bank is read by its own link alone."""

    keys: Keys
    people: People
    payees: Payees
    payouts: Payouts
    file_bytes_max: int
    statements: Statements | None = None


Handler = Callable[[web.Request, ApiKey], Awaitable[web.StreamResponse]]


class Gate:
    """Lets a request in whose key may do what the route does."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._by_key = Limiter(clock, CALLS_PER_KEY, WINDOW)
        self._by_address = Limiter(clock, WRONG_KEYS_PER_ADDRESS, WINDOW)

    def opened(self, scope: Scope, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of a route that needs this scope."""

        async def handle(request: web.Request) -> web.StreamResponse:
            key = await self._key(request)
            within_rate(self._by_key, key.id)
            if scope not in key.scopes:
                _LOG.warning("api_refused", key=key.id, scope=scope.value)
                raise Refused(403, "scope", f"this key may not do that; it needs the scope {scope.value}")
            return await handler(request, key)

        return handle

    async def _key(self, request: web.Request) -> ApiKey:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        key = None
        if scheme.lower() == "bearer":
            async with in_time():
                key = await self._keys.check(secret.strip())
        if key is None:
            _LOG.warning("api_key_refused", remote=request.remote or "")
            within_rate(self._by_address, request.remote or "")
            raise Refused(401, "no_key", "send a valid key as Authorization: Bearer; ask us for one")
        return key
