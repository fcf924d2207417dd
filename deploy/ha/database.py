"""The product's database in the cluster: making it, asking it, running the product's commands on it."""

import os
import subprocess
import sys

from deploy.ha import members, passwords, programs
from deploy.ha.errors import HaFault
from deploy.ha.plan import Plan


def make(plan: Plan) -> None:
    """Make the product's role, database and schema unless they are there, and the settings a gateway in front needs.

    Raises:
        HaFault: Nobody leads, or the schema cannot be made.
    """
    found = members.leader(plan)
    if found is None:
        raise HaFault("nobody leads")
    port = plan.node(found.name).postgres_port
    if not psql(plan, port, "SELECT 1 FROM pg_roles WHERE rolname = 'tapdial';"):
        # The superuser's own COMMITs wait for a replica too, which may still be copying.
        script = f"CREATE ROLE tapdial LOGIN PASSWORD '{passwords.load(plan).tapdial}';"
        psql(plan, port, f"SET synchronous_commit = local; {script}")
        psql(plan, port, "SET synchronous_commit = local;\nCREATE DATABASE tapdial OWNER tapdial;")
    done = tapdial(plan, url(plan, port), "db", "upgrade")
    if done.returncode:
        raise HaFault(f"tapdial db upgrade: {done.stderr.strip()}")
    settings = plan.home / "gateway.env"
    settings.touch(0o600)
    settings.write_text(f"TAPDIAL_DATABASE_URL={url(plan, plan.primary_port)}\n")


def url(plan: Plan, port: int) -> str:
    """The product's database through a port of this machine."""
    return f"postgresql://tapdial:{passwords.load(plan).tapdial}@127.0.0.1:{port}/tapdial"


def tapdial(plan: Plan, database_url: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the product on a database of the cluster."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TAPDIAL_")}
    env |= {"TAPDIAL_DATABASE_URL": database_url, "TAPDIAL_DATA_DIR": str(plan.home / "gateway")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        env=env, cwd=programs.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def psql(plan: Plan, port: int, script: str) -> str:
    """Run SQL as the database's superuser; what it prints, unadorned.

    Raises:
        HaFault: It failed.
    """
    env = programs.environment(plan) | {"PGPASSWORD": passwords.load(plan).postgres, "PGCONNECT_TIMEOUT": "5"}
    place = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    done = subprocess.run(
        [programs.postgres("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", place],
        input=script, env=env, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise HaFault(f"psql: {done.stderr.strip()}")
    return done.stdout.strip()
