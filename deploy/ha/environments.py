"""What each program of a node is told: the same names as in the environment files of deploy/systemd."""

from pathlib import Path

from deploy.ha import passwords, programs
from deploy.ha.plan import Node, Plan


def etcd(plan: Plan, node: Node) -> dict[str, str]:
    """Of the etcd beside a node."""
    peers = ",".join(f"{n.name}=http://{n.peer}" for n in plan.nodes)
    return programs.environment(plan) | {
        "ETCD_NAME": node.name,
        "ETCD_DATA_DIR": str(node.folder / "etcd"),
        "ETCD_LISTEN_CLIENT_URLS": f"http://{node.etcd}",
        "ETCD_ADVERTISE_CLIENT_URLS": f"http://{node.etcd}",
        "ETCD_LISTEN_PEER_URLS": f"http://{node.peer}",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"http://{node.peer}",
        "ETCD_INITIAL_CLUSTER": peers,
        "ETCD_INITIAL_CLUSTER_STATE": "new",
        "ETCD_INITIAL_CLUSTER_TOKEN": "tapdial",
    }


def patroni(plan: Plan, node: Node) -> dict[str, str]:
    """Of a node's Patroni, and so of its PostgreSQL."""
    words = passwords.load(plan)
    return programs.environment(plan) | {
        "PATRONI_NAME": node.name,
        "PATRONI_ETCD3_HOSTS": ",".join(n.etcd for n in plan.nodes),
        "PATRONI_RESTAPI_LISTEN": node.rest,
        "PATRONI_RESTAPI_CONNECT_ADDRESS": node.rest,
        "PATRONI_RESTAPI_USERNAME": "tapdial",
        "PATRONI_RESTAPI_PASSWORD": words.rest,
        "PATRONI_POSTGRESQL_LISTEN": node.postgres,
        "PATRONI_POSTGRESQL_CONNECT_ADDRESS": node.postgres,
        "PATRONI_POSTGRESQL_DATA_DIR": str(node.data),
        "PATRONI_POSTGRESQL_BIN_DIR": str(Path(programs.postgres("postgres")).parent),
        "PATRONI_POSTGRESQL_PGPASS": str(node.folder / "pgpass"),
        "PATRONI_SUPERUSER_USERNAME": "postgres",
        "PATRONI_SUPERUSER_PASSWORD": words.postgres,
        "PATRONI_REPLICATION_USERNAME": "replicator",
        "PATRONI_REPLICATION_PASSWORD": words.replicator,
    }


def haproxy(plan: Plan) -> dict[str, str]:
    """Of the door."""
    env = programs.environment(plan) | {
        "PRIMARY_BIND": f"127.0.0.1:{plan.primary_port}",
        "REPLICAS_BIND": f"127.0.0.1:{plan.replicas_port}",
    }
    for number, node in enumerate(plan.nodes, 1):
        env |= {f"NODE{number}_POSTGRES": node.postgres, f"NODE{number}_REST_PORT": str(node.rest_port)}
    return env
