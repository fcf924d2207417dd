"""`tapdial serve | demo | dial`: the processes.

The gateway is imported by those who run it: a phone must not wait for it a second before it dials.
"""

import asyncio
import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.context import Config, read_settings
from gateway.errors import NotFound

COLLECT_AFTER = (50_000, 2, 500)
"""Thresholds of Python's collector. A group of transfers makes ten thousand objects and no cycle; at the usual 700 the
collector takes every sixth microsecond of the writer's. The second one is low, since each of its rounds looks at all
objects since the last: a million of them, as a reconciliation makes, would stop everybody for half a second."""


def serve(config: Config = None) -> None:
    """Run the gateway until SIGTERM or SIGINT; work in hand is finished first."""
    from gateway import app as composition

    gc.set_threshold(*COLLECT_AFTER)
    asyncio.run(composition.serve(read_settings(config)))


def demo(
    config: Config = None,
    *,
    reset: Annotated[bool, typer.Option("--reset", help="Wipe the demo's data first.")] = False,
) -> None:
    """Start gateway and simulators with demo people; Ctrl-C stops both."""
    from gateway.demo import launch

    raise typer.Exit(asyncio.run(launch.demo(read_settings(config), config, reset=reset)))


def demo_code(
    username: Annotated[str, typer.Argument(help="A member of the demo's staff, as `officer`.")],
    config: Config = None,
) -> None:
    """Print the one-time code that this member of the demo's staff signs in with now."""
    from gateway.demo import seed

    facts = seed.read_facts(read_settings(config).data_dir)
    for account in facts.staff if facts else ():
        if account.username == username:
            sys.stdout.write(f"{account.code_now()}\n")
            return
    raise NotFound(f"the demo's data folder knows no {username}; start the demo first")


def dial(
    code: Annotated[str, typer.Argument(help="What to dial, as '*1420#'.")],
    msisdn: Annotated[str, typer.Option("--msisdn", help="The caller's number, as +989120000001.")],
    script: Annotated[Path | None, typer.Option("--script", help="Replay this transcript.", exists=True)] = None,
    wire: Annotated[str, typer.Option("--wire", help="The carrier's wire, as hubtel.")] = "africastalking",
    mount: Annotated[str, typer.Option("--mount", help="The gateway's name of the wire, if it has its own.")] = "",
    user: Annotated[str, typer.Option("--user", help="The house's name at the provider.")] = "tapdial",
    port: Annotated[int, typer.Option("--port", help="Of [wire.send] url: where pages go that are no answers.")] = 0,
    config: Config = None,
) -> None:
    """A feature phone in the terminal; it reaches the gateway over HTTP as a carrier would."""
    settings = read_settings(config)
    words = [sys.executable, "-m", "simulators.handset", code, "--msisdn", msisdn]
    words += ["--gateway", f"http://{settings.http_host}:{settings.http_port}", "--service-code", settings.service_code]
    words += ["--wire", wire, "--mount", mount, "--user", user, "--port", str(port)]
    if script is not None:
        words += ["--script", str(script)]
    # The path secret travels by the environment: arguments can be read by every user of the machine.
    environment = {**os.environ, "TAPDIAL_USSD_PATH_SECRET": settings.ussd_path_secret.get_secret_value()}
    done = subprocess.run(words, env=environment, check=False)  # noqa: S603 - our own words
    raise typer.Exit(done.returncode)
