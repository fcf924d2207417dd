"""The service's HTTP door in both forms, and the results that it sends by itself."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from types import ModuleType

import aiohttp
from aiohttp import web

from simulators.faults import MsspFaults
from simulators.mssp import asks, rest, soap
from simulators.mssp.asks import Mode, SignAsk
from simulators.mssp.codes import Code, Refusal
from simulators.mssp.service import WIRE, Answer, Service
from simulators.trace import Trace

BODY_BYTES_MAX = 65_536
NOTIFY_S = 5.0
NOTIFY_TRIES = 3
PATHS = {
    "/rest/service/sign": (rest, "Signature"),
    "/rest/service/status": (rest, "Status"),
    "/rest/service/profile": (rest, "Profile"),
    "/rest/service/receipt": (rest, "Receipt"),
    "/soap/services/MSS_SignaturePort": (soap, "Signature"),
    "/soap/services/MSS_StatusQueryPort": (soap, "Status"),
    "/soap/services/MSS_ProfilePort": (soap, "Profile"),
    "/soap/services/MSS_ProfileQueryPort": (soap, "Profile"),
    "/soap/services/MSS_ReceiptPort": (soap, "Receipt"),
}


class Mssp:
    """The mobile signature service. `start`, then `stop`."""

    def __init__(self, service: Service, faults: MsspFaults, trace: Trace) -> None:
        self.service = service
        self._faults = faults
        self._trace = trace
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that was bound, for those who asked for port 0."""
        if self._runner is None:
            raise RuntimeError("not started")
        return int(self._runner.addresses[0][1])

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        for path in PATHS:
            app.router.add_post(path, self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    async def stop(self) -> None:
        """Close the door; results that were not sent are not."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        form, kind = PATHS[request.path]
        body = await request.read()
        try:
            answer = await self._done(form, kind, body)
            octets, status, said = form.answer(kind, self._echo(answer)), 200, f"{answer.code.value} {answer.code.name}"
        except Refusal as refusal:
            octets, status, said = form.fault(refusal), 500, f"{refusal.code.value} {refusal.code.name}"
        self._trace.record(WIRE, f"{kind} {said}", octets.decode(), outbound=True)
        if self._faults.slow_ms:
            await asyncio.sleep(self._faults.slow_ms / 1_000)
        if self._faults.drop_answer:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if self._faults.malformed_answer:
            octets = octets[: len(octets) // 2]
        return web.Response(body=octets, status=status, content_type=form.CONTENT_TYPE, charset="utf-8")

    async def _done(self, form: ModuleType, kind: str, body: bytes) -> Answer:
        fields, services = form.read(kind, body)
        # Everything but the password: the lab shows what is on the wire.
        shown = "\n".join(f"{name}: {value}" for name, value in fields.items() if name != "AP_PWD" and value)
        self._trace.record(WIRE, f"{kind} {fields.get('MSISDN', '')}".strip(), shown, outbound=False)
        match kind:
            case "Signature":
                ask = asks.read_sign(fields, services)
                answer = await self.service.sign(ask)
                if ask.mode is Mode.SERVER_SERVER:
                    self._later(form, ask, answer)
                return answer
            case "Status":
                return self.service.status(asks.read_status(fields))
            case "Profile":
                return await self.service.profile(asks.read_profile(fields))
            case _:
                return self.service.receipt(asks.read_receipt(fields))

    def _echo(self, answer: Answer) -> Answer:
        if not self._faults.wrong_echo:
            return answer
        return replace(answer, header=replace(answer.header, transaction="Another"))

    def _later(self, form: ModuleType, ask: SignAsk, answer: Answer) -> None:
        task = asyncio.create_task(self._notify(form, ask, answer.transaction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self, form: ModuleType, ask: SignAsk, name: str) -> None:
        """POST the result to the application provider: again when nobody took it, and twice with a fault."""
        transaction = self.service.transaction(name)
        await asyncio.shield(transaction.end)
        try:
            answer = self.service.outcome(transaction)
        except Refusal as refusal:
            # A notification has no fault of its own: the code stands as the status.
            answer = Answer(ask.header, self.service.now(), refusal.code, ask.msisdn, name)
        octets = form.answer("Signature", self._echo(answer))
        if self._faults.malformed_answer:
            octets = octets[: len(octets) // 2]
        url = self.service.providers[ask.header.ap_id].notify_url
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=NOTIFY_S)) as client:
            for _ in range(2 if self._faults.duplicate_answer else 1):
                await self._post(client, url, octets, form.CONTENT_TYPE, answer.code)

    async def _post(self, client: aiohttp.ClientSession, url: str, octets: bytes, kind: str, code: Code) -> None:
        for attempt in range(NOTIFY_TRIES):
            await asyncio.sleep(attempt * 0.5)
            with suppress(aiohttp.ClientError, TimeoutError):
                async with client.post(url, data=octets, headers={"Content-Type": f"{kind};charset=utf-8"}) as response:
                    self._trace.record(WIRE, f"result {code.value}: {response.status}", outbound=True)
                    if response.status < 500:
                        return
        self._trace.record(WIRE, f"result {code.value}: nobody took it", outbound=True)
