"""Processes are found again by another command, and a later owner of an id is never taken for them."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.ha import plan as plans
from deploy.ha import processes
from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan
from deploy.ha.processes import Process


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_process_is_known_by_its_start_as_well(sleeper: "subprocess.Popen[bytes]") -> None:
    found = processes.of(sleeper.pid)

    assert found.alive
    assert not Process(found.pid, str(int(found.started) + 1)).alive


def test_a_stopped_process_that_nobody_waited_for_is_gone() -> None:
    child = subprocess.Popen(["sleep", "60"])
    found = processes.of(child.pid)
    processes.stop([found])
    child.wait()

    assert not found.alive


def test_a_process_that_hangs_is_stopped_too(sleeper: "subprocess.Popen[bytes]") -> None:
    sleeper.send_signal(signal.SIGSTOP)
    found = processes.of(sleeper.pid)
    processes.stop([found])

    assert not found.alive


def test_a_file_of_another_program_is_no_postmaster(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    assert processes.postmaster(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(f"{sleeper.pid}\n{tmp_path}\n")

    assert processes.postmaster(tmp_path) is None


def test_no_two_doors_share_a_port() -> None:
    ports = Plan(Path(), 20_000).ports

    assert len(set(ports)) == len(ports)
    assert min(ports) == 20_000
    assert max(ports) < 20_030


def test_a_folder_without_a_cluster_and_an_unknown_node_are_named(tmp_path: Path) -> None:
    with pytest.raises(HaFault, match="no cluster in"):
        plans.load(tmp_path)
    with pytest.raises(HaFault, match="node1, node2, node3"):
        Plan(tmp_path).node("node4")
