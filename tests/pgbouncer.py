"""A real PgBouncer in transaction mode before a test's PostgreSQL: few connections, each given away at every COMMIT.

Works as root too: the program runs as `nobody`, as the server does. It ignores no start-up parameter, so whoever sends
one that it does not know is refused.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = 2
"""Of the server; more clients than these share them."""

_SETTINGS = """[databases]
* = host={server}

[pgbouncer]
listen_addr =
unix_socket_dir = {home}
auth_type = any
auth_file =
pool_mode = transaction
default_pool_size = {connections}
max_db_connections = {connections}
server_round_robin = 1
logfile = {home}/log
pidfile =
"""


@contextmanager
def pooler(server: str) -> Iterator[str]:
    """Yields the socket folder of a pooler in front of the server with socket folder `server`; its port is 6432."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "no PgBouncer: apt-get install pgbouncer"
    home = Path(tempfile.mkdtemp(prefix="tdpb"))
    # With `auth_type = any` each database names its user, since the client's word for it is not taken.
    text = _SETTINGS.format(server=f"{server} user=tapdial", home=home, connections=CONNECTIONS)
    (home / "pgbouncer.ini").write_text(text)
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    process = subprocess.Popen(  # type: ignore[call-overload]
        [program, str(home / "pgbouncer.ini")], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user
    )
    try:
        _wait(home, process)
        yield str(home)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def through(url: str, home: str) -> str:
    """The same database, asked for through the pooler."""
    head, _, query = url.partition("?")
    assert query.startswith("host="), "a test's server is asked for by its socket"
    return f"{head}?host={home}&port=6432&pooled=true"


def _wait(home: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if (home / ".s.PGSQL.6432").exists():
            return
        assert process.poll() is None, (home / "log").read_text()
        time.sleep(0.02)
    raise RuntimeError((home / "log").read_text())
