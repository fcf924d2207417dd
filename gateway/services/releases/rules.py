"""Who gets the version that is tried: pure."""

import re
from hashlib import blake2b

from gateway.services.releases.model import ReleaseRefusal, Scope, ScopeKind

NOTE_MAX = 200
_BRANCH = re.compile(r"[a-z0-9-]{1,40}")


def point_of(salt: bytes, version: str, msisdn: str) -> int:
    """Where a number stands among all for a version, 0 to 99.

    The same number always stands at the same point of a version, so that a raised percentage takes nobody off it;
    another version begins with other people. `salt` (at most 64 bytes) keeps others from telling who is in.
    """
    digest = blake2b(f"{version}\0{msisdn}".encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big") % 100


def meets(scope: Scope, salt: bytes, version: str, msisdn: str, branch: str) -> bool:
    """Whether a release of `version` with this scope is for this number; `branch` is '' where none is known."""
    match scope.kind:
        case ScopeKind.EVERYONE:
            return True
        case ScopeKind.PERCENT:
            return point_of(salt, version, msisdn) < scope.percent
        case ScopeKind.BRANCH:
            return branch == scope.branch


def refusal(version: str, scope: Scope, note: str, in_force: str) -> ReleaseRefusal | None:
    """Why this cannot be proposed while everyone has the version `in_force`, or None."""
    if version == in_force:
        return ReleaseRefusal.IN_FORCE
    if scope.kind is ScopeKind.PERCENT and not 1 <= scope.percent <= 99:
        return ReleaseRefusal.SCOPE
    if scope.kind is ScopeKind.BRANCH and not _BRANCH.fullmatch(scope.branch):
        return ReleaseRefusal.SCOPE
    return ReleaseRefusal.NOTE if len(note) > NOTE_MAX else None
