"""The NFC phone's panel: its token, the lock, the next key by any of three ways, and the tear-off switch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from simulators.lab.bench import Bench, KeyWay
from simulators.lab.render import View
from simulators.lab.words import digits
from simulators.nfc_phone import Provisioned

TORN_AT = 3
"""The command whose answer the tear-off switch loses: the one with the cryptogram."""


class Answer(Protocol):
    """How the lab answers: a part for htmx, the page for others."""

    def __call__(
        self, request: web.Request, part: str, view: View, /, *oob: str, status: int = 200
    ) -> web.StreamResponse:
        """Draw `part`, and those of `oob`."""
        ...


class NfcPanel:
    """Its routes."""

    def __init__(self, bench: Bench, view: Callable[[web.Request], View], answer: Answer) -> None:
        self._bench = bench
        self._view = view
        self._answer = answer

    def add_to(self, app: web.Application) -> None:
        """Join the lab's routes."""
        app.router.add_post("/nfc/{nfc}/token", self._provision)
        app.router.add_post("/nfc/{nfc}/lock", self._lock)
        app.router.add_post("/nfc/{nfc}/key/{way}", self._replenish)
        app.router.add_post("/nfc/{nfc}/look", self._look)
        app.router.add_post("/nfc/{nfc}/tear", self._tear)

    async def _provision(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view = self._view(request)
        code = digits(str(form.get("activation_code", "")))
        if len(code) != 8:
            return self._answer(request, "nfc", replace(view, refused="nfc.form"), status=422)
        self._bench.keys.pop(view.nfc.msisdn, None)
        self._bench.provisioned[view.nfc.msisdn] = await view.nfc.provision(code)
        return self._answer(request, "nfc", view)

    async def _lock(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        view.nfc.cdcvm = not view.nfc.cdcvm
        return self._answer(request, "nfc", view)

    async def _replenish(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        try:
            way = KeyWay(request.match_info["way"])
        except ValueError:
            raise web.HTTPNotFound from None
        self._bench.keys[view.nfc.msisdn] = await self._new_key(view, way)
        return self._answer(request, "nfc", view, "handset")

    async def _new_key(self, view: View, way: KeyWay) -> Provisioned:
        nfc, feature = view.nfc, self._bench.phones[view.nfc.msisdn]
        match way:
            case KeyWay.PULL:
                return await nfc.replenish()
            case KeyWay.SMS:
                return nfc.read_messages(sms.text for sms in reversed(feature.inbox) if not sms.sent)
            case KeyWay.USSD:
                return await nfc.replenish_by_dialling(feature)

    async def _look(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        self._bench.keys[view.nfc.msisdn] = await view.nfc.look()
        return self._answer(request, "nfc", view)

    async def _tear(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        faults = view.nfc.faults
        faults.tear_at, faults.tear_after = (0 if faults.tear_at else TORN_AT), True
        return self._answer(request, "nfc", view)
