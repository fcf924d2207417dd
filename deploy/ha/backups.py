"""Base backups, the archived log beside them, and the drill that proves both: a restore that is verified."""

import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.ha import database, members, passwords, processes, programs
from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan
from deploy.ha.processes import wait

_ARCHIVED_S = 60.0
_RESTORED_S = 3600.0
_SEGMENT = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
_DIGITS = slice(8, 24)
"""A segment's number within its file name, behind eight digits of timeline."""


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
    made = plan.backups / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    part = made.with_suffix(".part")
    # What a copy that was cut off left behind.
    for old in plan.backups.glob("*.part"):
        shutil.rmtree(old)
    source = f"host=127.0.0.1 port={plan.replicas_port} user=replicator"
    _run(plan, "pg_basebackup", "-d", source, "-D", str(part), "-X", "stream", "-c", "fast", "--no-password")
    _run(plan, "pg_verifybackup", "--quiet", str(part))
    part.rename(made)
    kept = backups(plan)[-keep:]
    for old in set(backups(plan)) - set(kept):
        shutil.rmtree(old)
    _prune_archive(plan, kept[0])
    return made


def backups(plan: Plan) -> list[Path]:
    """All whole backups, the oldest first."""
    return sorted(path for path in plan.backups.iterdir() if path.suffix == "")


def drill(plan: Plan, name: str | None, until: str | None) -> Drill:
    """Restore a backup and the archived log into a fresh server, verify the ledger in it, and throw it away.

    Args:
        plan: The cluster; it need not run.
        name: The backup; the last one that was finished if None.
        until: A moment such as `2026-11-22 08:00:00+00`; the end of the archive if None.

    Raises:
        HaFault: There is no backup, or the server could not be restored to that moment.
    """
    found = [path for path in backups(plan) if name in (None, path.name)]
    if not found:
        raise HaFault(f"no backup {name or ''} in {plan.backups}")
    if members.leader(plan) is not None:
        flush_log(plan)
    data = plan.home / "drill"
    shutil.rmtree(data, ignore_errors=True)
    began = time.monotonic()
    subprocess.run(["cp", "-a", found[-1], data], check=True)
    _configure(plan, data, until)
    command = [programs.postgres("postgres"), "-D", str(data)]
    try:
        processes.start(plan, "drill", command, programs.environment(plan))
        wait(lambda: _restored(plan), _RESTORED_S, "the restored server")
        took_s = time.monotonic() - began
        done = database.tapdial(plan, database.url(plan, plan.drill_port), "ledger", "verify")
    finally:
        server = processes.find(plan, "drill")
        processes.stop([server] if server else [], signal.SIGINT)
        shutil.rmtree(data, ignore_errors=True)
    return Drill(found[-1].name, done.returncode == 0, (done.stdout + done.stderr).strip(), took_s)


def flush_log(plan: Plan) -> None:
    """Have the primary end its current file of the log, and wait until that is in the archive.

    Raises:
        HaFault: Nobody leads, or the archive does not take it.
    """
    ended = database.psql(plan, plan.primary_port, "SELECT pg_walfile_name(pg_switch_wal());")
    wait((plan.archive / ended).exists, _ARCHIVED_S, f"{ended} in the archive")


def _configure(plan: Plan, data: Path, until: str | None) -> None:
    settings = (programs.FILES / "drill.conf").read_text("utf-8")
    settings += f"port = {plan.drill_port}\nhba_file = '{plan.tools}/drill_hba.conf'\n"
    if until is not None:
        settings += "recovery_target_time = '{}'\n".format(until.replace("'", "''"))
    (data / "postgresql.conf").write_text(settings)
    (data / "postgresql.auto.conf").write_text("")
    # The backup is a replica's: it would follow a primary that it must not know of.
    (data / "standby.signal").unlink(missing_ok=True)
    (data / "recovery.signal").touch()
    for name in ("postgresql.conf", "postgresql.auto.conf", "recovery.signal"):
        programs.give(data / name)


def _restored(plan: Plan) -> bool:
    if processes.find(plan, "drill") is None:
        log = (plan.home / "log" / "drill.log").read_text("utf-8", "replace")
        raise HaFault("the restored server stopped: " + "\n".join(log.splitlines()[-5:]))
    try:
        return database.psql(plan, plan.drill_port, "SELECT pg_is_in_recovery();") == "f"
    except HaFault:
        return False


def _prune_archive(plan: Plan, oldest: Path) -> None:
    label = _SEGMENT.search((oldest / "backup_label").read_text())
    if label is None:
        raise HaFault(f"{oldest} does not say where its log begins")
    first = label[1][_DIGITS]
    for path in plan.archive.glob("[0-9A-F]" * 24 + "*"):
        if path.name[_DIGITS] < first:
            path.unlink()


def _run(plan: Plan, program: str, *words: str) -> None:
    env = programs.environment(plan) | {"PGPASSWORD": passwords.load(plan).replicator}
    done = subprocess.run(
        [*programs.step_down(plan.home), programs.postgres(program), *words],
        env=env, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise HaFault(f"{program}: {done.stderr.strip()}")
