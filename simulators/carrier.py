"""The carrier simulator: the operator's USSD centre and the aggregator behind it, in one.

Wire (Africa's Talking): POST {gateway}/ussd/africastalking[/secret], a form with sessionId, phoneNumber, networkCode,
serviceCode and text, which is '' first and then all answers joined by `*`. The answer is 200 text/plain beginning with
`CON ` (the dialogue stays open) or `END `; anything else ends the dialogue. Timers: 10 s to connect, 15 s for the
application, 180 s for the session.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, field

import aiohttp

from simulators.faults import Faults
from simulators.trace import Trace

CONNECT_S = 10.0
APPLICATION_S = 15.0
SESSION_S = 180.0
NETWORK_CODE = "43211"
ANSWER_BYTES_MAX = 4_096
_CODE = re.compile(r"\*\d+(\*[^#]*)?#", re.ASCII)


@dataclass(frozen=True, slots=True)
class Screen:
    """What the handset shows.

    Attributes:
        text: The page; may be '' when there is a failure.
        open: Whether the dialogue waits for an answer.
        failed: What went wrong on the network's side, else None.
    """

    text: str
    open: bool
    failed: str | None = None


@dataclass(slots=True)
class _Dialogue:
    session_id: str
    text: str
    until: float
    hop: asyncio.Lock = field(default_factory=asyncio.Lock)


class Carrier:
    """Carries USSD dialogues between handsets and one gateway; one dialogue for each handset, as in the network."""

    def __init__(self, gateway_url: str, path_secret: str, service_code: str, trace: Trace, faults: Faults) -> None:
        path = f"/ussd/africastalking/{path_secret}" if path_secret else "/ussd/africastalking"
        self._url = gateway_url.rstrip("/") + path
        self._service_code = service_code
        self._trace = trace
        self._faults = faults
        self._dialogues: dict[str, _Dialogue] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Cut all dialogues and let go of the connections."""
        self._dialogues.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def dial(self, msisdn: str, code: str) -> Screen:
        """Dial `code`, `*1420#` or with answers behind it, `*1420*1*500#`; an open dialogue of the handset is cut."""
        self.cancel(msisdn)
        base = self._service_code.rstrip("#")
        if not _CODE.fullmatch(code) or (code != self._service_code and not code.startswith(f"{base}*")):
            return Screen("", open=False, failed=f"no service at {code}")
        answers = code.removeprefix(base).removesuffix("#").removeprefix("*")
        until = asyncio.get_running_loop().time() + SESSION_S
        dialogue = self._dialogues[msisdn] = _Dialogue(f"ATUid_{secrets.token_hex(16)}", answers, until)
        async with dialogue.hop:
            return await self._hop(msisdn, dialogue)

    async def answer(self, msisdn: str, text: str) -> Screen:
        """Type `text` on the page that is open."""
        dialogue = self._dialogues.get(msisdn)
        if dialogue is None:
            return Screen("", open=False, failed="no dialogue is open")
        async with dialogue.hop:
            if asyncio.get_running_loop().time() > dialogue.until:
                self.cancel(msisdn)
                return Screen("", open=False, failed="the network's session timer ran out")
            dialogue.text = f"{dialogue.text}*{text}" if dialogue.text else text
            return await self._hop(msisdn, dialogue)

    def cancel(self, msisdn: str) -> None:
        """Press the red key: the dialogue is gone; this wire does not tell the application."""
        self._dialogues.pop(msisdn, None)

    async def _hop(self, msisdn: str, dialogue: _Dialogue) -> Screen:
        form = {
            "sessionId": dialogue.session_id,
            "phoneNumber": msisdn,
            "networkCode": NETWORK_CODE,
            "serviceCode": self._service_code,
            "text": dialogue.text,
        }
        screen = await self._call_twice(form) if self._faults.callback_twice else await self._call(form)
        if self._faults.answer_delay_s > 0:
            await asyncio.sleep(self._faults.answer_delay_s)
        if self._faults.drop_session:
            # The button is for one hop: the person dials again on a network that works.
            self._faults.drop_session = False
            screen = Screen("", open=False, failed="the network dropped the session")
            self._trace.record("ussd", f"{msisdn} session dropped", dialogue.session_id, outbound=False)
        if not screen.open and self._dialogues.get(msisdn) is dialogue:
            self.cancel(msisdn)
        return screen

    async def _call_twice(self, form: dict[str, str]) -> Screen:
        async with asyncio.TaskGroup() as group:
            tasks = {group.create_task(self._call(form)) for _ in range(2)}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

    async def _call(self, form: dict[str, str]) -> Screen:
        who = form["phoneNumber"]
        detail = "&".join(f"{name}={value}" for name, value in form.items())
        self._trace.record("ussd", f"{who} POST text={form['text']!r}", detail, outbound=True)
        timeout = aiohttp.ClientTimeout(total=APPLICATION_S, sock_connect=CONNECT_S)
        try:
            async with self._http().post(self._url, data=form, timeout=timeout, allow_redirects=False) as response:
                body = await response.content.read(ANSWER_BYTES_MAX)
                status = response.status
        except TimeoutError:
            self._trace.record("ussd", f"{who} no answer in {APPLICATION_S:.0f} s", outbound=False)
            return Screen("", open=False, failed="the application did not answer in time")
        except aiohttp.ClientError as problem:
            self._trace.record("ussd", f"{who} {type(problem).__name__}", outbound=False)
            return Screen("", open=False, failed="the application cannot be reached")
        answer = body.decode("utf-8", "replace")
        self._trace.record("ussd", f"{who} {status} {answer[:3]}", answer, outbound=False)
        return read_answer(status, answer)

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False)
        return self._session


def read_answer(status: int, answer: str) -> Screen:
    """What an answer of the application shows; other than 200, or without `CON ` or `END `, it ends the dialogue."""
    kind, text = answer[:4], answer[4:]
    failed = None
    if kind not in {"CON ", "END "}:
        text, failed = "", "the application's answer has another form"
    if status != 200:
        failed = f"the application answered {status}"
    return Screen(text, open=failed is None and kind == "CON ", failed=failed)
