"""Knocking at the doors of a running gateway with any octets, and watching its counters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys import steps
from tests.journeys.town import Town

LEAKS = (b"Traceback", b'File "', b"aiohttp", b"Python/", b"sqlalchemy", b"<title>")
"""What no answer may hold, whatever was sent."""
REFUSED = "tapdial_refused_input_total"


@dataclass(frozen=True)
class Counted:
    """A metric's sample, and how it stood before."""

    town: Town
    name: str
    labels: Mapping[str, str]
    before: float

    async def moved(self) -> bool:
        """Whether it has grown."""
        return await count(self.town, self.name, self.labels) > self.before


async def count(town: Town, name: str, labels: Mapping[str, str]) -> float:
    """The value of a sample; 0 when it was never touched."""
    for family in text_string_to_metric_families(await steps.metrics(town)):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return 0.0


async def counted(town: Town, labels: Mapping[str, str], name: str = REFUSED) -> Counted:
    return Counted(town, name, labels, await count(town, name, labels))


def clean(raw: bytes) -> None:
    """Nothing about how we are made."""
    assert not [leak for leak in LEAKS if leak in raw], raw


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body whose length nobody says in advance."""
    for at in range(0, len(body), 1000):
        yield body[at : at + 1000]


async def until(true: Callable[[], bool]) -> None:
    """Poll what the SMSC sees."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.01)


def host(town: Town) -> str:
    return f"127.0.0.1:{town.settings.http_port}"


async def http(
    town: Town, method: str, path: str, body: str | bytes | AsyncIterator[bytes] | None, headers: Mapping[str, str]
) -> tuple[int, bytes, Mapping[str, str]]:
    """One request; status, body, headers."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client,
        client.request(method, f"{town.url}{path}", data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.read(), dict(answer.headers)


async def over_socket(
    town: Town, octets: bytes, *, port: int | None = None, until_close: bool = True, messages: int = 0
) -> bytes:
    """Send octets to a door; all that comes back until it closes, or the first `messages` framed ones."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port or town.settings.http_port)
        try:
            writer.write(octets)
            return await _heard(reader, until_close=until_close, messages=messages)
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def _heard(reader: asyncio.StreamReader, *, until_close: bool, messages: int) -> bytes:
    if not messages:
        return await (reader.read() if until_close else reader.read(65_536))
    got = b""
    for _ in range(messages):
        head = await reader.readexactly(2)
        got += head + await reader.readexactly(int.from_bytes(head))
    return got
