"""The registry simulator answers over HTTP what people.toml says."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulators import people
from simulators.registry import Registry
from simulators.trace import Trace


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """The simulator on a free port."""
    made = Registry(people.load(), Trace())
    await made.start("127.0.0.1", 0)
    yield made
    await made.stop()


@pytest.mark.parametrize(
    ("msisdn", "national_number", "expected"),
    [
        ("+989120000005", "0123456703", {"match": True, "name": "Leila Rahimi", "name_fa": "لیلا رحیمی"}),
        ("+989120000005", "0234567813", {"match": False, "name": "", "name_fa": ""}),
        ("+989120000009", "0567890147", {"match": False, "name": "", "name_fa": ""}),
        ("+989120000009", "0012345679", {"match": True, "name": "Maryam Ahmadi", "name_fa": "مریم احمدی"}),
        ("+989129999999", "0123456703", {"match": False, "name": "", "name_fa": ""}),
    ],
)
async def test_the_registry_tells_whose_number_it_is(
    registry: Registry, msisdn: str, national_number: str, expected: dict[str, object]
) -> None:
    question = {"msisdn": msisdn, "national_number": national_number}

    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{registry.port}/match", json=question) as answer,
    ):
        assert await answer.json() == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"msisdn": 1, "national_number": "2"}', b"\xff", b"null"])
async def test_a_question_of_another_form_is_refused(registry: Registry, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{registry.port}/match", data=body) as answer,
    ):
        assert answer.status == 400
