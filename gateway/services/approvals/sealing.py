"""What of approvals is sealed with a day: what was decided, by whom, and in whose name."""

from gateway.services.approvals.tables import approvals, changes, delegations, votes
from gateway.store.octets import Dated

SEALED = (
    # What became of a decision is told by its changes: it may be done on a later day.
    Dated(approvals, approvals.c.decided_at, but=frozenset({"state", "result", "due"})),
    Dated(changes, changes.c.at),
    Dated(votes, votes.c.at),
    # One that is taken back ends sooner.
    Dated(delegations, delegations.c.made_at, but=frozenset({"ends"})),
)
