"""Requests to a mobile signature service over HTTP: 200 with an answer, or 500 with a fault."""

import asyncio
from typing import TypeVar

import aiohttp

from gateway.errors import BadInput, PeerUnavailable
from gateway.peers.kept import KeptConnections
from gateway.peers.mssp.profile import MsspProfile
from gateway.wire.mss import OCTETS_MAX, Fault, Message, SignatureResponse, StatusResponse, decode

CONNECTIONS_MAX = 100
CONNECT_S = 5.0
IDLE_S = 5.0
STATUSES = frozenset({200, 500})
_Answer = TypeVar("_Answer", bound=Message)


class NotSent(PeerUnavailable):
    """The service could not be reached; it has not seen the request."""


class MsspClient(KeptConnections):
    """Asks over connections that are kept. `close` at the end."""

    def __init__(self, profile: MsspProfile) -> None:
        self._profile = profile
        # An old idle connection may be closed just when a request is on it, and then nobody knows whether it arrived.
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=profile.tls or True, keepalive_timeout=IDLE_S)
        # Nothing compressed is asked for, and nothing is unpacked: a small answer stays small.
        super().__init__(
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                auto_decompress=False,
                trust_env=False,
            )
        )

    async def ask(self, request: Message, kind: type[_Answer], within_s: float) -> _Answer | Fault:
        """The answer to a request, within that time; it echoes whose request it answers.

        Raises:
            NotSent: The service has not seen it.
            PeerUnavailable: No answer in time, or one that makes no sense; the text names fields, never what they hold.
        """
        form = self._profile.form
        try:
            octets = form.encode(request)
        except BadInput as problem:
            raise NotSent(str(problem)) from problem
        try:
            async with asyncio.timeout(within_s):
                answer = decode(form, await self._posted(form.path(type(request)), octets), kind)
        except TimeoutError as problem:
            raise PeerUnavailable("the signature service does not answer in time") from problem
        except BadInput as problem:
            raise PeerUnavailable(f"the signature service answers what is no answer: {problem}") from problem
        if not isinstance(answer, Fault):
            _check_echo(request, answer)
        return answer

    async def _posted(self, path: str, octets: bytes) -> bytes:
        headers = {
            "Content-Type": self._profile.form.content_type,
            "Accept": self._profile.form.content_type.split(";")[0],
            "Accept-Encoding": "identity",
        }
        url = f"{self._profile.url}{path}"
        try:
            async with self._session.post(url, data=octets, headers=headers, allow_redirects=False) as response:
                if response.status not in STATUSES:
                    raise PeerUnavailable(f"the signature service answers with HTTP {response.status}")
                body = bytearray()
                while len(body) <= OCTETS_MAX and (more := await response.content.read(OCTETS_MAX)):
                    body += more
                return bytes(body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as problem:
            raise NotSent(f"the signature service cannot be reached: {type(problem).__name__}") from problem
        except (aiohttp.ClientError, OSError) as problem:
            raise PeerUnavailable(f"the signature service cuts the line: {type(problem).__name__}") from problem


def _check_echo(request: Message, answer: Message) -> None:
    """An answer to another request is none, whatever it says."""
    if (answer.ap.ap_id, answer.ap.trans_id) != (request.ap.ap_id, request.ap.trans_id):
        raise PeerUnavailable("the signature service answers another request: AP_Info")
    asked, told = (getattr(message, "mssp_trans_id", None) for message in (request, answer))
    if asked and told and asked != told:
        raise PeerUnavailable("the signature service answers another request: MSSP_TransID")


def is_of(answer: SignatureResponse | StatusResponse, msisdn: str) -> bool:
    """Whether the answer is about this number, or names none."""
    told = answer.user.msisdn
    return told is None or told.removeprefix("+") == msisdn.removeprefix("+")
