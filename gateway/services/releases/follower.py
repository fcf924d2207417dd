"""What is in force, as one process serves it: follows the store, freezes off the loop, keeps what sessions stand on."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.releases.book import Book
from gateway.services.releases.files import Proof, packed, unpacked
from gateway.services.releases.model import Release, Scope
from gateway.services.releases.rules import meets
from gateway.store import Store
from ussd_menus import Finding, FrozenMenus, MenusFault
from wallet.clock import Clock

HELD_MAX = 8
"""Versions that one process keeps ready; any other is loaded again when a session needs it."""
UNUSED_KEPT = timedelta(minutes=20)
"""A version that no session has asked for so long is forgotten."""
BROKEN_MAX = 64
EVERYONE = Scope()
LOOKUP_KEY = "lookup"


@dataclass(frozen=True, slots=True)
class Choice:
    """What new sessions begin on; replaced as a whole."""

    base: FrozenMenus
    trial: FrozenMenus | None = None
    scope: Scope = EVERYONE
    salt: bytes = b""


class ReleasedMenus:
    """The menus in force. Satisfies what dialogues ask of menus.

    A version that does not prove in this build is refused: the gauge `menus_broken` rises, the log says why, and what
    was served before goes on; a process that starts so serves the shipped menus.
    """

    def __init__(
        self,
        store: Store,
        keys: KeyStore,
        clock: Clock,
        proof: Proof,
        shipped: FrozenMenus,
        files: Mapping[str, bytes],
        metrics: Metrics,
    ) -> None:
        """`files` are those of the shipped menus, kept for processes of other builds that meet their sessions."""
        self._book = Book(store)
        self._keys = keys
        self._clock = clock
        self._proof = proof
        self._shipped = shipped
        self._files = files
        self._metrics = metrics
        self._choice = Choice(shipped)
        self._revision = -1
        self._held: OrderedDict[str, FrozenMenus] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._broken: OrderedDict[str, None] = OrderedDict()
        self._loading = asyncio.Lock()
        self._log = log(service="releases")

    def choose(self, msisdn: str, branch: str) -> FrozenMenus:
        """What a session of this number begins on; `branch` is that of the person, or ''."""
        choice = self._choice
        if choice.trial is not None and meets(choice.scope, choice.salt, choice.trial.version, msisdn, branch):
            return choice.trial
        return choice.base

    def version(self, version: str) -> FrozenMenus | None:
        """The menus of that version, if this process has them ready."""
        if version == self._shipped.version:
            return self._shipped
        menus = self._held.get(version)
        if menus is not None:
            self._held.move_to_end(version)
            self._used[version] = self._clock.now()
        return menus

    async def fetch(self, version: str) -> FrozenMenus | None:
        """The same, loaded from the store if need be; None if no version of this name can be served here.

        Raises:
            StoreUnavailable: It cannot be looked for now.
        """
        menus = self.version(version)
        if menus is not None or version in self._broken:
            return menus
        # One at a time: hops that need the same version wait for it, and freezing takes a core.
        async with self._loading:
            return self.version(version) or await self._load(version)

    async def tick(self) -> int:
        """Follow the store, and forget what nobody needs; 1 if what is in force has changed."""
        if self._revision < 0:
            await self._book.keep(self._shipped.version, packed(self._files), self._clock.now())
        self._forget()
        if await self._book.revision() == self._revision:
            return 0
        standing = await self._book.standing()
        base, broken_base = await self._served(standing.base, self._choice.base)
        trial, broken_trial = await self._served(standing.trial, None)
        salt = await self._keys.mac(LOOKUP_KEY, b"menu releases")
        scope = standing.trial.scope if standing.trial else EVERYONE
        self._choice = Choice(base or self._shipped, trial, scope, salt)
        self._revision = standing.revision
        self._metrics.menus_broken.set(broken_base + broken_trial)
        self._log.info("menus_in_force", version=self._choice.base.version, trial=trial.version if trial else "")
        return 1

    async def _served(self, release: Release | None, old: FrozenMenus | None) -> tuple[FrozenMenus | None, bool]:
        """The menus of a release, or `old` and True if they cannot be served."""
        if release is None:
            return None, False
        menus = await self.fetch(release.version)
        return (menus, False) if menus is not None else (old, True)

    async def _load(self, version: str) -> FrozenMenus | None:
        content = await self._book.packed(version)
        if content is None:
            return None
        try:
            menus = await asyncio.to_thread(lambda: self._proof.frozen(unpacked(content)))
        except MenusFault as fault:
            self._refuse(version, fault.findings)
            return None
        if menus.version != version:
            # Another build named it by another hash; a session that began here would be looked for in vain.
            self._refuse(version, ())
            return None
        self._held[version] = menus
        self._used[version] = self._clock.now()
        self._forget()
        return menus

    def _refuse(self, version: str, findings: Sequence[Finding]) -> None:
        self._broken[version] = None
        while len(self._broken) > BROKEN_MAX:
            self._broken.popitem(last=False)
        self._log.error("menus_broken", version=version, findings=[str(one) for one in findings[:5]])

    def _forget(self) -> None:
        """Let go of versions that are not in force: too many, or unused for too long."""
        trial = self._choice.trial
        kept = {self._choice.base.version, trial.version if trial else ""}
        before = self._clock.now() - UNUSED_KEPT
        for version in [one for one in self._held if one not in kept]:
            if len(self._held) > HELD_MAX or self._used[version] < before:
                del self._held[version], self._used[version]
