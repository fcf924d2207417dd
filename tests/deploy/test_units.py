"""Units and environment files of deploy/systemd: systemd accepts them, and every name and path in them exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from deploy.ha import environments
from deploy.ha.plan import Plan
from gateway.cli import app
from gateway.settings import PREFIX, Settings, load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/systemd"
UNITS = sorted([*FOLDER.glob("*.service"), *FOLDER.glob("*.timer")])
SERVICES = [path for path in UNITS if path.suffix == ".service"]
FILES = sorted(FOLDER.glob("*.env"))
PRODUCT = [path for path in FILES if PREFIX in path.read_text("utf-8")]
OF_THE_SYSTEM = {"PATH", "LC_ALL", "HOME"}
EXPOSURE_MAX = "20"
"""Of 100, as `systemd-analyze security` counts."""


def variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def name(path: Path) -> str:
    return path.name


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The units as systemd finds them, with programs that are there."""
    folder = tmp_path_factory.mktemp("units")
    for path in UNITS:
        # A template is looked at through one of its instances.
        target = folder / path.name.replace("@.", "@1.")
        target.write_text(re.sub(r"(/opt/tapdial/\S+/bin|/usr/s?bin)/\w+", "/bin/true", path.read_text("utf-8")))
    return sorted(folder.iterdir())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_every_line(installed: list[Path]) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *map(str, installed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_no_service_may_do_more_than_it_must(installed: list[Path]) -> None:
    services = [path for path in installed if path.suffix == ".service"]
    limits = ["--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager"]
    for path in services:
        command = ["systemd-analyze", "security", *limits, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{path.name}: {done.stdout[-300:]}{done.stderr}"


@pytest.mark.parametrize("unit", SERVICES, ids=name)
def test_a_service_does_not_run_as_root(unit: Path) -> None:
    assert re.search(r"^User=(tapdial|postgres|etcd|haproxy)$", unit.read_text("utf-8"), re.MULTILINE)


def test_every_environment_file_is_read_and_every_one_that_is_read_is_here() -> None:
    read = {
        found.replace("%i", "1")
        for unit in SERVICES
        for found in re.findall(r"^EnvironmentFile=/etc/tapdial/(\S+)$", unit.read_text("utf-8"), re.MULTILINE)
    }

    assert read == {path.name for path in FILES}


def test_every_timer_has_its_service() -> None:
    for path in UNITS:
        assert path.suffix != ".timer" or path.with_suffix(".service").exists()


def test_what_the_units_start_is_in_this_repository() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    for unit in SERVICES:
        for line in re.findall(r"^ExecStart=(.+)$", unit.read_text("utf-8"), re.MULTILINE):
            for found in re.findall(r"/opt/tapdial/(deploy/\S+)", line):
                assert (ROOT / found).is_file()
            if words := re.findall(r"/bin/tapdial (.+)$", line):
                command = root.commands[words[0].split()[0]]
                for word in words[0].split()[1:]:
                    assert isinstance(command, TyperGroup)
                    command = command.commands[word]


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_every_setting_of_an_environment_file_exists(path: Path) -> None:
    assert set(variables(path)) <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def test_the_gateway_takes_its_environment_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("gateway.env", "gateway-1.env"):
        for variable, value in variables(FOLDER / file).items():
            monkeypatch.setenv(variable, value)

    assert load().environment == "production"


def test_the_rehearsed_cluster_and_the_deployed_one_are_told_the_same(tmp_path: Path) -> None:
    plan = Plan(tmp_path)
    node = plan.nodes[0]
    rehearsed = {
        "etcd.env": set(environments.etcd(plan, node)) - {"HA_TOOLS", "WAL_ARCHIVE"},
        "patroni.env": set(environments.patroni(plan, node)),
        "haproxy.env": set(environments.haproxy(plan)) - {"HA_TOOLS", "WAL_ARCHIVE"},
    }

    for file, names in rehearsed.items():
        assert set(variables(FOLDER / file)) == names - OF_THE_SYSTEM, file


@pytest.mark.parametrize(("file", "readers"), [
    ("haproxy.env", ["haproxy.cfg"]),
    ("patroni.env", ["patroni.yml", "archive-wal"]),
    ("backup.env", ["base-backup"]),
])  # fmt: skip
def test_every_variable_that_a_file_reads_is_given(file: str, readers: list[str]) -> None:
    texts = "".join((ROOT / "deploy/ha" / reader).read_text("utf-8") for reader in readers)

    assert set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", texts)) <= set(variables(FOLDER / file))
