"""A phone for readers outside this process: `python -m simulators.nfc --folder DIR --msisdn +98912… --tcp 9035`.

It answers at a TCP port (see frames.py), or lies in the slot of vsmartcard's virtual reader (`--vpcd 35963`), where any
PC/SC program finds it. Its token is the one that a phone with the same folder got before, or a new one: by the
activation code in the environment, NFC_ACTIVATION_CODE, which is no argument because those can be read by everybody.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from simulators.nfc.application import Setting
from simulators.nfc.personal import Kernel
from simulators.nfc.serve import PhoneServer, stay_in_slot
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace

HOST = "127.0.0.1"
CODE = "NFC_ACTIVATION_CODE"
EXIT_NO_TOKEN = 1
EXIT_PORT_BUSY = 3


async def serve(options: argparse.Namespace) -> int:
    """Run the phone until SIGTERM or SIGINT; the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    phone = _phone(options)
    code = os.environ.get(CODE, "")
    if code and not (got := await phone.provision(code)).ok:
        return _said(f"no token: {got.detail}", EXIT_NO_TOKEN)
    if phone.token is None:
        return _said(f"no token in {options.folder}; put an activation code into {CODE}", EXIT_NO_TOKEN)
    async with asyncio.TaskGroup() as tasks:
        work = [tasks.create_task(phone.run())]
        server = PhoneServer(phone)
        try:
            if options.vpcd is not None:
                work.append(tasks.create_task(stay_in_slot(phone, HOST, options.vpcd)))
            else:
                await server.start(HOST, options.tcp)
            sys.stdout.write(f"phone ready{'' if options.vpcd is not None else f' at port {server.port}'}\n")
            sys.stdout.flush()
            await stop.wait()
        except OSError as problem:
            return _said(f"port {options.tcp}: {problem.strerror}", EXIT_PORT_BUSY)
        finally:
            await server.stop()
            for task in work:
                task.cancel()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status: 0 stopped, 1 no token, 3 the port is busy."""
    return asyncio.run(serve(_options(arguments)))


def _phone(options: argparse.Namespace) -> NfcPhone:
    setting = Setting(kernel=Kernel(options.kernel), template=options.template)
    phone = NfcPhone(options.msisdn, options.gateway, Trace(), folder=options.folder, setting=setting)
    phone.cdcvm = not options.locked
    phone.faults.tear_at, phone.faults.tear_after = options.tear_at, options.tear_after
    phone.faults.delay_ms, phone.faults.clock_skew_s = options.delay_ms, options.clock_skew_s
    return phone


def _said(text: str, status: int) -> int:
    sys.stderr.write(f"nfc phone: {text}\n")
    return status


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.nfc", description="A phone with NFC.")
    parser.add_argument("--folder", type=Path, required=True, help="where the phone keeps its token")
    parser.add_argument("--msisdn", required=True, help="the phone's number, +98912…")
    parser.add_argument("--gateway", default="http://127.0.0.1:8080", help="the gateway's address")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=int, metavar="PORT", help="answer readers at this port; 0 takes any")
    where.add_argument("--vpcd", type=int, metavar="PORT", help="lie in the virtual reader behind this port (35963)")
    parser.add_argument("--kernel", choices=list(Kernel), default=Kernel.GPO, help="style of the tap")
    parser.add_argument("--template", action="store_true", help="answer in format 2 (77) where there is a choice")
    parser.add_argument("--locked", action="store_true", help="its owner has not unlocked it")
    parser.add_argument("--tear-at", type=int, default=0, metavar="N", help="lose the field at the Nth command")
    parser.add_argument("--tear-after", action="store_true", help="after the phone took that command")
    parser.add_argument("--delay-ms", type=int, default=0, help="hold back each answer, as a relay would")
    parser.add_argument("--clock-skew-s", type=int, default=0, help="how far ahead its clock is")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
