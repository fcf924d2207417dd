"""Menu releases: which menus people meet, agreed to by two, followed by every process."""

from gateway.services.releases.files import Proof, read_folder
from gateway.services.releases.follower import ReleasedMenus
from gateway.services.releases.model import (
    Release,
    ReleaseRefusal,
    ReleaseState,
    RollbackOutcome,
    Scope,
    ScopeKind,
    Standing,
)
from gateway.services.releases.releases import RELEASE_KIND, ROLLBACK_KIND, Releases

__all__ = [
    "RELEASE_KIND",
    "ROLLBACK_KIND",
    "Proof",
    "Release",
    "ReleaseRefusal",
    "ReleaseState",
    "ReleasedMenus",
    "Releases",
    "RollbackOutcome",
    "Scope",
    "ScopeKind",
    "Standing",
    "read_folder",
]
