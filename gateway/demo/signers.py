"""Enrols the phones of the demo's signatories, as staff would: asked for, signed in the lab, agreed to by finance.

The simulators must run already: the certificates are on their SIMs.
"""

import asyncio
from collections.abc import Mapping

import aiohttp

from gateway.app import House, built
from gateway.demo.seed import DemoStaff, Facts
from gateway.demo.signatures import AP_ID
from gateway.services.approvals import StaffRef
from gateway.services.signing import SIGNER_ENROLMENT_KIND, EnrolOutcome
from gateway.services.staff import Role, StaffMember
from gateway.settings import Settings
from wallet.clock import SystemClock

WAIT_S = 20


async def enrol(settings: Settings, facts: Facts) -> None:
    """Enrol whoever of the demo may sign and has not been enrolled; a house with a service of its own is left alone."""
    if settings.mssp_ap_id != AP_ID:
        return
    timeout = aiohttp.ClientTimeout(total=WAIT_S)
    async with built(settings, SystemClock()) as house, aiohttp.ClientSession(timeout=timeout) as lab:
        members = {member.username: member for member in await house.staff.members()}
        for account in facts.staff:
            member = members.get(account.username)
            if account.msisdn and member and Role.SIGNATORY in member.roles:
                await _enrol(house, lab, account, members)


async def _enrol(
    house: House, lab: aiohttp.ClientSession, account: DemoStaff, members: Mapping[str, StaffMember]
) -> None:
    owner, signers = members[account.username], house.signing.signers
    if await signers.by_staff(owner.id) is not None:
        return
    started = await signers.enrol(owner.id, account.msisdn, members["admin"].id)
    if started.outcome is not EnrolOutcome.ASKED:
        return
    for row in await house.signing.phones.claim(10):
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(house.signing.phones.ask(row))
            tasks.create_task(_type_pin(lab, house.settings.lab_port, account, asked))
    finance = members["finance"]
    for approval in await house.approvals.list_pending(limit=100, kind=SIGNER_ENROLMENT_KIND):
        await house.approvals.approve(approval.id, StaffRef(finance.id, frozenset(finance.roles)))


async def _type_pin(lab: aiohttp.ClientSession, port: int, account: DemoStaff, asked: "asyncio.Task[None]") -> None:
    """Type the PIN on the lab's phone until the request is over: a phone that shows nothing takes no notice of it."""
    here = f"http://127.0.0.1:{port}"
    while not asked.done():
        url = f"{here}/signers/{account.msisdn.removeprefix('+')}/pin"
        async with lab.post(url, data={"pin": account.sign_pin}, headers={"Origin": here}) as answer:
            answer.raise_for_status()
        await asyncio.wait([asked], timeout=0.2)


__all__ = ["enrol"]
