"""The map of a version of the menus as an answer of its own."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

import ussd_menus
from ussd_menus import Menus

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"}
"""A drawing with a style of its own and nothing that runs."""


async def drawn(menus: Menus, heat: Mapping[str, float] | None = None) -> web.Response:
    """An SVG, drawn off the loop; `heat` is the share of those who saw a screen and left there, by screen."""
    text = await asyncio.to_thread(lambda: ussd_menus.draw(menus, heat=heat))
    return web.Response(text=text, content_type="image/svg+xml", headers=HEADERS)
