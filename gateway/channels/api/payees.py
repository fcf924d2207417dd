"""Where people are paid, for systems: resolve, link, update, unlink, with the reason codes of G2P Connect's mapper.

Accounts are told by their last digits only: the whole stands in the bank's file and nowhere else.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from gateway.channels.api.answers import Refused, given, in_time, json_body, parsed
from gateway.channels.api.partners import Gate, Partners
from gateway.services.apikeys import ApiKey, CallState, Scope
from gateway.services.msisdn import normal_msisdn
from gateway.services.payees import G2P_CODES, PayeeAccount, PayeeOutcome, PayeeResult

_Act = Callable[[str, dict[str, str]], Awaitable[PayeeResult]]
RESOLVED_MAX = 1000
RESOLVE_BYTES_MAX = 64 * 1024
Resolution = Literal["succ.fa.active", "succ.fa.inactive", "succ.fa.not_found", "succ.id.not_found"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class ResolveRequest(_Strict):
    """Whose accounts are asked for: people by id or by number."""

    ids: list[str] = Field(min_length=1, max_length=RESOLVED_MAX, description="`per_…` or E.164 numbers")


class ResolvedPayee(_Strict):
    """Where one of them is paid."""

    id: str = Field(description="As it was asked")
    person_id: str = Field(description="Empty for nobody whom we know")
    status_reason_code: Resolution = Field(
        description="`succ.fa.inactive`: changed lately, payments wait; `succ.fa.not_found`: the wallet"
    )
    account: str = Field(description="The last four digits of the bank account, as `…0001`; empty for the wallet")
    waits_until: datetime | None = Field(description="Until when payments wait, or null")


class ResolvedPayees(_Strict):
    """In the order of the question."""

    payees: list[ResolvedPayee]


class LinkRequest(_Strict):
    """One wish; the same `reference_id` of the same key is the same wish."""

    reference_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    id: str = Field(min_length=1, max_length=40, description="`per_…` or an E.164 number")
    iban: str = Field(min_length=15, max_length=64, repr=False)
    name: str = Field("", max_length=70, pattern=r"^[^\x00-\x1f\x7f<>]*$", repr=False, description="At the bank")


class UnlinkRequest(_Strict):
    """Back to the wallet."""

    reference_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    id: str = Field(min_length=1, max_length=40, description="`per_…` or an E.164 number")


class LinkAnswer(_Strict):
    """What became of it."""

    reference_id: str
    status: Literal["succ", "rjct"]
    status_reason_code: str = Field(description="`rjct.…` of G2P Connect; empty with `succ`")
    message: str = Field(description="What to do next")
    account: str = Field(description="What stands now, as `…0001`; empty for the wallet")
    waits_until: datetime | None = Field(description="Until when payments wait, or null")


MESSAGES = {
    PayeeOutcome.OK: "it is so from now on; the person was told, and payments wait until the time given",
    PayeeOutcome.SAME: "it stands like that already; nothing was changed",
    PayeeOutcome.BAD_IBAN: "this is not an IBAN; check its digits",
    PayeeOutcome.UNKNOWN_PERSON: "nobody here has this id; the person has to enrol first",
    PayeeOutcome.NOT_LINKED: "this person is paid into the wallet; link an account instead",
    PayeeOutcome.FROZEN: "the person has said that a change was not theirs; a branch must speak with them first",
    PayeeOutcome.TOO_MANY: "too many changes of this person today; send it again tomorrow",
    PayeeOutcome.NOTHING: "there was nothing to change",
}


class PayeeRoutes:
    """The four verbs."""

    def __init__(self, partners: Partners) -> None:
        self._keys = partners.keys
        self._people = partners.people
        self._payees = partners.payees

    def routes(self, gate: Gate) -> list[web.RouteDef]:
        """Below `/api/v1`."""
        return [
            web.post("/payees/resolve", gate.opened(Scope.PAYEES_READ, self.resolve)),
            web.post("/payees/link", gate.opened(Scope.PAYEES_WRITE, self.link)),
            web.post("/payees/update", gate.opened(Scope.PAYEES_WRITE, self.update)),
            web.post("/payees/unlink", gate.opened(Scope.PAYEES_WRITE, self.unlink)),
        ]

    async def resolve(self, request: web.Request, _key: ApiKey) -> web.Response:
        """POST /payees/resolve."""
        asked = parsed(ResolveRequest, await json_body(request, RESOLVE_BYTES_MAX))
        async with in_time():
            people = await self._found(asked.ids)
            accounts = await self._payees.accounts(set(people.values()))
        return given(ResolvedPayees(payees=[_resolved(one, accounts.get(people.get(one, ""))) for one in asked.ids]))

    async def link(self, request: web.Request, key: ApiKey) -> web.Response:
        """POST /payees/link."""
        asked = parsed(LinkRequest, await json_body(request))
        return await self._once(
            key, "link", asked, lambda person, said: self._payees.link(person, asked.iban, name=asked.name, **said)
        )

    async def update(self, request: web.Request, key: ApiKey) -> web.Response:
        """POST /payees/update."""
        asked = parsed(LinkRequest, await json_body(request))
        return await self._once(
            key, "update", asked, lambda person, said: self._payees.update(person, asked.iban, name=asked.name, **said)
        )

    async def unlink(self, request: web.Request, key: ApiKey) -> web.Response:
        """POST /payees/unlink."""
        asked = parsed(UnlinkRequest, await json_body(request))
        return await self._once(key, "unlink", asked, lambda person, said: self._payees.unlink(person, **said))

    async def _once(self, key: ApiKey, verb: str, asked: LinkRequest | UnlinkRequest, act: _Act) -> web.Response:
        """Do it; the same reference with another wish is told apart, for it would be answered as if it were done."""
        call = f"{verb}:{asked.reference_id}"
        async with in_time():
            wish = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
            if (await self._keys.began(key.id, f"payee:{call}", wish)).state is CallState.OTHER:
                raise Refused(422, "reference_id_reused", "this reference_id came with another wish; take a new one")
            person = (await self._found([asked.id])).get(asked.id, "")
            result = await act(person, {"by": key.actor, "call_key": f"{key.actor}:{call}"})
            if result.outcome is not PayeeOutcome.OK:
                await self._keys.refused(key.id, f"payee:{call}")
        return _answer(asked.reference_id, result)

    async def _found(self, ids: Sequence[str]) -> dict[str, str]:
        """Person ids of what was asked by id or number; who is not known is left out, or known to nobody later."""
        numbers = {one: number for one in ids if (number := normal_msisdn(one))}
        people = {one.msisdn: one.id for one in await self._people.by_msisdns(set(numbers.values()))} if numbers else {}
        by_number = {one: people[number] for one, number in numbers.items() if number in people}
        return {one: one for one in ids if one.startswith("per_")} | by_number


def _resolved(asked: str, account: PayeeAccount | None) -> ResolvedPayee:
    if account is None:
        return ResolvedPayee(
            id=asked, person_id="", status_reason_code="succ.id.not_found", account="", waits_until=None
        )
    code: Resolution = "succ.fa.active" if account.iban else "succ.fa.not_found"
    return ResolvedPayee(
        id=asked,
        person_id=account.person_id,
        status_reason_code="succ.fa.inactive" if account.cool_until else code,
        account=account.masked,
        waits_until=account.cool_until,
    )


def _answer(reference_id: str, result: PayeeResult) -> web.Response:
    code, account = G2P_CODES[result.outcome], result.account
    succeeded = code == "succ"
    answer = LinkAnswer(
        reference_id=reference_id,
        status="succ" if succeeded else "rjct",
        status_reason_code="" if succeeded else code,
        message=MESSAGES[result.outcome],
        account=account.masked if account else "",
        waits_until=account.cool_until if account else None,
    )
    return given(answer, 200 if succeeded else 409)
