"""Passwords of the database's roles and of Patroni's REST, made by the first `up` and read back by every command."""

import json
import secrets
from dataclasses import asdict, dataclass

from deploy.ha.plan import Plan


@dataclass(frozen=True, slots=True)
class Passwords:
    """One for each role; only the owner of the cluster may read their file."""

    postgres: str
    replicator: str
    tapdial: str
    rest: str


def load(plan: Plan) -> Passwords:
    """The cluster's passwords, made if there are none yet."""
    path = plan.home / "passwords.json"
    if not path.exists():
        made = Passwords(*(secrets.token_urlsafe(24) for _ in Passwords.__slots__))
        path.touch(0o600)
        path.write_text(json.dumps(asdict(made)))
    return Passwords(**json.loads(path.read_text()))
