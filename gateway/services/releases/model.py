"""Menu releases: which version of the menus people meet, who agreed to it, and every answer about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ScopeKind(StrEnum):
    """Whom a release is for."""

    EVERYONE = "everyone"
    PERCENT = "percent"
    """A share of all numbers, the same ones for as long as the version is the same."""
    BRANCH = "branch"
    """People of one branch."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a release is for: everyone, `percent` of the numbers (1 to 99), or people of `branch`."""

    kind: ScopeKind = ScopeKind.EVERYONE
    percent: int = 0
    branch: str = ""

    def __str__(self) -> str:
        match self.kind:
            case ScopeKind.EVERYONE:
                return "everyone"
            case ScopeKind.PERCENT:
                return f"{self.percent} %"
            case ScopeKind.BRANCH:
                return self.branch


class ReleaseState(StrEnum):
    """Where a release stands: proposed -> live -> superseded | rolled_back, or proposed -> refused."""

    PROPOSED = "proposed"
    """Waits for a second person."""
    LIVE = "live"
    SUPERSEDED = "superseded"
    """A later release took its place; a rollback of that one brings it back."""
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"


class ReleaseRefusal(StrEnum):
    """Why a release is not proposed."""

    IN_FORCE = "in_force"
    """Everyone has this version already."""
    SCOPE = "scope"
    """A percentage is 1 to 99, a branch is a-z, 0-9 and dashes."""
    NOTE = "note"
    """A note has at most 200 characters."""


class RollbackOutcome(StrEnum):
    """Answers to a rollback."""

    PROPOSED = "proposed"
    DONE = "done"
    """In force now; a second person still says whether it was right."""
    NOTHING = "nothing"
    """Everyone has the shipped menus."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes:
        id: `rel_…`.
        version: Hash of the files.
        scope: For whom.
        note: What is new, or ''.
        maker: Staff id of who proposed.
        checker: Staff id of who decided, or ''.
        approval_id: What it was proposed as.
        state: See ReleaseState.
        before: The release for everyone whose place it took, or '' for the shipped menus.
        rollback_id: Approval of its rollback, or ''.
        rolled_back_by: Staff id of who asked for the rollback, or ''.
        proposed_at: When.
        live_at: When it came into force last, or None.
        ended_at: When it went out of force or was refused, or None.
    """

    id: str
    version: str
    scope: Scope
    note: str
    maker: str
    checker: str
    approval_id: str
    state: ReleaseState
    before: str
    rollback_id: str
    rolled_back_by: str
    proposed_at: datetime
    live_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force: the release for everyone, the one that is tried beside it, and the count of changes so far."""

    base: Release | None
    trial: Release | None
    revision: int
