"""The API over services with a key, as another institution's system meets it."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.api import Partners, api_app
from gateway.channels.web import LARGE_BODIES, new_application
from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.apikeys import ApiKeys, Scope
from gateway.services.banking import Gap
from tests.gateway.channels.api.published import PublishedHeads
from tests.gateway.channels.api.vaults import NoTokens
from tests.gateway.services.payees.office import FakeOwners, Office, office_over
from tests.gateway.services.payments.bank import FakePerson
from tests.gateway.services.payouts.house import House, open_house
from wallet.clock import ManualClock

Client = TestClient[web.Request, web.Application]
MSISDN = "+989120000001"
FILE_BYTES_MAX = 3 * 1024 * 1024


@dataclass
class Directory:
    owners: FakeOwners

    async def by_msisdns(self, msisdns: Collection[str]) -> Sequence[FakePerson]:
        return [one for one in self.owners.people.values() if one.msisdn in msisdns]


@dataclass(frozen=True)
class Taken:
    outcome: str
    statement_ids: Sequence[str] = ()
    reason: str = ""
    name: str = ""
    members: "Sequence[Taken]" = ()
    gaps: Sequence[Gap] = ()


@dataclass
class Statements:
    """Takes each file once; one that begins with `no` is none."""

    taken: dict[bytes, str] = field(default_factory=dict)
    reads: Callable[[bytes, str, str], Awaitable[Taken]] | None = None

    async def import_statement(self, octets: bytes, name: str, staff_id: str) -> Taken:
        if self.reads is not None:
            return await self.reads(octets, name, staff_id)
        if octets in self.taken:
            return Taken("already", [self.taken[octets]])
        if octets.startswith(b"no"):
            return Taken("refused", reason="line 1")
        self.taken[octets] = f"sta_{len(self.taken)}"
        return Taken("taken", [self.taken[octets]])


@dataclass
class Partner:
    client: Client
    office: Office
    house: House
    keys: ApiKeys
    statements: Statements
    secret: str = ""

    def headers(self, secret: str | None = None, **more: str) -> dict[str, str]:
        given = {"Authorization": f"Bearer {self.secret if secret is None else secret}"}
        return given | {name.replace("_", "-"): value for name, value in more.items()}

    async def post(
        self, path: str, body: dict[str, Any], secret: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        answer = await self.client.post(f"/api/v1{path}", json=body, headers=self.headers(secret, **headers))
        return answer.status, await answer.json()

    async def get(self, path: str, secret: str | None = None) -> tuple[int, dict[str, Any]]:
        answer = await self.client.get(f"/api/v1{path}", headers=self.headers(secret))
        return answer.status, await answer.json()

    async def bring(self, order: str, octets: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        form = FormData(default_to_multipart=True)
        form.add_field("order", order, content_type="application/json")
        form.add_field("file", io.BytesIO(octets), filename="payments.csv")
        answer = await self.client.post("/api/v1/payout-batches", data=form, headers=self.headers(**headers))
        return answer.status, await answer.json()


@asynccontextmanager
async def open_partner(folder: Path, clock: ManualClock, aiohttp_client: AiohttpClient) -> AsyncIterator[Partner]:
    async with open_house(f"sqlite:///{folder / 'quick.db'}", clock) as house:
        office, metrics, statements = office_over(house.store, clock), Metrics(), Statements()
        keys = ApiKeys(house.store, clock, SoftwareKeyStore.for_tests())
        partners = Partners(keys, Directory(office.owners), office.payees, house.payouts, FILE_BYTES_MAX, statements)
        root = new_application(clock, metrics)
        root[LARGE_BODIES] = {"/api/v1/payout-batches": 9 * 1024 * 1024}
        root.add_subapp("/api/v1", api_app(NoTokens(), PublishedHeads(), clock, metrics, partners))
        made = await keys.create("Ministry", set(Scope))
        yield Partner(await aiohttp_client(root), office, house, keys, statements, made.secret)
