"""Asks the registry over HTTP whether a telephone number and a national number belong together.

The wire: POST {url}/match with JSON {msisdn, national_number}; 200 with {match, name, name_fa}. The question changes
nothing at the registry, so asking again after a time-out is harmless.
"""

import asyncio

import aiohttp
import stamina
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import PeerUnavailable
from gateway.peers.kept import KeptConnections

ATTEMPTS_MAX = 3
WAIT_FIRST_S = 0.05
ANSWER_BYTES_MAX = 8_192
CONNECTIONS_MAX = 20
RETRIED_STATUSES = frozenset({429, 502, 503, 504})


class RegistryAnswer(BaseModel):
    """What the registry says: whether the two belong together, and the name of whom they belong to ('' if not)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    match: bool
    name: str = Field("", max_length=200)
    name_fa: str = Field("", max_length=200)


class _TryAgain(Exception):
    """The registry could not answer this time."""


class HttpRegistry(KeptConnections):
    """The registry at `url`. Use `async with`, or `close`."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = f"{url.rstrip('/')}/match"
        self._timeout_s = timeout_s
        super().__init__(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                trust_env=False,
            )
        )

    async def match(self, msisdn: str, national_number: str) -> RegistryAnswer:
        """Whether `msisdn` (E.164) is registered to `national_number` (ten digits).

        Tries up to ATTEMPTS_MAX times within `timeout_s` in all.

        Raises:
            PeerUnavailable: No answer in time, or one that makes no sense.
        """
        question = {"msisdn": msisdn, "national_number": national_number}
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._with_retries(question)
        except TimeoutError as problem:
            raise PeerUnavailable("the registry does not answer in time") from problem

    async def _with_retries(self, question: dict[str, str]) -> RegistryAnswer:
        # The context form, because the decorator's instrumentation would log the arguments: a person's numbers.
        attempts = stamina.retry_context(
            on=_TryAgain, attempts=ATTEMPTS_MAX, timeout=self._timeout_s, wait_initial=WAIT_FIRST_S, wait_jitter=0.05
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._ask(question)
        except _TryAgain as problem:
            raise PeerUnavailable(str(problem)) from problem
        raise AssertionError("unreachable")

    async def _ask(self, question: dict[str, str]) -> RegistryAnswer:
        try:
            async with self._session.post(self._url, json=question, allow_redirects=False) as response:
                if response.status in RETRIED_STATUSES:
                    raise _TryAgain(f"the registry answers {response.status}")
                if response.status != 200:
                    raise PeerUnavailable(f"the registry answers {response.status}")
                body = await response.content.read(ANSWER_BYTES_MAX + 1)
                while len(body) <= ANSWER_BYTES_MAX and (more := await response.content.read(ANSWER_BYTES_MAX)):
                    body += more
        except aiohttp.ClientError as problem:
            raise _TryAgain(f"the registry cannot be reached: {type(problem).__name__}") from problem
        if len(body) > ANSWER_BYTES_MAX:
            raise PeerUnavailable("the registry's answer is too long")
        try:
            return RegistryAnswer.model_validate_json(body)
        except ValidationError:
            # Pydantic's text would quote the answer, which names a person.
            raise PeerUnavailable("the registry's answer has another form") from None
