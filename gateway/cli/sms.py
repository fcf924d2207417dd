"""`tapdial sms send | state | preview`: one short message by hand, for trying a link or reaching one person."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gateway.cli.context import Config, in_house, read_settings
from gateway.errors import BadInput

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.notices import Told

app = typer.Typer(no_args_is_help=True, help="One SMS by hand.")
Text = Annotated[str, typer.Argument(help="What is said.")]
WATCH_S = 0.5


@app.command()
def preview(text: Text) -> None:
    """Show how many short messages the text costs and why."""
    from gateway.wire import gsm

    cost = gsm.preview(gsm.transliterate(text))
    Console().print(f"{cost.parts} parts, {cost.alphabet.coding.name}", highlight=False)


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="A mobile number, typed in any usual way.")],
    text: Text,
    key: Annotated[str, typer.Option("--key", help="Sent once for a key, however often the command runs.")] = "",
    language: Annotated[str, typer.Option("--language", help="en, fa, fr or ar.")] = "en",
    wait_s: Annotated[float, typer.Option("--wait", help="Follow it for so many seconds.")] = 0.0,
    config: Config = None,
) -> None:
    """Put a message into the outbox, from where a running gateway sends it; exit status 1 if it has failed."""
    from gateway.services.msisdn import normal_msisdn
    from gateway.services.notices import Notice, NoticeClass
    from wallet.ids import new_id

    async def work(house: "House") -> "list[Told]":
        msisdn = normal_msisdn(to)
        if msisdn is None:
            raise BadInput("not a mobile number")
        cause = f"sms:{key}" if key else new_id("sms", house.clock)
        person = await house.people.by_msisdn(msisdn)
        notice = Notice(cause, NoticeClass.STAFF_MESSAGE, msisdn, person.id if person else "", language, {"text": text})
        new = await house.notices.tell(notice)
        Console().print(cause if new else f"{cause} (known already)", highlight=False)
        return await _followed(house, cause, wait_s)

    _shown(in_house(read_settings(config), work))


@app.command()
def state(
    cause: Annotated[str, typer.Argument(help="What `send` printed, or any cause of notices.")],
    config: Config = None,
) -> None:
    """Show what became of it; exit status 1 if it has failed or is not known."""
    _shown(in_house(read_settings(config), lambda house: _followed(house, cause, 0.0)))


async def _followed(house: "House", cause: str, wait_s: float) -> "list[Told]":
    from gateway.services.notices import NoticeState, told

    going = {NoticeState.READY, NoticeState.LEASED, NoticeState.SENT}
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while True:
        rows = await told(house.store, cause)
        if loop.time() >= until or not any(row.state in going for row in rows):
            return rows
        await asyncio.sleep(WATCH_S)


def _shown(rows: "list[Told]") -> None:
    from gateway.services.notices import NoticeState

    for row in rows:
        status = f", status 0x{row.status:02X}" if row.status else ""
        Console().print(f"{row.id} {row.channel.value}: {row.state.value}, {row.parts} parts{status}", highlight=False)
    failed = {NoticeState.REFUSED, NoticeState.FAILED, NoticeState.EXPIRED}
    if not rows or any(row.state in failed for row in rows):
        raise typer.Exit(1)
