"""Processes that outlive the command which started them: found again by a file with their id and their start."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.ha import programs
from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan

_STOP_S = 30.0
_KILL_S = 5.0
_POLL_S = 0.1
_STARTED = 19
_STATE = 0


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its id and the moment it began, so that a later owner of the id is never taken for it."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it still runs; one that only waits to be reaped does not."""
        return self.started != "" and _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Send it a signal if it is still there."""
        if self.alive:
            os.kill(self.pid, number)


def of(pid: int) -> Process:
    """The process with that id now."""
    return Process(pid, _started(pid))


def start(plan: Plan, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
    """Start a program in the background as the nodes' user; its output goes to `log/<name>.log`."""
    with (plan.home / "log" / f"{name}.log").open("ab") as log:
        child = subprocess.Popen(
            [*programs.step_down(plan.home), *command], env=dict(env), cwd=plan.home,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    # It is found by its file from now on, by this command too.
    child.returncode = 0
    process = of(child.pid)
    _file(plan, name).write_text(f"{process.pid} {process.started}")


def find(plan: Plan, name: str) -> Process | None:
    """The running process of that name."""
    try:
        pid, _, started = _file(plan, name).read_text().partition(" ")
    except FileNotFoundError:
        return None
    process = Process(int(pid), started)
    return process if process.alive else None


def postmaster(data: Path) -> Process | None:
    """The PostgreSQL that runs on this data folder, by the file that it keeps itself."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n")[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    process = of(pid)
    return process if str(data).encode() in command and process.alive else None


def children(process: Process) -> list[Process]:
    """What it started itself and still runs."""
    try:
        pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [of(int(pid)) for pid in pids]


def stop(processes: Sequence[Process], number: signal.Signals = signal.SIGTERM, patience_s: float = _STOP_S) -> None:
    """Ask them all to stop, and kill what has not done so in time."""
    for process in processes:
        process.send(number)
        process.send(signal.SIGCONT)
    for limit_s in (patience_s, _KILL_S):
        try:
            wait(lambda: not any(process.alive for process in processes), limit_s, "processes to stop")
        except HaFault:
            for process in processes:
                process.send(signal.SIGKILL)
        else:
            return


def wait(done: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait until `done`.

    Raises:
        HaFault: It was not so in time.
    """
    until = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > until:
            raise HaFault(f"waited {limit_s:.0f} s in vain for {what}")
        time.sleep(_POLL_S)


def _file(plan: Plan, name: str) -> Path:
    return plan.home / "run" / name


def _started(pid: int) -> str:
    """Clock ticks from boot to its start (proc(5), field 22); empty when it is gone or a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        # The second field is a name in brackets that may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[_STATE] == "Z" else fields[_STARTED]
