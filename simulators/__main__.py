"""`python -m simulators --config FILE.toml`: the world outside the gateway, until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from simulators import config
from simulators.config import Config, ConfigError
from simulators.world import PortBusy, World

EXIT_CONFIG = 2
EXIT_PORT_BUSY = 3


async def serve(chosen: Config) -> None:
    """Run the world until SIGTERM or SIGINT.

    Raises:
        PortBusy: Somebody else has one of the ports.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with World(chosen).running():
        sys.stdout.write("simulators ready\n")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status: 0 stopped, 2 configuration, 3 a port is busy."""
    parser = argparse.ArgumentParser(prog="simulators", description="The world outside the gateway.")
    parser.add_argument("--config", type=Path, required=True, help="TOML: ports, the gateway's address, terminals")
    try:
        asyncio.run(serve(config.load(parser.parse_args(arguments).config)))
    except ConfigError as problem:
        sys.stderr.write(f"simulators: {problem}\n")
        return EXIT_CONFIG
    except PortBusy as problem:
        sys.stderr.write(f"simulators: {problem.strerror}\n")
        return EXIT_PORT_BUSY
    return 0


if __name__ == "__main__":
    sys.exit(main())
