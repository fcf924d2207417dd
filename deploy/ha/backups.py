"""Base backups, the archived log beside them, and the drill that proves both: a restore that is verified."""

import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.ha import database, passwords, processes, programs
from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan
from deploy.ha.processes import wait

_ARCHIVED_S = 60.0
_RESTORED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Places:
    """What a drill reads, and the folder it works in."""

    home: Path
    backups: Path
    archive: Path


@dataclass(frozen=True, slots=True)
class Drill:
    """What a restore drill found.

    Attributes:
        backup: The base backup it began from.
        sound: Whether `tapdial ledger verify` found nothing wrong.
        report: What that command printed.
        took_s: Seconds from the copy of the backup until the restored server took writes.
    """

    backup: str
    sound: bool
    report: str
    took_s: float


def backup(plan: Plan, keep: int) -> Path:
    """Copy a replica's whole server, check the copy, and forget all but the last `keep` and the log only they need.

    Raises:
        HaFault: There is no replica, or the copy is not whole.
    """
    env = programs.environment(plan) | {
        "BACKUP_SOURCE": f"host=127.0.0.1 port={plan.replicas_port} user=replicator",
        "BACKUP_FOLDER": str(plan.backups),
        "BACKUP_KEEP": str(keep),
        "PGPASSWORD": passwords.load(plan).replicator,
    }
    done = subprocess.run(
        [*programs.step_down(plan.home), "sh", str(plan.tools / "base-backup")],
        env=env, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise HaFault(f"backup: {done.stderr.strip()}")
    return Path(done.stdout.strip())


def choose(folder: Path, name: str | None) -> Path:
    """The backup of that name, the last one that was finished if None.

    Raises:
        HaFault: There is none.
    """
    found = sorted(path for path in folder.glob("*Z") if name in (None, path.name))
    if not found:
        raise HaFault(f"no backup {name or ''} in {folder}")
    return found[-1]


def drill(places: Places, name: str | None, until: str | None) -> Drill:
    """Restore a backup and the archived log into a fresh server, verify the ledger in it, and throw it away.

    Args:
        places: Where they are; the cluster need not run.
        name: The backup; the last one that was finished if None.
        until: A moment such as `2026-11-22 08:00:00+00`; the end of the archive if None.

    Raises:
        HaFault: There is no backup, or the server could not be restored to that moment.
    """
    found = choose(places.backups, name)
    plan = Plan(places.home)
    for path in (plan.home, plan.home / "log", plan.home / "run"):
        path.mkdir(parents=True, exist_ok=True)
    data = plan.home / "drill"
    shutil.rmtree(data, ignore_errors=True)
    # A path of its own, because that of a socket has only 107 bytes.
    socket = Path(tempfile.mkdtemp(prefix="tddrill"))
    programs.give(socket)
    began = time.monotonic()
    try:
        subprocess.run(["cp", "-a", found, data], check=True)
        _configure(data, socket, until)
        env = programs.environment(plan) | {"WAL_ARCHIVE": str(places.archive)}
        processes.start(plan, "drill", [programs.postgres("postgres"), "-D", str(data)], env)
        wait(lambda: _restored(plan, socket), _RESTORED_S, "the restored server")
        took_s = time.monotonic() - began
        done = database.tapdial(plan, f"postgresql://tapdial@/tapdial?host={socket}", "ledger", "verify")
    finally:
        server = processes.find(plan, "drill")
        processes.stop([server] if server else [], signal.SIGINT)
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(socket, ignore_errors=True)
    return Drill(found.name, done.returncode == 0, (done.stdout + done.stderr).strip(), took_s)


def flush_log(plan: Plan) -> None:
    """Have the primary end its current file of the log, and wait until that is in the archive.

    Raises:
        HaFault: Nobody leads, or the archive does not take it.
    """
    ended = database.psql(plan, plan.primary_port, "SELECT pg_walfile_name(pg_switch_wal());")
    wait((plan.archive / ended).exists, _ARCHIVED_S, f"{ended} in the archive")


def _configure(data: Path, socket: Path, until: str | None) -> None:
    settings = (programs.FILES / "drill.conf").read_text("utf-8") + f"unix_socket_directories = '{socket}'\n"
    if until is not None:
        settings += "recovery_target_time = '{}'\n".format(until.replace("'", "''"))
    (data / "postgresql.conf").write_text(settings)
    (data / "postgresql.auto.conf").write_text("")
    shutil.copyfile(programs.FILES / "drill_hba.conf", data / "pg_hba.conf")
    # The backup is a replica's: it would follow a primary that it must not know of.
    (data / "standby.signal").unlink(missing_ok=True)
    (data / "recovery.signal").touch()
    for name in ("postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "recovery.signal"):
        programs.give(data / name)


def _restored(plan: Plan, socket: Path) -> bool:
    if processes.find(plan, "drill") is None:
        log = (plan.home / "log" / "drill.log").read_text("utf-8", "replace")
        raise HaFault("the restored server stopped: " + "\n".join(log.splitlines()[-5:]))
    question = [programs.postgres("psql"), "-XAtc", "SELECT pg_is_in_recovery()", "-h", str(socket), "-U", "postgres"]
    return subprocess.run(question, capture_output=True, text=True, check=False).stdout.strip() == "f"
