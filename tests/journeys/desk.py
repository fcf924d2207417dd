"""A member of staff at the console, without a browser: the same forms, cookies, CSRF token and Origin."""

import html
import re
from types import TracebackType
from typing import Self

import aiohttp
import pyotp

from tests.journeys.town import Town


class Desk:
    """Signs in with the seeded password and a one-time code, unless it has a cookie already. Use `async with`."""

    def __init__(self, town: Town, username: str, *, cookie: str = "") -> None:
        self._town = town
        self._account = next(account for account in town.facts.staff if account.username == username)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        self._cookie = cookie
        self._csrf = ""

    async def __aenter__(self) -> Self:
        if not self._cookie:
            await self._sign_in()
        page = await self.page("/console/")
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
        assert found is not None, page[:2000]
        self._csrf = found.group(1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def _sign_in(self) -> None:
        answer = await self._send(
            "POST",
            "/console/sign-in",
            {
                "username": self._account.username,
                "password": self._account.password,
                "totp": pyotp.TOTP(self._account.totp_seed).now(),
            },
        )
        self._cookie = next(value.split(";")[0] for value in answer.headers.getall("Set-Cookie") if "=;" not in value)

    async def page(self, path: str) -> str:
        """The text of a page; of a part that renews itself no more too (286)."""
        answer = await self._send("GET", path, None)
        assert answer.status in (200, 286), f"{path}: {answer.status}"
        return html.unescape(await answer.text())

    async def submit(self, path: str, **fields: str) -> str:
        """Submit a form; the page that follows."""
        answer = await self._send("POST", path, fields | {"csrf": self._csrf})
        assert answer.status in (200, 303), f"{path}: {answer.status} {await answer.text()}"
        if answer.status == 303:
            return await self.page(answer.headers["Location"])
        return html.unescape(await answer.text())

    async def bring(self, path: str, file: bytes, **fields: str) -> str:
        """Submit a form with a file; the page that follows."""
        form = aiohttp.FormData({"csrf": self._csrf} | fields)
        form.add_field("file", file, filename="file.csv", content_type="text/csv")
        answer = await self._send("POST", path, form)
        assert answer.status == 303, f"{path}: {answer.status} {await answer.text()}"
        return await self.page(answer.headers["Location"])

    async def _send(
        self, method: str, path: str, fields: dict[str, str] | aiohttp.FormData | None
    ) -> aiohttp.ClientResponse:
        headers = {"Origin": self._town.url, "Cookie": self._cookie, "Accept-Language": "en"}
        # The cookie is Secure, so the client would not send it back over plain http by itself.
        answer = await self._session.request(
            method, f"{self._town.url}{path}", data=fields, headers=headers, allow_redirects=False
        )
        await answer.read()
        return answer
