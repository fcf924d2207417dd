"""The life of the cluster: up, down, a node killed, a node started again, a replica rebuilt."""

import shutil
import signal
import socket
from pathlib import Path

from deploy.ha import database, environments, members, processes, programs
from deploy.ha.errors import HaFault
from deploy.ha.plan import Node, Plan
from deploy.ha.processes import Process, wait

_START_S = 60.0
_RESTORE_S = 3600.0
_ETCD_STOP_S = 2.0


def up(plan: Plan) -> None:
    """Start everything, on fresh folders or on those of the last time, and make database and schema.

    Raises:
        HaFault: A port is taken, a program is missing, or the nodes did not come together.
    """
    _must_not_run(plan)
    programs.prepare(plan)
    try:
        _start(plan)
    except (HaFault, KeyboardInterrupt):
        down(plan)
        raise


def restore(plan: Plan, backup: Path, until: str | None) -> None:
    """Make the cluster anew from a backup and the archived log; the nodes' old folders are set aside as `node1.old` ….

    Args:
        plan: The cluster; it must be down.
        backup: The backup's folder.
        until: A moment such as `2026-11-22 08:00:00+00`; the end of the archive if None.

    Raises:
        HaFault: The cluster runs, or did not come to that moment.
    """
    _must_not_run(plan)
    if not (backup / "backup_manifest").exists():
        raise HaFault(f"no backup in {backup}")
    programs.prepare(plan)
    lines = (programs.FILES / "restore.yml").read_text("utf-8").splitlines(keepends=True)
    kept = [line.replace("MOMENT", until or "") for line in lines if until or "MOMENT" not in line]
    (plan.tools / "patroni.d" / "restore.yml").write_text("".join(kept))
    for node in plan.nodes:
        old = node.folder.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        node.folder.rename(old)
    try:
        _start(plan, backup)
    except (HaFault, KeyboardInterrupt):
        down(plan)
        raise


def down(plan: Plan) -> None:
    """Stop everything in the order that loses nothing; the data stay."""
    names = [node.name for node in plan.nodes]
    processes.stop(_found(plan, ["haproxy"]))
    processes.stop(_found(plan, [f"patroni-{name}" for name in names]))
    # A PostgreSQL whose Patroni was killed has nobody else to stop it.
    processes.stop(_postmasters(plan), signal.SIGINT)
    # Each would look for another leader among those that stop; what it promised is on its disk.
    processes.stop(_found(plan, [f"etcd-{name}" for name in names]), patience_s=_ETCD_STOP_S)


def running(plan: Plan) -> list[str]:
    """The names of what runs."""
    kinds = [f"{kind}-{node.name}" for node in plan.nodes for kind in ("etcd", "patroni")]
    found = [name for name in ["haproxy", *kinds] if processes.find(plan, name) is not None]
    return found + [f"postgres-{node.name}" for node in plan.nodes if processes.postmaster(node.data) is not None]


def kill(plan: Plan, name: str, number: signal.Signals = signal.SIGKILL) -> None:
    """What the loss of a machine does to its database, without warning: a signal to Patroni and all of PostgreSQL.

    SIGSTOP is a machine that hangs, SIGCONT its coming back.
    """
    patroni, postmaster = processes.find(plan, f"patroni-{name}"), processes.postmaster(plan.node(name).data)
    found = [process for process in (patroni, postmaster) if process is not None]
    for process in found:
        process.send(number)
    # A stopped postmaster's children would go on, and there are no new ones now.
    for child in [child for process in found for child in processes.children(process)]:
        child.send(number)


def kill_primary(plan: Plan) -> str:
    """Kill whoever leads; its name.

    Raises:
        HaFault: Nobody leads.
    """
    found = members.leader(plan)
    if found is None:
        raise HaFault("nobody leads")
    kill(plan, found.name)
    return found.name


def start_node(plan: Plan, name: str) -> None:
    """Start a node that was killed; it finds its place by itself, with pg_rewind if it was the primary.

    Raises:
        HaFault: Its Patroni runs already.
    """
    if processes.find(plan, f"patroni-{name}") is not None:
        raise HaFault(f"{name} runs already")
    _start_patroni(plan, plan.node(name))


def rebuild(plan: Plan, name: str) -> None:
    """Throw a replica's data away and copy them anew from the leader; returns when all work together again.

    Raises:
        HaFault: The node leads.
    """
    found = members.leader(plan)
    if found is None or found.name == name:
        raise HaFault(f"{name} leads: switchover first" if found else "nobody leads: there is nothing to copy from")
    if processes.find(plan, f"patroni-{name}") is None:
        shutil.rmtree(plan.node(name).data, ignore_errors=True)
        start_node(plan, name)
    else:
        before = _started(plan, name)
        members.reinitialize(plan, plan.node(name))
        # A small copy is made, and streams, before anybody looks for a node that does not.
        wait(
            lambda: not _streams(plan, name) or _started(plan, name) not in (0, before),
            _START_S,
            f"{name} to begin anew",
        )
    members.wait_whole(plan)


def _started(plan: Plan, name: str) -> int:
    """Tells one run of a node's server from the next; 0 while none runs."""
    try:
        return (plan.node(name).data / "postmaster.pid").stat().st_ctime_ns
    except FileNotFoundError:
        return 0


def _start(plan: Plan, backup: Path | None = None) -> None:
    plan.save()
    for path in (plan.archive, plan.backups, plan.home / "log", plan.home / "run"):
        programs.folder(path)
    for node in plan.nodes:
        programs.folder(node.folder)
        processes.start(
            plan, f"etcd-{node.name}", [programs.debian("etcd", "etcd-server")], environments.etcd(plan, node)
        )
    for node in plan.nodes:
        _start_patroni(plan, node, backup)
    haproxy = [programs.debian("haproxy", "haproxy"), "-db", "-f", str(plan.tools / "haproxy.cfg")]
    processes.start(plan, "haproxy", haproxy, environments.haproxy(plan))
    limit_s = _START_S if backup is None else _RESTORE_S
    wait(lambda: members.leader(plan) is not None, limit_s, f"a primary; see {plan.home}/log")
    database.make(plan)
    members.wait_whole(plan)


def _found(plan: Plan, names: list[str]) -> list[Process]:
    return [process for process in (processes.find(plan, name) for name in names) if process is not None]


def _postmasters(plan: Plan) -> list[Process]:
    return [p for p in (processes.postmaster(node.data) for node in plan.nodes) if p is not None]


def _streams(plan: Plan, name: str) -> bool:
    return any(member.name == name for member in members.replicas(plan))


def _must_not_run(plan: Plan) -> None:
    if running(plan):
        raise HaFault(f"the cluster in {plan.home} runs: python -m deploy.ha down")
    for port in plan.ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise HaFault(f"port {port} is taken; --port moves all of them") from None


def _start_patroni(plan: Plan, node: Node, backup: Path | None = None) -> None:
    env = environments.patroni(plan, node)
    if backup is not None:
        env |= {"RESTORE_FROM": str(backup), "RESTORE_TO": str(node.data)}
    command = [str(programs.PYTHON), "-m", "patroni", str(plan.tools / "patroni.d")]
    processes.start(plan, f"patroni-{node.name}", command, env)
