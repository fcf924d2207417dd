"""The foreign programs: where they are, under which user they run, and whether that user can reach them."""

import os
import pwd
import shutil
import subprocess
from functools import cache
from pathlib import Path

from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan

ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parent
VENV = ROOT / ".venv-ha"
PYTHON = VENV / "bin" / "python"


@cache
def step_down(home: Path) -> tuple[str, ...]:
    """What stands before a command so that it runs as `nobody` when we are root, since PostgreSQL refuses to be root.

    Where checkout or interpreter lie in a folder that only root may enter, as a home of root's does, the programs also
    get the one capability to read there. Empty when we are not root.

    Raises:
        HaFault: Patroni is not installed, or cannot be run as that user.
    """
    if not PYTHON.exists():
        raise HaFault(f"no Patroni in {VENV}: make venv-ha")
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam("nobody")
    plain = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    reading = (*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    fault = ""
    for prefix in (plain, reading):
        # Through `sh`, because setpriv itself still has root's capabilities when it starts its command.
        probe = [*prefix, "sh", "-c", '"$0" -c "import patroni.__main__, etcd, psycopg" && test -x "$1"', PYTHON, home]
        done = subprocess.run(probe, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return prefix
        fault = done.stderr.strip()
    raise HaFault(f"user nobody cannot run Patroni from {VENV} in {home}: {fault}")


def give(path: Path) -> None:
    """Hand a path to the user of the nodes."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def folder(path: Path, mode: int = 0o700) -> Path:
    """Make a folder of the nodes' user."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    give(path)
    return path


@cache
def postgres(program: str) -> str:
    """A program of PostgreSQL: $PG_BIN, then the newest of Debian's.

    Raises:
        HaFault: It is not installed.
    """
    folders = [Path(os.environ.get("PG_BIN", "/nonexistent"))]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for place in folders:
        if (place / program).exists() and (place / "initdb").exists():
            return str(place / program)
    raise HaFault(f"no {program}: apt-get install postgresql, or set PG_BIN")


@cache
def debian(program: str, package: str) -> str:
    """A program of a Debian package.

    Raises:
        HaFault: It is not installed.
    """
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise HaFault(f"no {program}: apt-get install {package}")
    return found


def prepare(plan: Plan) -> None:
    """Make the home, and copy what the nodes read to where they may read it.

    Raises:
        HaFault: Patroni is not installed, or the nodes' user cannot run it.
    """
    folder(plan.home, 0o755)
    plan.tools.mkdir(exist_ok=True)
    shutil.rmtree(plan.tools / "patroni.d", ignore_errors=True)
    (plan.tools / "patroni.d").mkdir()
    shutil.copyfile(FILES / "patroni.yml", plan.tools / "patroni.d" / "patroni.yml")
    for name in ("archive-wal", "base-backup", "haproxy.cfg"):
        shutil.copyfile(FILES / name, plan.tools / name)
    step_down(plan.home)


def environment(plan: Plan) -> dict[str, str]:
    """What every program of the cluster is told."""
    return {
        "PATH": f"{Path(postgres('postgres')).parent}:/usr/sbin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(plan.home),
        "HA_TOOLS": str(plan.tools),
        "WAL_ARCHIVE": str(plan.archive),
    }
