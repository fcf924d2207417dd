"""A house that releases menus: the service, its approvals, and processes that follow it, over one real store."""

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import ussd_menus
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.approvals import ApprovalOutcome, Approvals, Proposals, StaffRef
from gateway.services.releases import (
    RELEASE_KIND,
    ROLLBACK_KIND,
    Proof,
    Release,
    ReleasedMenus,
    Releases,
    Scope,
    ScopeKind,
)
from gateway.settings import Settings
from gateway.store import Store
from ussd_menus import FrozenMenus, Profile
from ussd_menus.loader import FOLDER, version_of
from wallet.clock import Clock

FILES = ussd_menus.files_of(FOLDER)
SHIPPED = ussd_menus.load_files(FILES)
KEYS = SoftwareKeyStore.for_tests()
ROLES = {RELEASE_KIND: "administrator", ROLLBACK_KIND: "administrator"}
MAKER = "stf_maker"
CHECKER = StaffRef("stf_checker", frozenset({"administrator"}))
EVERYONE = Scope()
ENGLISH, MARK = "texts/en.toml", b"\n# edition "


@functools.cache
def sound() -> FrozenMenus:
    """The shipped menus, proved once for all tests."""
    return ussd_menus.freeze(SHIPPED)


class EditionProof(Proof):
    """Proves an edition by what it is: the shipped menus with a comment more; anything else is proved in earnest."""

    proved = 0

    def frozen(self, files: Mapping[str, bytes]) -> FrozenMenus:
        self.proved += 1
        plain = {**files, ENGLISH: files.get(ENGLISH, b"").partition(MARK)[0]}
        if plain != FILES or self._actions != frozenset(SHIPPED.actions):
            return super().frozen(files)
        return replace(sound(), menus=replace(SHIPPED, version=version_of(files)))


def files(edition: str = "") -> dict[str, bytes]:
    """The shipped menus, as another version for each edition."""
    return {**FILES, ENGLISH: FILES[ENGLISH] + MARK + edition.encode() + b"\n"}


def percent(share: int) -> Scope:
    return Scope(ScopeKind.PERCENT, share)


def branch(code: str) -> Scope:
    return Scope(ScopeKind.BRANCH, branch=code)


@dataclass
class Press:
    """One process: releases, approvals and the menus that it serves."""

    store: Store
    clock: Clock
    releases: Releases
    approvals: Approvals
    menus: ReleasedMenus
    proof: EditionProof
    metrics: Metrics

    async def proposed(self, edition: str, scope: Scope = EVERYONE) -> Release:
        made = await self.releases.propose(files(edition), scope, "", MAKER)
        assert isinstance(made, Release), made
        return made

    async def released(self, edition: str, scope: Scope = EVERYONE) -> Release:
        """Proposed by one, approved by another, and followed by this process."""
        made = await self.proposed(edition, scope)
        assert await self.approvals.approve(made.approval_id, CHECKER) is ApprovalOutcome.APPROVED
        await self.menus.tick()
        found = await self.releases.by_id(made.id)
        assert found is not None
        return found

    async def from_newer_build(self, edition: str, scope: Scope) -> Release:
        """Released by a process whose build has every action."""
        return await press_of(self.store, self.clock).released(edition, scope)

    async def pending(self) -> str:
        """The one matter that waits."""
        [one] = await self.approvals.list_pending(limit=10)
        return one.id

    async def states(self, *releases: Release) -> list[str]:
        found = [await self.releases.by_id(one.id) for one in releases]
        return [one.state.value for one in found if one is not None]

    def version_for(self, msisdn: str = "+989120000001", branch: str = "") -> str:
        return self.menus.choose(msisdn, branch).version


def press_of(store: Store, clock: Clock, *, actions: frozenset[str] | None = None) -> Press:
    known = frozenset(SHIPPED.actions) if actions is None else actions
    proof = EditionProof(Profile(), known)
    proposals, metrics = Proposals(store, clock), Metrics()
    releases = Releases(store, clock, proposals, proof)
    executors = {RELEASE_KIND: releases.release, ROLLBACK_KIND: releases.rolled_back}
    refusers = {RELEASE_KIND: releases.refused, ROLLBACK_KIND: releases.rollback_refused}
    approvals = Approvals(store, clock, Settings(), roles=ROLES, executors=executors, refusers=refusers)
    shipped = EditionProof(Profile(), frozenset(SHIPPED.actions)).frozen(FILES)
    menus = ReleasedMenus(store, KEYS, clock, proof, shipped, FILES, metrics)
    return Press(store, clock, releases, approvals, menus, proof, metrics)


@asynccontextmanager
async def opened(url: str, clock: Clock) -> AsyncIterator[Press]:
    """A process over the store at `url`, which has its schema."""
    store = await Store.open(url)
    try:
        yield press_of(store, clock)
    finally:
        await store.close()
