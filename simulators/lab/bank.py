"""The bank's panel: what is on the account, orders and payments, the next cycle, the end of the day, a return."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from simulators.bank import Bank
from simulators.lab.bench import Bench
from simulators.lab.render import Pages, View, query


class BankPanel:
    """Its routes. The panel asks for itself every second, with the number of the look that it shows."""

    def __init__(self, bench: Bench, pages: Pages, view: Callable[[web.Request], View]) -> None:
        self._bench = bench
        self._pages = pages
        self._view = view

    def add_to(self, app: web.Application) -> None:
        """Join the lab's routes."""
        app.router.add_get("/bank", self._look)
        app.router.add_post("/bank/cycle", self._cycle)
        app.router.add_post("/bank/day", self._day)
        app.router.add_post("/bank/payments/{payment}/return", self._give_back)

    async def _look(self, request: web.Request) -> web.StreamResponse:
        view = self._bank().view
        if view is None or request.query.get("seen") == f"{view.number}.{self._pages.faults_seen()}":
            return web.Response(status=204)
        return self._html(request)

    async def _cycle(self, request: web.Request) -> web.StreamResponse:
        return await self._done(request, self._bank().cycle())

    async def _day(self, request: web.Request) -> web.StreamResponse:
        return await self._done(request, self._bank().end_of_day())

    async def _give_back(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["payment"]
        if not (number.isascii() and number.isdecimal() and len(number) <= 15):
            raise web.HTTPNotFound
        return await self._done(request, self._bank().give_back(int(number)))

    async def _done(self, request: web.Request, verb: Awaitable[object]) -> web.StreamResponse:
        await verb
        if "HX-Request" in request.headers:
            return self._html(request)
        raise web.HTTPSeeOther(f"/?{query(self._view(request))}#bank")

    def _html(self, request: web.Request) -> web.Response:
        return web.Response(text=self._pages.part("bank", self._view(request)), content_type="text/html")

    def _bank(self) -> Bank:
        if self._bench.bank is None:
            raise web.HTTPNotFound
        return self._bench.bank
