"""Packs of the bank: each member is brought like a file of its own, and says what came of it."""

from abc import abstractmethod
from asyncio import to_thread
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gateway.errors import BadInput
from gateway.services.banking.model import Imported, ImportOutcome
from gateway.services.banking.paging import Paging
from gateway.wire import packs
from gateway.wire.bankcsv import CsvProfile

FILE_MAX = 192 * 1024 * 1024
"""Octets of one file, also of one that comes in a pack; twice what a day of a hundred thousand entries takes."""
_NAMED_MAX = 3
"""Refused members that the pack's own reason names."""


class Unpacking(Paging):
    """Takes packs."""

    @abstractmethod
    async def _bring(self, octets: bytes, name: str, staff_id: str, csv: CsvProfile | None) -> Imported:
        """Keep one file and take it."""

    async def _unpacked(self, octets: bytes, name: str, staff_id: str, csv: CsvProfile | None) -> Imported:
        """Bring each member; harmless twice."""
        found: list[Imported] = []
        members = packs.members(octets, name=name, member_max=FILE_MAX)
        try:
            while (member := await to_thread(next, members, None)) is not None:
                found.append(await self._brought(member, name, staff_id, csv))
        except BadInput as problem:
            return Imported(ImportOutcome.REFUSED, reason=str(problem))
        return summed([await self._now(one) for one in found])

    async def _now(self, member: Imported) -> Imported:
        """A member as it stands once all are in: a page may have waited for one that came after it."""
        if member.outcome is not ImportOutcome.WAITING or await self.waits(member.file_id):
            return member
        ids = await self._statements_of_parts(member.file_id)
        return replace(member, outcome=ImportOutcome.TAKEN, statement_ids=ids, reason="")

    async def _brought(self, member: packs.Member, pack: str, staff_id: str, csv: CsvProfile | None) -> Imported:
        if member.beside or (member.note and not packs.of_the_bank(member.octets)):
            return Imported(ImportOutcome.BESIDE, name=member.name)
        if member.fault:
            return Imported(ImportOutcome.REFUSED, reason=member.fault, name=member.name)
        done = await self._bring(member.octets, f"{packs.shown(pack)}: {member.name}", staff_id, csv)
        return replace(done, name=member.name)


def summed(members: Sequence[Imported]) -> Imported:
    """What came of a pack as a whole."""
    counted = Counter(one.outcome for one in members)
    good = counted[ImportOutcome.TAKEN] + counted[ImportOutcome.ALREADY] + counted[ImportOutcome.WAITING]
    if counted[ImportOutcome.REFUSED]:
        outcome = ImportOutcome.PARTLY if good else ImportOutcome.REFUSED
    elif counted[ImportOutcome.WAITING]:
        outcome = ImportOutcome.WAITING
    elif counted[ImportOutcome.TAKEN]:
        outcome = ImportOutcome.TAKEN
    else:
        outcome = ImportOutcome.ALREADY if good else ImportOutcome.REFUSED
    ids = list(dict.fromkeys(statement_id for one in members for statement_id in one.statement_ids))
    return Imported(outcome, ids, _reason(members, counted, good), members=members)


def _reason(members: Sequence[Imported], counted: Counter[ImportOutcome], good: int) -> str:
    if not good and not counted[ImportOutcome.REFUSED]:
        return "nothing of the bank is in it"
    told = ", ".join(f"{count} {outcome.value}" for outcome in ImportOutcome if (count := counted[outcome]))
    refused = [f"{one.name}: {one.reason}" for one in members if one.outcome is ImportOutcome.REFUSED]
    return "; ".join((told, *refused[:_NAMED_MAX], *(["…"] if len(refused) > _NAMED_MAX else [])))
