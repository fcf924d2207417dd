"""What Patroni knows of the cluster and does when asked, over its REST."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.ha import passwords
from deploy.ha.errors import HaFault
from deploy.ha.plan import Node, Plan
from deploy.ha.processes import wait

_CALL_S = 30.0
_ASK_S = 2.0
_RUNNING = {"running", "streaming"}


@dataclass(frozen=True, slots=True)
class Member:
    """One node as the cluster sees it.

    Attributes:
        name: The node's.
        role: leader, sync_standby or replica.
        state: running, streaming, stopped …
        timeline: PostgreSQL's timeline; 0 when unknown.
        lag: Bytes behind the leader, or why that is unknown.
    """

    name: str
    role: str
    state: str
    timeline: int
    lag: str

    @property
    def works(self) -> bool:
        """Whether it serves what its role says."""
        return self.state in _RUNNING


def members(plan: Plan) -> list[Member]:
    """All members by name, as any living Patroni tells; empty when none answers."""
    for node in plan.nodes:
        found = _get(node, "/cluster")
        if found is not None:
            told = [
                Member(m["name"], m["role"], m["state"], m.get("timeline", 0), str(m.get("lag", "")))
                for m in found["members"]
            ]
            return sorted(told, key=lambda member: member.name)
    return []


def leader(plan: Plan) -> Member | None:
    """The member that holds the leader's key and takes writes; asked itself, since a dead one's key stays a while."""
    found = next((m for m in members(plan) if m.role == "leader" and m.works), None)
    return found if found is not None and _get(plan.node(found.name), "/primary") is not None else None


def replicas(plan: Plan) -> list[Member]:
    """Those that stream from the leader."""
    return [member for member in members(plan) if member.role != "leader" and member.works]


def sync_standby(plan: Plan) -> Member | None:
    """The replica whose disk every COMMIT waits for."""
    return next((member for member in replicas(plan) if member.role == "sync_standby"), None)


def wait_whole(plan: Plan, limit_s: float = 90.0) -> None:
    """Wait until one leads and the other nodes follow it closely, one of them synchronously.

    Raises:
        HaFault: It did not come to that in time.
    """

    def whole() -> bool:
        found = members(plan)
        leading = [member for member in found if member.role == "leader" and member.works]
        following = [m for m in found if m.state == "streaming" and leading and m.timeline == leading[0].timeline]
        synchronous = any(member.role == "sync_standby" for member in following)
        return synchronous and len(following) == len(plan.nodes) - 1 and leader(plan) is not None

    wait(whole, limit_s, "three nodes that work")


def switch_over(plan: Plan, candidate: str | None) -> str:
    """Hand leadership to `candidate`, or to the synchronous replica; the new leader's name.

    Raises:
        HaFault: Patroni refused, for example because the candidate is not synchronous.
    """
    old = leader(plan)
    if old is None:
        raise HaFault("nobody leads: there is nothing to hand over")
    wanted = {"leader": old.name} | ({"candidate": candidate} if candidate else {})
    _post(plan, plan.node(old.name), "/switchover", wanted)

    def moved() -> bool:
        new = leader(plan)
        return new is not None and new.name != old.name

    wait(moved, 60.0, "another leader")
    new = leader(plan)
    return new.name if new else ""


def reinitialize(plan: Plan, node: Node) -> None:
    """Have a replica throw its data away and copy them anew from the leader.

    Raises:
        HaFault: It leads, or Patroni refused.
    """
    _post(plan, node, "/reinitialize", {"force": True})


def _get(node: Node, path: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://{node.rest}{path}", timeout=_ASK_S) as answer:
            told: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return None
    return told


def _post(plan: Plan, node: Node, path: str, body: Mapping[str, object]) -> None:
    word = base64.b64encode(f"tapdial:{passwords.load(plan).rest}".encode()).decode()
    headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{node.rest}{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=_CALL_S):
            pass
    except urllib.error.HTTPError as refusal:
        raise HaFault(f"{node.name} refused {path}: {refusal.read().decode(errors='replace')}") from None
    except OSError as fault:
        raise HaFault(f"{node.name} does not answer: {fault}") from None
