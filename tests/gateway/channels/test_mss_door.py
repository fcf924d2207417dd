"""The door for results of the signature service: who knows its path, and how much it takes."""

from collections.abc import AsyncIterator

from pytest_aiohttp.plugin import AiohttpClient

from gateway.channels.mss import ResultDoor
from gateway.channels.mss.door import BODY_BYTES_MAX
from gateway.channels.web import new_application
from gateway.errors import BadInput
from gateway.observe import Metrics
from wallet.clock import ManualClock


class Taken:
    """Keeps what came; what begins with `?` is none."""

    def __init__(self) -> None:
        self.results: list[bytes] = []

    def arrived(self, octets: bytes) -> None:
        if octets.startswith(b"?"):
            raise BadInput("no message of a service")
        self.results.append(octets)


async def test_a_result_is_taken_from_whoever_knows_the_path(aiohttp_client: AiohttpClient, clock: ManualClock) -> None:
    taken = Taken()
    app = new_application(clock, Metrics())
    app.add_routes(ResultDoor(taken, "s3cret").routes())
    client = await aiohttp_client(app)

    good = await client.post("/mss/callback/s3cret", data=b"{}")
    stranger = await client.post("/mss/callback/guess", data=b"{}")
    none = await client.post("/mss/callback/s3cret", data=b"?")
    much = await client.post("/mss/callback/s3cret", data=b"x" * (BODY_BYTES_MAX + 1))
    got = await client.get("/mss/callback/s3cret")

    assert [answer.status for answer in (good, stranger, none, much, got)] == [200, 404, 400, 413, 405]
    assert taken.results == [b"{}"]


async def test_a_body_that_does_not_say_how_long_it_is_is_read_no_further(
    aiohttp_client: AiohttpClient, clock: ManualClock
) -> None:
    taken = Taken()
    app = new_application(clock, Metrics())
    app.add_routes(ResultDoor(taken, "s3cret").routes())
    client = await aiohttp_client(app)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 65_536

    answer = await client.post("/mss/callback/s3cret", data=endless())

    assert answer.status == 413
    assert taken.results == []
