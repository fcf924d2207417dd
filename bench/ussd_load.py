"""Phones that pay by USSD, in a process of their own: a plan as JSON on stdin, what was seen as JSON on stdout.

HTTP/1.1 over kept connections by a bare protocol, since a client library would cost more than the server it asks.
Closed loop: `phones` handsets, each sends its next hop when it has read the last page. Open loop: sessions begin by a
Poisson process whatever the server does, and a person answers `think_s` after a page has come. A latency counts from
the moment when the hop was to go out, so a late generator or a busy connection is part of it.
"""

import asyncio
import json
import random
import secrets
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from urllib.parse import quote_plus

CONNECTIONS_MAX = 400
"""Beyond these a hop waits for one to come free, as it does in a provider's pool."""
HOP_S = 30.0


@dataclass(frozen=True)
class Plan:
    """What to do. `rate` is sessions a second, 0 for a closed loop; `answers` hold `{payee}` for another's number."""

    port: int
    path: str
    phones: list[str]
    answers: list[str]
    receipt: str
    seconds: float
    warm_s: float
    rate: float = 0.0
    think_s: float = 0.25
    closed: int = 64
    seed: int = 1


@dataclass
class Seen:
    """What came of it: seconds of each hop by its place in the session."""

    hops: list[list[float]]
    elapsed_s: float = 0.0
    failed: int = 0
    cpu_s: float = 0.0
    unlike: list[str] = field(default_factory=list)
    """The first answers that were not as they should be."""


class _Connection(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._got = b""
        self.waiter: asyncio.Future[bytes] | None = None

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        self._got = b""
        self.waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self.waiter

    def data_received(self, data: bytes) -> None:
        got = self._got = self._got + data
        head, found, body = got.partition(b"\r\n\r\n")
        if not found or self.waiter is None or self.waiter.done():
            return
        at = head.find(b"Content-Length: ")
        if len(body) >= int(head[at + 16 : (head + b"\r").index(b"\r", at)]):
            self.waiter.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(ConnectionError("the server hung up"))


class Phones:
    """All handsets and their connections."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._idle: deque[_Connection] = deque()
        self._opened = 0
        self._free = asyncio.Semaphore(CONNECTIONS_MAX)
        self._head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        )
        self._random = random.Random(plan.seed)
        self.seen = Seen([[] for _ in range(len(plan.answers) + 1)])
        self.counts_from = float("inf")

    async def session(self, phone: int, intended: float) -> None:
        """One dialogue, whose dial was to go out at `intended`."""
        plan = self._plan
        payee = "0" + plan.phones[(phone + 1) % len(plan.phones)].removeprefix("+98")
        last = len(plan.answers)
        fixed = f"sessionId={secrets.token_hex(12)}&phoneNumber={quote_plus(plan.phones[phone])}"
        text = ""
        for hop, answer in enumerate(["", *plan.answers]):
            typed = answer.replace("{payee}", payee)
            text = f"{text}*{typed}" if text else typed
            body = await self._hop(f"{fixed}&serviceCode=%2A1420%23&text={quote_plus(text)}")
            now = time.perf_counter()
            right = body.startswith(b"END " if hop == last else b"CON ") and (
                hop < last or plan.receipt.encode() in body
            )
            if not right:
                self.seen.failed += 1
                self.seen.unlike = [*self.seen.unlike, f"hop {hop}: {body[:160]!r}"][:5]
                return
            if intended >= self.counts_from:
                self.seen.hops[hop].append(now - intended)
            if plan.rate:
                intended = now + plan.think_s
                await asyncio.sleep(intended - time.perf_counter())
            else:
                intended = now

    async def _hop(self, body: str) -> bytes:
        request = f"{self._head}{len(body)}\r\n\r\n{body}".encode()
        async with self._free:
            connection = self._idle.pop() if self._idle else await self._open()
            try:
                async with asyncio.timeout(HOP_S):
                    answer = await connection.ask(request)
            except (ConnectionError, TimeoutError) as problem:
                return f"{type(problem).__name__}".encode()
            self._idle.append(connection)
        return answer

    async def _open(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", self._plan.port)
        return connection

    async def closed(self) -> None:
        """As many handsets as the plan says, each one session after the other."""
        until = time.perf_counter() + self._plan.warm_s + self._plan.seconds

        async def handset(phone: int) -> None:
            while time.perf_counter() < until:
                await self.session(phone, time.perf_counter())

        async with asyncio.TaskGroup() as group:
            for phone in range(self._plan.closed):
                group.create_task(handset(phone))

    async def open(self) -> None:
        """Sessions that begin at random, each on a handset that is free."""
        free: asyncio.Queue[int] = asyncio.Queue()
        for phone in range(len(self._plan.phones)):
            free.put_nowait(phone)
        at = time.perf_counter()
        until = at + self._plan.warm_s + self._plan.seconds

        async def one(intended: float) -> None:
            phone = await free.get()
            await self.session(phone, intended)
            free.put_nowait(phone)

        async with asyncio.TaskGroup() as group:
            while (at := at + self._random.expovariate(self._plan.rate)) < until:
                if (pause_s := at - time.perf_counter()) > 0:
                    await asyncio.sleep(pause_s)
                group.create_task(one(at))


async def main(plan: Plan) -> Seen:
    """Warm up, measure."""
    phones = Phones(plan)
    started = time.perf_counter()
    phones.counts_from = started + plan.warm_s
    spent = time.process_time()
    await (phones.open() if plan.rate else phones.closed())
    phones.seen.elapsed_s = time.perf_counter() - phones.counts_from
    phones.seen.cpu_s = time.process_time() - spent
    return phones.seen


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(main(Plan(**json.load(sys.stdin)))))))
