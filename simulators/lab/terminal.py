"""The lab's terminal: what a merchant does with it."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from aiohttp import web

from simulators.lab.bench import Bench
from simulators.lab.nfc import Answer
from simulators.lab.render import View
from simulators.lab.words import digits
from simulators.terminal import AMOUNT_MAX, TapResult, Terminal


class Work(StrEnum):
    """What a merchant asks of the terminal beside a sale."""

    REFUND = "refund"
    VOID = "void"
    CLOSE = "close"
    SWITCH = "switch"


class TerminalPanel:
    """The terminal's buttons."""

    def __init__(self, bench: Bench, view: Callable[[web.Request], View], answer: Answer) -> None:
        self._bench = bench
        self._view = view
        self._answer = answer

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/terminals/{terminal}/tap", self._tap)
        app.router.add_post("/terminals/{terminal}/repeat", self._repeat)
        app.router.add_post("/terminals/{terminal}/do/{work}", self._do)

    async def _tap(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        view, terminal = self._terminal(request)
        typed, part = str(form.get("amount", "")), "part" in form
        amount = _number(digits(typed))
        if amount is None or not 1 <= amount <= AMOUNT_MAX:
            self._bench.taps.pop(terminal.config.id, None)
            refused = replace(view, refused="terminal.bad_amount", amount=typed[:20], part=part)
            return self._answer(request, "terminal", refused, status=422)
        self._bench.taps[terminal.config.id] = await terminal.pay(amount, view.nfc, part_ok=part)
        return self._answer(request, "terminal", replace(view, amount=str(amount), part=part), "nfc")

    async def _repeat(self, request: web.Request) -> web.StreamResponse:
        view, terminal = self._terminal(request)
        before = self._bench.taps.get(terminal.config.id)
        result = await terminal.repeat_last()
        # The slip of the tap that is repeated stays in the printer.
        self._bench.taps[terminal.config.id] = replace(result, receipt=before.receipt if before else ())
        return self._answer(request, "terminal", view)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        view, terminal = self._terminal(request)
        try:
            work = Work(request.match_info["work"])
        except ValueError:
            raise web.HTTPNotFound from None
        result = await _done(work, terminal)
        if result is None:
            self._bench.taps.pop(terminal.config.id, None)
        else:
            self._bench.taps[terminal.config.id] = result
        return self._answer(request, "terminal", view)

    def _terminal(self, request: web.Request) -> tuple[View, Terminal]:
        view = self._view(request)
        if view.terminal is None:
            raise web.HTTPNotFound
        return view, view.terminal


async def _done(work: Work, terminal: Terminal) -> TapResult | None:
    match work:
        case Work.REFUND:
            return await terminal.refund()
        case Work.VOID:
            return await terminal.void()
        case Work.CLOSE:
            return await terminal.close_batch()
        case Work.SWITCH:
            await terminal.switch(on=not terminal.switched_on)
            return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
