"""The verbs of this service: propose, release, roll back; each as a matter of two people.

What is in force is one row. Every verb holds it first, so that two decisions at once have an order, and doing one again
after a crash finds the release where it was left.

An emergency cannot wait for a second pair of eyes: `roll_back(..., now=True)` goes back at once, which leads only to
what two people had agreed to before (or to the shipped menus), and asks the second person afterwards; a rejection then
puts the release back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from gateway.observe import log
from gateway.services.releases.book import Book, change, found, held, in_force, name_approval, put
from gateway.services.releases.files import Proof, packed, unpacked
from gateway.services.releases.model import (
    Release,
    ReleaseRefusal,
    ReleaseState,
    RollbackOutcome,
    Scope,
    ScopeKind,
)
from gateway.services.releases.ports import Proposals
from gateway.services.releases.rules import refusal
from gateway.store import Store
from ussd_menus import Finding, Menus, MenusFault, load_files
from wallet.clock import Clock
from wallet.ids import new_id

RELEASE_KIND = "menu_release"
"""Kind of the approval of a release; its subject is the release."""
ROLLBACK_KIND = "menu_rollback"
"""Kind of the approval of a rollback; its subject is the release that goes."""
CHECK_S = 60.0
"""How long the proof of a folder may take."""


class Releases(Book):
    """Releases of the menus."""

    def __init__(self, store: Store, clock: Clock, proposals: Proposals, proof: Proof) -> None:
        super().__init__(store)
        self._clock = clock
        self._proposals = proposals
        self._proof = proof

    async def propose(
        self, files: Mapping[str, bytes], scope: Scope, note: str, maker: str
    ) -> Release | ReleaseRefusal:
        """Prove the files, keep them, and ask a second person; `maker` is a staff id.

        Raises:
            BadInput: Too many or too large files, or one that is not UTF-8.
            MenusFault: They are not sound in this build; nothing was kept.
        """
        content = packed(files)
        async with asyncio.timeout(CHECK_S):
            frozen = await asyncio.to_thread(self._proof.frozen, files)
        base = (await self.standing()).base
        no = refusal(frozen.version, scope, note, base.version if base else self.shipped)
        if no is not None:
            return no
        now, release_id = self._clock.now(), new_id("rel", self._clock)
        await self.keep(frozen.version, content, now)
        release = Release(
            release_id, frozen.version, scope, note, maker, "", "", ReleaseState.PROPOSED, "", "", "", now, None, None
        )
        # Stored before it is asked for, so that whoever decides finds it; alone, it waits and does nothing.
        await self._store.write(lambda tx: put(tx, release))
        payload = {"version": frozen.version, "scope": _told(scope)} | ({"note": note} if note else {})
        approval = await self._proposals.propose(RELEASE_KIND, release_id, payload, maker)
        await self._store.write(lambda tx: name_approval(tx, release_id, approval.id))
        return replace(release, approval_id=approval.id)

    @property
    def shipped(self) -> str:
        """The version that everyone has while nothing is released."""
        return self._proof.shipped.version

    async def menus_of(self, version: str) -> Menus | None:
        """The menus of a version, released or shipped, as their map needs them.

        None if there is no such version, or this build cannot read it: another wrote it in a way of its own.
        """
        if version == self.shipped:
            return self._proof.shipped
        content = await self.packed(version)
        try:
            return None if content is None else await asyncio.to_thread(lambda: load_files(unpacked(content)))
        except MenusFault:
            return None

    async def findings(self, version: str) -> list[Finding]:
        """What keeps this build from serving a stored version; none if it is sound."""
        content = await self.packed(version)
        assert content is not None, "a release's version is stored before it"
        try:
            await asyncio.to_thread(lambda: self._proof.frozen(unpacked(content)))
        except MenusFault as fault:
            return fault.findings
        return []

    async def release(self, release_id: str, approval_id: str) -> str:
        """Bring it into force, as the executor of RELEASE_KIND; twice is harmless.

        Raises:
            NotFound: No such release.
        """
        checker = await self._checker(approval_id)
        now = self._clock.now()

        def work(tx: Connection) -> str:
            head = held(tx)
            release = found(tx, release_id)
            if release.state is not ReleaseState.PROPOSED:
                return release.state.value
            change(tx, head.trial, ReleaseState.SUPERSEDED, ended_at=now)
            if release.scope.kind is ScopeKind.EVERYONE:
                change(tx, head.base, ReleaseState.SUPERSEDED, ended_at=now)
                in_force(tx, head, base=release_id, trial="")
            else:
                in_force(tx, head, base=head.base, trial=release_id)
            before = head.base if release.scope.kind is ScopeKind.EVERYONE else ""
            change(tx, release_id, ReleaseState.LIVE, checker=checker, before=before, live_at=now)
            return ReleaseState.LIVE.value

        return await self._store.write(work)

    async def refused(self, release_id: str, approval_id: str) -> str:
        """It stays out, as the refuser of RELEASE_KIND; twice is harmless."""
        checker = await self._checker(approval_id)
        now = self._clock.now()

        def work(tx: Connection) -> str:
            held(tx)
            release = found(tx, release_id)
            if release.state is ReleaseState.PROPOSED:
                change(tx, release_id, ReleaseState.REFUSED, checker=checker, ended_at=now)
            return ReleaseState.REFUSED.value

        return await self._store.write(work)

    async def roll_back(self, maker: str, *, now: bool = False) -> RollbackOutcome:
        """Ask a second person to go back to the release before; the one that is tried beside it goes first.

        Args:
            maker: Staff id of who asks.
            now: Go back at once and ask afterwards.
        """
        standing = await self.standing()
        last = standing.trial or standing.base
        if last is None:
            return RollbackOutcome.NOTHING
        done = {"done": self._clock.now().isoformat(timespec="seconds")} if now else {}
        payload = {"version": last.version, "scope": _told(last.scope), **done}
        approval = await self._proposals.propose(ROLLBACK_KIND, last.id, payload, maker)
        if not now:
            return RollbackOutcome.PROPOSED
        log(service="releases").warning("emergency_rollback", release_id=last.id, staff_id=maker)
        await self._go_back(last.id, approval.id, maker)
        return RollbackOutcome.DONE

    async def rolled_back(self, release_id: str, approval_id: str) -> str:
        """Go back, as the executor of ROLLBACK_KIND; twice, or after an emergency, is harmless.

        Raises:
            NotFound: No such release.
        """
        return await self._go_back(release_id, approval_id, await self._checker(approval_id))

    async def rollback_refused(self, release_id: str, approval_id: str) -> str:
        """Put back what an emergency took out, unless something was released since; the refuser of ROLLBACK_KIND."""
        now = self._clock.now()

        def work(tx: Connection) -> str:
            head = held(tx)
            release = found(tx, release_id)
            if release.state is not ReleaseState.ROLLED_BACK or release.rollback_id != approval_id:
                return release.state.value
            back = {"rollback_id": "", "rolled_back_by": "", "live_at": now, "ended_at": None}
            if release.scope.kind is not ScopeKind.EVERYONE and not head.trial:
                in_force(tx, head, base=head.base, trial=release_id)
            elif release.scope.kind is ScopeKind.EVERYONE and head.base == release.before:
                in_force(tx, head, base=release_id, trial=head.trial)
                change(tx, release.before, ReleaseState.SUPERSEDED, ended_at=now)
            else:
                return release.state.value
            change(tx, release_id, ReleaseState.LIVE, **back)
            return ReleaseState.LIVE.value

        return await self._store.write(work)

    async def _go_back(self, release_id: str, approval_id: str, by: str) -> str:
        now = self._clock.now()

        def work(tx: Connection) -> str:
            head = held(tx)
            release = found(tx, release_id)
            if release.state is not ReleaseState.LIVE:
                return release.state.value
            if head.trial == release_id:
                in_force(tx, head, base=head.base, trial="")
            else:
                in_force(tx, head, base=release.before, trial=head.trial)
                change(tx, release.before, ReleaseState.LIVE, live_at=now, ended_at=None)
            gone = {"rollback_id": approval_id, "rolled_back_by": by, "ended_at": now}
            change(tx, release_id, ReleaseState.ROLLED_BACK, **gone)
            return ReleaseState.ROLLED_BACK.value

        return await self._store.write(work)

    async def _checker(self, approval_id: str) -> str:
        approval = await self._proposals.by_id(approval_id)
        return approval.checker if approval else ""


def _told(scope: Scope) -> str:
    """The scope as a checker reads it in any language."""
    return "100 %" if scope.kind is ScopeKind.EVERYONE else str(scope)
