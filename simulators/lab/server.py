"""The lab's HTTP door: it turns key presses into what the devices do, and answers with the device's new look."""

from dataclasses import replace
from pathlib import Path

from aiohttp import web

from simulators.lab import words
from simulators.lab.bank import BankPanel
from simulators.lab.bench import Bench, FaultButton
from simulators.lab.guard import guard
from simulators.lab.nfc import NfcPanel
from simulators.lab.render import SMS_MAX, Pages, View, query
from simulators.lab.terminal import TerminalPanel
from simulators.lab.words import digits as _digits
from simulators.mssp import SignPhone

BODY_BYTES_MAX = 16_384
ENTRY_MAX = 182
PIN_MIN, PIN_MAX = 4, 8
LANGUAGE_COOKIE = "lab_language"
STATIC = Path(__file__).with_name("static")


class Lab:
    """The lab page. `start`, then `stop`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._pages = Pages(bench)
        self._words = words.load()
        self._runner: web.AppRunner | None = None

    def application(self) -> web.Application:
        """The routes behind their guard."""
        app = web.Application(middlewares=[guard], client_max_size=BODY_BYTES_MAX)
        app.router.add_get("/", self._page)
        app.router.add_get("/live", self._live)
        app.router.add_post("/phones/{phone}/press", self._press)
        app.router.add_post("/phones/{phone}/hang-up", self._hang_up)
        app.router.add_post("/phones/{phone}/carrier", self._join)
        app.router.add_post("/phones/{phone}/sms", self._write)
        NfcPanel(self._bench, self._view, self._answer).add_to(app)
        TerminalPanel(self._bench, self._view, self._answer).add_to(app)
        app.router.add_post("/signers/{signer}/pin", self._sign)
        app.router.add_post("/signers/{signer}/cancel", self._say_no)
        app.router.add_post("/signers/{signer}/sim", self._swap)
        app.router.add_post("/signers/{signer}/switch", self._switch)
        app.router.add_post("/faults/{fault}", self._fault)
        BankPanel(self._bench, self._pages, self._view).add_to(app)
        app.router.add_static("/static/", STATIC)
        return app

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        # Devices finish what they began when the browser goes away: a tap is not half a tap.
        self._runner = web.AppRunner(
            self.application(), access_log=None, handler_cancellation=False, shutdown_timeout=1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    async def stop(self) -> None:
        """Close the door."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port that was bound, for those who asked for port 0."""
        if self._runner is None:
            raise RuntimeError("not started")
        return int(self._runner.addresses[0][1])

    async def _page(self, request: web.Request) -> web.Response:
        view = self._view(request)
        response = _html(self._pages.page(view))
        if request.query.get("lang") in self._words:
            response.set_cookie(LANGUAGE_COOKIE, request.query["lang"], httponly=True, samesite="Strict")
        return response

    async def _live(self, request: web.Request) -> web.Response:
        after, inbox = (_number(request.query.get(name, "")) or 0 for name in ("after", "inbox"))
        text = self._pages.live(self._view(request), after, inbox, request.query)
        return _html(text) if text else web.Response(status=204)

    async def _press(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view = self._view(request)
        entry = str(form.get("entry", "")).strip()
        if len(entry) <= ENTRY_MAX:
            await view.phone.press(entry)
        return self._answer(request, "handset", view)

    async def _hang_up(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        view.phone.hang_up()
        return self._answer(request, "handset", view)

    async def _join(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view = self._view(request)
        carrier = str(form.get("carrier", ""))
        if carrier not in self._bench.carriers:
            raise web.HTTPNotFound
        self._bench.join(view.phone, carrier)
        return self._answer(request, "handset", view)

    async def _write(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view = self._view(request)
        text = str(form.get("text", "")).replace("\r\n", "\n").strip()
        if not 1 <= len(text) <= SMS_MAX:
            return self._answer(request, "write", replace(view, refused="write.form"), status=422)
        view.phone.write(text, self._bench.short_code)
        return self._answer(request, "write", view, "inbox")

    async def _sign(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view, phone = self._signer(request)
        pin = _digits(str(form.get("pin", "")))
        if not PIN_MIN <= len(pin) <= PIN_MAX:
            return self._answer(request, "sign", replace(view, refused="sign.form"), status=422)
        await phone.type_pin(pin)
        return self._answer(request, "sign", view)

    async def _say_no(self, request: web.Request) -> web.StreamResponse:
        view, phone = self._signer(request)
        phone.cancel()
        return self._answer(request, "sign", view)

    async def _swap(self, request: web.Request) -> web.StreamResponse:
        view, phone = self._signer(request)
        await phone.swap_sim()
        return self._answer(request, "sign", view)

    async def _switch(self, request: web.Request) -> web.StreamResponse:
        view, phone = self._signer(request)
        phone.switch(on=not phone.on)
        return self._answer(request, "sign", view)

    def _signer(self, request: web.Request) -> tuple[View, SignPhone]:
        view = self._view(request)
        if view.signer is None:
            raise web.HTTPNotFound
        return view, view.signer

    async def _fault(self, request: web.Request) -> web.StreamResponse:
        try:
            button = FaultButton(request.match_info["fault"])
        except ValueError:
            raise web.HTTPNotFound from None
        self._bench.toggle(button)
        part = "bank" if self._bench.bank and button.startswith("bank_") else "faults"
        return self._answer(request, part, self._view(request))

    def _answer(self, request: web.Request, part: str, view: View, *oob: str, status: int = 200) -> web.StreamResponse:
        """The device's new look for htmx; the whole page for a browser without scripts."""
        if "HX-Request" in request.headers:
            return _html(self._pages.part(part, view, oob=oob), status)
        if status != 200:
            return _html(self._pages.page(view), status)
        raise web.HTTPSeeOther(f"/?{query(view)}")

    def _view(self, request: web.Request) -> View:
        """What this request looks at; each device by the path, else by the query, else the first there is."""
        bench = self._bench
        named = {**request.query, **request.match_info}
        language = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
        phone = bench.phones.get(f"+{named['phone']}") if "phone" in named else next(iter(bench.phones.values()))
        nfc = bench.nfc_phones.get(f"+{named['nfc']}" if "nfc" in named else bench.first_nfc)
        terminal = bench.terminals.get(named.get("terminal", next(iter(bench.terminals), "")))
        first = next(iter(bench.sign_phones), "")
        signer = bench.sign_phones.get(f"+{named['signer']}" if "signer" in named else first)
        if phone is None or nfc is None:
            raise web.HTTPNotFound
        return View(self._words.get(language, self._words["en"]), phone, nfc, terminal, signer)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
