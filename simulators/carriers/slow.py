"""One HTTP exchange on a bad link: a request that trickles in, an answer that is read through a small window.

HTTP/1.1 by hand (RFC 9112), because a client library writes and reads as fast as it can. No TLS, no chunks: the
connection ends with the answer.
"""

import asyncio
import contextlib
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from simulators.carriers.form import Answer, Request
from simulators.carriers.hop import Manner

STEPS = 20
"""Into how many pieces a slow request or answer is cut."""
WINDOW_OCTETS = 256
"""The receive buffer that a slow reader asks for; the kernel gives a little more."""
ANSWER_OCTETS_MAX = 65_536


async def slowly(url: str, request: Request, manner: Manner) -> Answer:
    """Send and read in the given manner.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: What came is no HTTP.
    """
    address = urlsplit(url)
    assert address.scheme == "http", "a slow link has no TLS"  # noqa: S101 - a caller's bug
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
        link.setblocking(False)
        if manner.slow_read:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_OCTETS)
        await loop.sock_connect(link, (address.hostname, address.port or 80))
        pause_s = manner.slow_s / STEPS
        octets = _written(address.netloc, f"{address.path}?{address.query}".rstrip("?"), request)
        size = max(1, -(-len(octets) // STEPS)) if manner.slow_write else len(octets)
        for start in range(0, len(octets), size):
            # A server that has had enough answers early; what it says is still there to be read.
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(link, octets[start : start + size])
            if manner.slow_write:
                await asyncio.sleep(pause_s)
        came, steps = b"", STEPS if manner.slow_read else 0
        while len(came) <= ANSWER_OCTETS_MAX:
            if steps:
                await asyncio.sleep(pause_s)
            part = await loop.sock_recv(link, 8 if steps > 1 else 4_096)
            if not part:
                break
            came, steps = came + part, max(0, steps - 1)
        return _read(came)


def _written(host: str, target: str, request: Request) -> bytes:
    fields = {"Host": host, "Connection": "close", **request.headers}
    if request.body or request.method != "GET":
        fields["Content-Length"] = str(len(request.body))
    head = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + request.body


def _read(came: bytes) -> Answer:
    head, _, body = came.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise ValueError("no HTTP came")
    content_type, cookies, headers = "", SimpleCookie(), {}
    for line in fields:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
        if name.lower() == "content-type":
            content_type = value.partition(";")[0].strip().lower()
        elif name.lower() == "set-cookie":
            with contextlib.suppress(CookieError):
                cookies.load(value.strip())
    crumbs = {name: morsel.value for name, morsel in cookies.items()}
    return Answer(int(words[1]), content_type, body, crumbs, headers)
