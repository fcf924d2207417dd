"""A terminal that plays a scenario: `TERMINAL_KEY=… python -m simulators.till scenario.toml --folder DIR`.

The key (32 hex digits) comes by the environment, because arguments can be read by everybody. What came of it is printed
as JSON. With the same folder a terminal that was killed goes on from its journal.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from simulators import config
from simulators.config import ConfigError
from simulators.faults import Faults
from simulators.terminal import Crashed, Terminal
from simulators.till import scenario
from simulators.till.scenario import Scenario, ScenarioError
from simulators.trace import Trace

KEY = "TERMINAL_KEY"
EXIT_UNEXPECTED = 1
EXIT_SCENARIO = 2


async def play(chosen: Scenario, folder: Path, environment: Mapping[str, str]) -> int:
    """Play it and say what came of it; the exit status."""
    (settings,) = config.read({"terminal": [{**chosen.terminal, "key": environment.get(KEY, "")}]}).terminals
    faults = Faults()
    terminal = Terminal(
        settings, host=chosen.host, port=chosen.port, faults=faults, trace=Trace(), folder=folder,
        answer_timeout_s=chosen.answer_timeout_s,
    )  # fmt: skip
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(terminal.run())
        try:
            summary = await scenario.play(chosen, terminal, faults.till)
        except Crashed:
            # What a fault calls a crash is one here.
            os.kill(os.getpid(), signal.SIGKILL)
            raise
        told = summary.told(terminal)
        running.cancel()
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return EXIT_UNEXPECTED if summary.unexpected else 0


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status: 0 as expected, 1 something else came, 2 the scenario cannot be played."""
    parser = argparse.ArgumentParser(prog="python -m simulators.till", description="A terminal that plays a scenario.")
    parser.add_argument("scenario", type=Path, help="TOML: host, port, terminal, phones, steps")
    parser.add_argument("--folder", type=Path, required=True, help="where the terminal keeps its journal")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(play(scenario.load(options.scenario), options.folder, os.environ))
    except (ScenarioError, ConfigError) as problem:
        sys.stderr.write(f"till: {problem}\n")
        return EXIT_SCENARIO


if __name__ == "__main__":
    sys.exit(main())
