"""The bank's file door over HTTP(S): orders in, files out, behind a bearer token; and the bank's clock."""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from simulators.bank.books import Books, Taken, View
from simulators.faults import BankFaults, BankMishap
from simulators.trace import Trace

ORDER_BYTES_MAX = 256 * 1024 * 1024
LISTED_MAX = 500
T = TypeVar("T")


class Bank:
    """`start`, then `stop`. Its verbs move the clock on; `view` is what it looks like after the last of them."""

    def __init__(
        self,
        books: Callable[[], Books],
        token: str,
        trace: Trace,
        faults: BankFaults,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`books` opens them when the bank starts, and again when it starts again."""
        self._opening = books
        self._token = token
        self._trace = trace
        self._faults = faults
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._books: Books | None = None
        # One thread: SQLite's calls come one after the other, and the loop that phones and terminals live in goes on.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bank")
        self.view: View | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        self._books = await asyncio.get_running_loop().run_in_executor(self._thread, self._opening)
        await self._look()
        app = web.Application(client_max_size=ORDER_BYTES_MAX, middlewares=[self._guard()])
        app.router.add_put("/orders/{order}", self._put)
        app.router.add_get("/orders/{order}", self._enquiry)
        app.router.add_get("/files", self._list)
        app.router.add_get("/files/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()

    async def stop(self) -> None:
        """Close the door and the books."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._books is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._books.close)
            self._books = None

    @property
    def port(self) -> int:
        """The port that was bound, for those who asked for port 0."""
        if self._runner is None:
            raise RuntimeError("not started")
        return int(self._runner.addresses[0][1])

    async def cycle(self) -> None:
        """Run the next cycle."""
        await self._moved(lambda books: books.cycle())

    async def end_of_day(self) -> None:
        """Close the day: statements are written, and it is the next one."""
        await self._moved(lambda books: books.end_of_day())

    async def give_back(self, payment_id: int, reason: str = "AC04") -> bool:
        """Return a payment; whether it was one that is paid."""
        return await self._moved(lambda books: books.give_back(payment_id, reason))

    async def stray_credit(self) -> None:
        """Somebody whom nobody knows pays in."""
        await self._moved(lambda books: books.stray_credit())

    async def ask(self, question: Callable[[Books], T]) -> T:
        """What the books say."""
        books = self._books
        if books is None:
            raise RuntimeError("not started")
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, books)

    async def _moved(self, verb: Callable[[Books], T]) -> T:
        done = await self.ask(verb)
        await self._look()
        return done

    async def _look(self) -> None:
        self.view = await self.ask(lambda books: books.view())

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._faults.down:
                return _problem(503, "the bank is closed")
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return _problem(401, "who are you?")
            if self._faults.answer_delay_ms:
                await asyncio.sleep(self._faults.answer_delay_ms / 1_000)
            return await handler(request)

        return guard

    async def _put(self, request: web.Request) -> web.StreamResponse:
        order_id = request.match_info["order"]
        octets = await request.read()
        digest = hashlib.sha256(octets).hexdigest()
        self._trace.record("bank", f"order {order_id}, {len(octets)} octets", _shown(octets), outbound=False)
        if self._faults.hits(BankMishap.LOST_ORDER, order_id):
            return _hung_up(request)
        if _lies(request, digest):
            return self._answer(400, f"order {order_id}: not the octets that were announced")
        if self._faults.hits(BankMishap.REFUSE, order_id):
            return self._answer(422, f"order {order_id}: not a file that we take")
        taken = await self._moved(lambda books: books.take(order_id, digest, octets))
        if self._faults.hits(BankMishap.LOST_ANSWER, order_id):
            return _hung_up(request)
        if taken is Taken.OTHER:
            return self._answer(409, f"order {order_id} has come with another content")
        self._trace.record("bank", f"order {order_id} is here ({taken})", outbound=True)
        return await self._receipt(order_id)

    async def _enquiry(self, request: web.Request) -> web.StreamResponse:
        order_id = request.match_info["order"]
        self._trace.record("bank", f"order {order_id}?", outbound=False)
        return await self._receipt(order_id)

    async def _receipt(self, order_id: str) -> web.Response:
        known = await self.ask(lambda books: books.known(order_id))
        if known is None:
            return web.json_response({"known": False}, status=404)
        return web.json_response({"known": True, "sha256": known[0], "received_at": known[1].isoformat()})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        after, limit = request.query.get("after", ""), request.query.get("limit", "100")
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit) <= LISTED_MAX):
            return _problem(400, f"limit is 1 to {LISTED_MAX}")
        files = await self.ask(lambda books: books.listed(after, int(limit)))
        return web.json_response([{"name": one.name, "size": one.size, "sha256": one.sha256} for one in files])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        octets = await self.ask(lambda books: books.octets(name))
        if octets is None:
            return _problem(404, "no such file")
        self._trace.record("bank", name, _shown(octets), outbound=True)
        if octets and self._faults.hits(BankMishap.GARBLE, name):
            octets = octets[:-1] + bytes([octets[-1] ^ 1])
        return web.Response(body=octets, content_type="application/octet-stream")

    def _answer(self, status: int, text: str) -> web.Response:
        self._trace.record("bank", text, outbound=True)
        return _problem(status, text)


def _lies(request: web.Request, digest: str) -> bool:
    """Whether a checksum is given and is another's (RFC 9530; GSMA's X-Content-Hash)."""
    wanted = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    given = request.headers.get("Content-Digest", wanted), request.headers.get("X-Content-Hash", digest)
    return given != (wanted, digest)


def _problem(status: int, text: str) -> web.Response:
    return web.json_response({"problem": text}, status=status)


def _hung_up(request: web.Request) -> web.StreamResponse:
    """Cut the line instead of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _shown(octets: bytes) -> str:
    return octets[:4_000].decode("utf-8", "replace")
