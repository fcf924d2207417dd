"""A feature phone in the terminal: `python -m simulators.handset '*1420#' --msisdn +989120000001`.

It draws each page in a box and takes what is typed; `--script FILE` replays a transcript (see transcript.py) and ends
with status 1 and a difference at the first screen that is another. A secret of the transcript, as `{PIN}`, comes from
the environment, as `DIAL_PIN`, and is never shown.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from simulators import transcript
from simulators.carriers import AFRICAS_TALKING, FORMS, Carrier, Contract, Screen, carrier_to
from simulators.faults import Faults
from simulators.trace import Trace

WIDTH = 38
"""Columns of the phone; a page of 182 septets takes six lines."""

VARIABLE = "TAPDIAL_USSD_PATH_SECRET"
"""Where the path secret comes from. Not an argument: those can be read by every user of the machine."""

PASSWORD = "CARRIER_PASSWORD"  # noqa: S105 - a variable's name
"""Where the password comes from that some providers send with each hop."""

PREFIX = "DIAL_"
"""`DIAL_PIN` fills the place `{PIN}` of a transcript."""

ZONE = ZoneInfo("Asia/Tehran")


class Handset:
    """One phone: dials, types, shows. Blocks; runs the carrier's coroutines in a runner of its own."""

    def __init__(self, carrier: Carrier, msisdn: str, runner: asyncio.Runner, console: Console) -> None:
        self._carrier = carrier
        self._msisdn = msisdn
        self._runner = runner
        self._console = console

    def dial(self, code: str) -> Screen:
        """Dial and show the first page."""
        return self._shown(self._runner.run(self._carrier.dial(self._msisdn, code)))

    def type(self, text: str) -> Screen:
        """Answer the open page and show the next."""
        return self._shown(self._runner.run(self._carrier.answer(self._msisdn, text)))

    def talk(self, code: str) -> int:
        """Dial, then take answers from the keyboard until the dialogue ends; the exit status."""
        screen = self.dial(code)
        while screen.open:
            try:
                typed = self._console.input("[bold]> [/bold]")
            except (EOFError, KeyboardInterrupt):
                self._runner.run(self._hung_up())
                self._console.print("[dim]cancelled[/dim]")
                break
            screen = self.type(typed.strip())
        return 0 if screen.failed is None else 1

    def replay(self, code: str, steps: list[transcript.Step], secrets: Mapping[str, str]) -> int:
        """Dial, then type what the transcript says; status 0 if every screen is the expected one, else 1.

        A line that is a code (`> *1420#`) dials again, also while a page is open.
        """
        screen = Screen("", open=False)
        for step in steps:
            typed = code if step.typed is None else transcript.filled(step.typed, secrets)
            if step.typed is not None:
                self._console.print(f"[bold]> {escape(step.typed)}[/bold]")
            if typed.startswith("*") and typed.endswith("#"):
                screen = self.dial(typed)
            elif screen.open:
                screen = self.type(typed)
            else:
                self._console.print(f"[red]line {step.line}: the dialogue is closed[/red]")
                return 1
            if screen.failed is not None or not transcript.matches(step.expected, screen.text):
                self._console.print(f"[red]line {step.line}: another screen[/red]")
                self._console.print(transcript.difference(step.expected, screen.text), markup=False, highlight=False)
                return 1
        return 0

    async def _hung_up(self) -> None:
        self._carrier.cancel(self._msisdn)

    def _shown(self, screen: Screen) -> Screen:
        if screen.text:
            foot = "answer" if screen.open else "end"
            body = Text(screen.text, overflow="fold")
            self._console.print(Panel(body, title=self._msisdn, subtitle=foot, width=WIDTH + 4, title_align="left"))
        if screen.failed is not None:
            self._console.print(f"[red]{escape(screen.failed)}[/red]")
        return screen


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = _options(arguments)
    console = Console(highlight=False)
    steps: list[transcript.Step] = []
    secrets: dict[str, str] = {}
    if options.script is not None:
        try:
            source = options.script.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            console.print(f"[red]cannot read {options.script}: {escape(str(problem))}[/red]")
            return 2
        steps = transcript.parse(transcript.dated(source, datetime.now(ZONE).date()))
        for name, line in transcript.secrets_of(steps).items():
            secrets[name] = os.environ.get(PREFIX + name, "")
            if not secrets[name]:
                console.print(f"[red]line {line} needs {PREFIX}{name} in the environment[/red]")
                return 2
    carrier = carrier_to(
        options.gateway,
        os.environ.get(VARIABLE, ""),
        options.service_code,
        Trace(),
        Faults(),
        wire=options.wire,
        contract=Contract(options.mount, user=options.user, password=os.environ.get(PASSWORD, ""), port=options.port),
    )
    with asyncio.Runner() as runner:
        handset = Handset(carrier, options.msisdn, runner, console)
        try:
            return handset.replay(options.code, steps, secrets) if steps else handset.talk(options.code)
        finally:
            runner.run(carrier.close())


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tapdial dial", description="A feature phone in the terminal.")
    parser.add_argument("code", nargs="?", default="*1420#", help="what to dial (*1420#)")
    parser.add_argument("--msisdn", required=True, help="the phone's number, +98912…")
    parser.add_argument("--gateway", default="http://127.0.0.1:8080", help="the gateway's address")
    parser.add_argument("--service-code", default="*1420#", help="the code that the gateway serves")
    parser.add_argument("--wire", default=AFRICAS_TALKING, choices=sorted(FORMS), help="the carrier's wire")
    parser.add_argument("--mount", default="", help="the gateway's name of the wire, if it has its own")
    parser.add_argument("--user", default="tapdial", help="the house's name at the provider, if its wire has one")
    parser.add_argument("--port", type=int, default=0, help="where the gateway sends pages that are no answers")
    parser.add_argument("--script", type=Path, help="a transcript to replay instead of the keyboard")
    parser.epilog = (
        f"{VARIABLE} in the environment is the last part of the provider's path, if it has one; {PASSWORD} what the "
        "provider proves itself by, if its wire has a place for it."
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
