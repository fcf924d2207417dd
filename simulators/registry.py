"""The registry simulator: which number belongs to which person, as the operators' common registry would say it.

Wire: POST /match, JSON {msisdn, national_number} -> 200 {match, name, name_fa}; 400 for a question of another form.
The truth is people.toml's.
"""

import json
from collections.abc import Sequence

from aiohttp import web

from simulators.people import Person
from simulators.trace import Trace

QUESTION_BYTES_MAX = 4_096


class Registry:
    """Answers who a number belongs to. `start`, then `stop`."""

    def __init__(self, people: Sequence[Person], trace: Trace) -> None:
        self._people = {person.msisdn: person for person in people}
        self._owners = {person.national_number: person for person in people}
        self._trace = trace
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application(client_max_size=QUESTION_BYTES_MAX)
        app.router.add_post("/match", self._match)
        self._runner = web.AppRunner(app, access_log=None)
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

    async def _match(self, request: web.Request) -> web.Response:
        question = await _question(request)
        if question is None:
            self._trace.record("registry", "400 question of another form", outbound=True)
            return web.json_response({"error": "expected {msisdn, national_number}"}, status=400)
        msisdn, national_number = question
        self._trace.record(
            "registry", f"match? {msisdn}", json.dumps(dict(zip(_FIELDS, question, strict=True))), outbound=False
        )
        answer = self.answer(msisdn, national_number)
        self._trace.record(
            "registry",
            f"{msisdn} {'matches' if answer['match'] else 'does not match'}",
            json.dumps(answer, ensure_ascii=False),
            outbound=True,
        )
        return web.json_response(answer)

    def answer(self, msisdn: str, national_number: str) -> dict[str, bool | str]:
        """What the registry knows: whether the SIM is registered to that person, and the person's names if so."""
        sim = self._people.get(msisdn)
        if sim is None or sim.registered_to != national_number:
            return {"match": False, "name": "", "name_fa": ""}
        owner = self._owners.get(national_number, sim)
        return {"match": True, "name": owner.name, "name_fa": owner.name_fa}


_FIELDS = ("msisdn", "national_number")


async def _question(request: web.Request) -> tuple[str, str] | None:
    try:
        data = await request.json()
    except (ValueError, UnicodeDecodeError):
        return None
    if not isinstance(data, dict):
        return None
    msisdn, national_number = (data.get(name) for name in _FIELDS)
    if not isinstance(msisdn, str) or not isinstance(national_number, str):
        return None
    return msisdn, national_number
