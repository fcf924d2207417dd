"""Where everything of one cluster lies: folders below its home, ports from its first one."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from deploy.ha.errors import HaFault

PORT = 15400
"""The first port unless `up` is told another."""
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Node:
    """One database node: an etcd member, a Patroni, a PostgreSQL."""

    name: str
    folder: Path
    postgres_port: int
    rest_port: int
    etcd_port: int
    peer_port: int

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def postgres(self) -> str:
        """Where its PostgreSQL listens."""
        return f"{_HOST}:{self.postgres_port}"

    @property
    def rest(self) -> str:
        """Where its Patroni listens."""
        return f"{_HOST}:{self.rest_port}"

    @property
    def etcd(self) -> str:
        """Where its etcd listens for clients."""
        return f"{_HOST}:{self.etcd_port}"

    @property
    def peer(self) -> str:
        """Where its etcd listens for the others."""
        return f"{_HOST}:{self.peer_port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A cluster of three nodes on one machine.

    Attributes:
        home: Everything lies below it.
        port: The first of thirty ports.
    """

    home: Path
    port: int = PORT

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The three."""
        first = self.port
        return tuple(
            Node(f"node{i}", self.home / f"node{i}", first + 10 + i, first + 15 + i, first + 20 + i, first + 25 + i)
            for i in (1, 2, 3)
        )

    @property
    def primary_port(self) -> int:
        """HAProxy's door to the primary."""
        return self.port

    @property
    def replicas_port(self) -> int:
        """HAProxy's door to the replicas."""
        return self.port + 1

    @property
    def ports(self) -> list[int]:
        """All that `up` listens on."""
        own = [self.primary_port, self.replicas_port]
        return own + [port for n in self.nodes for port in (n.postgres_port, n.rest_port, n.etcd_port, n.peer_port)]

    @property
    def archive(self) -> Path:
        """The archived log: on another machine, where there is one."""
        return self.home / "archive"

    @property
    def backups(self) -> Path:
        """Base backups, named by their moment."""
        return self.home / "backups"

    @property
    def tools(self) -> Path:
        """Files and programs that the nodes run, copied to where their user may read them."""
        return self.home / "tools"

    def node(self, name: str) -> Node:
        """The node of that name.

        Raises:
            HaFault: There is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise HaFault(f"no node {name}; there are {', '.join(node.name for node in self.nodes)}")

    def save(self) -> None:
        """Remember the port for the other commands."""
        (self.home / "plan.json").write_text(json.dumps({"port": self.port}))


def load(home: Path) -> Plan:
    """The plan that `up` saved.

    Raises:
        HaFault: There is no cluster in this folder.
    """
    try:
        return Plan(home, json.loads((home / "plan.json").read_text())["port"])
    except FileNotFoundError:
        raise HaFault(f"no cluster in {home}: python -m deploy.ha up --home {home}") from None


def default_home() -> Path:
    """Where the cluster lies unless told otherwise: below the checkout, as all that programs write."""
    return Path(os.environ.get("HA_HOME", "var/ha")).absolute()
